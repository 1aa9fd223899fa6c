"""The recurrence of Mamba: a linear system along a sequence whose matrices depend on the input."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.ops.arguments import check_floats
from gtx.ops.varying import vary_like


def selective_scan(
    x: Float[Array, "..."],
    step: Float[Array, "..."],
    decay: Float[Array, "..."],
    into: Float[Array, "..."],
    out: Float[Array, "..."],
) -> Float[Array, "rows length channels"]:
    """y_t = h_t out_t with h_t = exp(step_t decay) h_(t-1) + step_t x_t into_t, and h before 0.

    Gu and Dao (2024), Mamba, equation 2 with their discretisation: exact for the state, Euler's
    for the input. A place with step 0 leaves the state as it is. The state [rows, channels, states]
    is kept at about sqrt(length) places for the gradient, and computed again between them.

    Args:
      x: [rows, length, channels], the sequences.
      step: [rows, length, channels], how long a step is, not negative.
      decay: [channels, states], negative, the rates at which states fade.
      into: [rows, length, states], how the input enters the states of its channel.
      out: [rows, length, states], how they are read.

    Returns:
      [rows, length, channels] in the dtype of x, computed in at least float32.

    Raises:
      ValueError: the shapes do not fit each other.
    """
    given = dict(x=x, step=step, decay=decay, into=into, out=out)
    for name, values in given.items():
        check_floats(values, name, "[channels, states]" if name == "decay" else "[rows, length, _]")
    of_states = (*x.shape[:2], *decay.shape[1:])
    fits = x.ndim == 3 and x.shape == step.shape and decay.shape[:1] == x.shape[2:]
    if not fits or any(one.shape != of_states for one in (into, out)):
        shapes = ", ".join(f"{name} {list(one.shape)}" for name, one in given.items())
        raise ValueError(
            f"The shapes do not fit: {shapes}. Give x and step [rows, length, channels], decay "
            "[channels, states], into and out [rows, length, states]."
        )
    (rows, length, channels), states = x.shape, decay.shape[1]
    wide = jnp.promote_types(x.dtype, jnp.float32)
    decay = decay.astype(wide)
    chunk = max(1, math.isqrt(length))
    count = -(-length // chunk)

    def chunks(values):
        """[chunks, chunk, rows, ...], with zeros at the end."""
        values = jnp.moveaxis(values.astype(wide), 1, 0)
        padding = [(0, count * chunk - length), (0, 0), (0, 0)]
        return jnp.pad(values, padding).reshape(count, chunk, *values.shape[1:])

    def one(state, at):
        x, step, into, out = at
        change = jnp.exp(step[..., None] * decay)
        state = change * state + (step * x)[..., None] * into[:, None, :]
        return state, jnp.einsum("rcs,rs->rc", state, out)

    @jax.checkpoint
    def several(state, at):
        return jax.lax.scan(one, state, at)

    parts = tuple(map(chunks, (x, step, into, out)))
    start = vary_like(jnp.zeros((rows, channels, states), wide), (parts, decay))
    _, y = jax.lax.scan(several, start, parts)
    y = y.reshape(count * chunk, rows, channels)[:length]
    return jnp.moveaxis(y, 0, 1).astype(x.dtype)
