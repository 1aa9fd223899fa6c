"""Activations by name."""

import jax

from gtx.typing import Activation

# "swiglu" is the SiLU of a gated feed-forward layer. The code that reads this name also sets
# `gated`.
ACTIVATIONS: dict[str, Activation] = {
    "elu": jax.nn.elu,
    "gelu": jax.nn.gelu,
    "relu": jax.nn.relu,
    "swiglu": jax.nn.silu,
}
