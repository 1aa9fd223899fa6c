"""Mamba: a state-space layer whose matrices depend on the input (Gu and Dao, 2024)."""

import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from gtx.nn.parts.factories import check_width
from gtx.nn.parts.initializers import fan_in_uniform, ones, uniform
from gtx.nn.parts.linear import Linear
from gtx.nn.sequences.convolution import ChannelConvolution
from gtx.ops import selective_scan
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer, Shape


def log_counts(key: Array, shape: Shape, dtype: Dtype) -> Array:
    """log(1), log(2), ... in each row: the logarithms of the rates of S4D-Real."""
    del key
    return jnp.broadcast_to(jnp.log(jnp.arange(1, shape[-1] + 1, dtype=dtype)), shape)


def inverse_softplus_of_steps(key: Array, shape: Shape, dtype: Dtype) -> Array:
    """Numbers whose softplus is log-uniform from 0.001 to 0.1, as steps of time begin."""
    low, high = math.log(0.001), math.log(0.1)
    step = jnp.exp(jax.random.uniform(key, shape, dtype, low, high))
    return step + jnp.log(-jnp.expm1(-step))


class Mamba(nn.Module):
    """The mean of Mamba's layer forward and of another backward, or the forward one alone.

    u, z = x W;  u = silu(convolution(u));  (d, B, C) = u V;  step = softplus(d S + s)
    y = (scan(u, step, -exp(A), B, C) + D u) * silu(z) O

    Gu and Dao (2024), sections 3.2 to 3.4, by the code of the package `mamba_ssm`; the rank of S is
    dim / 16, rounded up. The scan is `gtx.ops.selective_scan`. Two directions are NeuralWalker's
    (Chen et al., 2025). Weight decay acts on A and D, which the authors' code exempts.

    Attributes:
      dim: width of the sequences.
      state_dim: states of a channel.
      kernel_size: places that the convolution sees, all before or at its own.
      expansion: width of u, as a multiple of `dim`.
      bidirectional: whether there are two directions.
    """

    dim: int
    state_dim: int = 16
    kernel_size: int = 4
    expansion: int = 2
    bidirectional: bool = True
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "rows length dim"],
        mask: Bool[Array, "rows length"],
        *,
        train: bool,
        axis_name: str | None = None,
    ) -> Float[Array, "rows length dim"]:
        del train, axis_name
        for name in ("state_dim", "kernel_size", "expansion"):
            check_width(getattr(self, name), name)
        forward = self._layer("forward", x, mask)
        if not self.bidirectional:
            return forward
        backward = self._layer("backward", x[:, ::-1], mask[:, ::-1])[:, ::-1]
        return (forward + backward) / 2

    def _layer(self, name: str, x: Array, mask: Array) -> Array:
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        inits: dict[str, Any] = dict(kernel_init=self.kernel_init)
        width, rank = self.expansion * self.dim, -(-self.dim // 16)
        x = clean(x, mask)

        def linear(features, values, part):
            layer = Linear(features, False, **types, **inits, name=f"{name}_{part}")
            return layer(values)

        u, z = jnp.split(linear(2 * width, x, "input"), 2, axis=-1)
        convolution = ChannelConvolution(
            self.kernel_size,
            self.kernel_size - 1,
            **types,
            **inits,
            bias_init=self.bias_init,
            name=f"{name}_convolution",
        )
        u = jax.nn.silu(convolution(u))
        splits = (rank, rank + self.state_dim)
        low, into, out = jnp.split(
            linear(rank + 2 * self.state_dim, u, "selection"), splits, axis=-1
        )
        step = Linear(
            width,
            **types,
            kernel_init=uniform(rank**-0.5),
            bias_init=inverse_softplus_of_steps,
            name=f"{name}_step",
        )
        # A place that is not there takes no time, so that it leaves the state as it is.
        step = clean(jax.nn.softplus(step(low)), mask)
        shape = width, self.state_dim
        decay = self.param(f"{name}_log_decay", log_counts, shape, self.param_dtype)
        own = self.param(f"{name}_own", ones, (width,), self.param_dtype).astype(u.dtype)
        y = selective_scan(u, step, -jnp.exp(decay), into, out) + own * u
        return linear(self.dim, y * jax.nn.silu(z), "output")
