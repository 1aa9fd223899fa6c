"""Activations by name."""

import jax

from gtx.typing import Activation

# "swiglu" is the SiLU of a gated feed-forward layer, so that who reads the name sets `gated` too.
ACTIVATIONS: dict[str, Activation] = {
    "gelu": jax.nn.gelu,
    "relu": jax.nn.relu,
    "swiglu": jax.nn.silu,
}
