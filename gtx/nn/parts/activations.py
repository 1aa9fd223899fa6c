"""Activations by name."""

import math

import jax
import jax.numpy as jnp

from gtx.typing import Activation


@jax.custom_jvp
def gelu_exact(x: jax.Array) -> jax.Array:
    """PyTorch's GELU, x Phi(x). That of jax is its approximation by tanh by default.

    The derivative Phi(x) + x phi(x) is written down, because jax 0.12 cannot differentiate the
    error function inside of `jax.shard_map`.
    """
    return jax.nn.gelu(x, approximate=False)


@gelu_exact.defjvp
def _(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
    (x,), (change,) = primals, tangents
    normal = jax.lax.erfc(-x * math.sqrt(0.5)) / 2
    slope = normal + x * jnp.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    return gelu_exact(x), change * slope


ACTIVATIONS: dict[str, Activation] = {
    "elu": jax.nn.elu,
    "gelu": jax.nn.gelu,
    "gelu_exact": gelu_exact,
    "relu": jax.nn.relu,
    "silu": jax.nn.silu,
}
