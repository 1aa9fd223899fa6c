"""Rows of length 1."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def unit_rows(x: Float[Array, "rows feat"]) -> Float[Array, "rows feat"]:
    """Each row divided by its length, a row of zeros as it is; in float32 at least."""
    wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
    # The limit is inside the root, so that a row of zeros has the gradient 0 there.
    length = jnp.sqrt(jnp.maximum(jnp.square(wide).sum(-1, keepdims=True), 1e-24))
    return (wide / length).astype(x.dtype)
