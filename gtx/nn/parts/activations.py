"""Activations by name."""

import functools

import jax

from gtx.typing import Activation

# PyTorch's GELU. That of jax is its approximation by tanh unless it is told otherwise.
gelu_exact = functools.partial(jax.nn.gelu, approximate=False)

ACTIVATIONS: dict[str, Activation] = {
    "elu": jax.nn.elu,
    "gelu": jax.nn.gelu,
    "gelu_exact": gelu_exact,
    "relu": jax.nn.relu,
    "silu": jax.nn.silu,
}
