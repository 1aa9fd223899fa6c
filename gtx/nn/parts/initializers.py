"""The initial values of PyTorch's layers, with which published results were made.

They differ from flax's: the kernel of a linear layer is uniform and not normal, and its bias is not
zero. Published recipes were tuned with these values. Kernels are `[in, out]`, as in flax.
"""

import math

import jax

from gtx.typing import Array, Dtype, Initializer, Shape


def uniform(bound: float) -> Initializer:
    """U(-bound, bound)."""

    def init(key: Array, shape: Shape, dtype: Dtype) -> Array:
        return jax.random.uniform(key, shape, dtype, -bound, bound)

    return init


def normal(stddev: float) -> Initializer:
    """N(0, stddev**2), without truncation."""

    def init(key: Array, shape: Shape, dtype: Dtype) -> Array:
        return stddev * jax.random.normal(key, shape, dtype)

    return init


def fan_in_uniform(key: Array, shape: Shape, dtype: Dtype) -> Array:
    """U(-1/sqrt(fan_in), 1/sqrt(fan_in)) for a kernel `[fan_in, out]`.

    The default of `torch.nn.Linear`, which calls it kaiming_uniform with a = sqrt(5).
    """
    return uniform(1 / math.sqrt(shape[0]))(key, shape, dtype)


# `torch.nn.MultiheadAttention` draws query, key and value as one [dim, 3 dim] matrix; OGB's and
# GraphGPS's atom and bond encoders draw each [size, dim] table so.
xavier_uniform: Initializer = jax.nn.initializers.xavier_uniform()


def xavier_normal(key: Array, shape: Shape, dtype: Dtype) -> Array:
    """N(0, 2 / (fan_in + fan_out)), the full normal distribution: PyTorch's `xavier_normal_`.

    jax's `glorot_normal` truncates the distribution.
    """
    return normal(math.sqrt(2 / sum(shape)))(key, shape, dtype)


# `torch.nn.Embedding`; GraphGPS's node and edge types of ZINC.
standard_normal: Initializer = jax.nn.initializers.normal(1.0)


zeros: Initializer = jax.nn.initializers.zeros

ones: Initializer = jax.nn.initializers.ones


INITIALIZERS: dict[str, Initializer] = {
    "fan_in_uniform": fan_in_uniform,
    "ones": ones,
    "standard_normal": standard_normal,
    "xavier_normal": xavier_normal,
    "xavier_uniform": xavier_uniform,
    "zeros": zeros,
}
