"""Random directions that a layer keeps beside its parameters."""

import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch
from gtx.ops import orthogonal_projection
from gtx.ops.random_features import Norms
from gtx.ops.varying import vary_together


def kept_projection(
    module: nn.Module,
    batch: Batch,
    *,
    num_features: int | None,
    width: int,
    norms: Norms,
    redraw_every: int,
    train: bool,
) -> Any:
    """The directions of a layer, [features, width], which have no gradient.

    They stand in the collection "batch_stats" as `projection`, so that a checkpoint has them. They
    are drawn when the variables are, and anew every `redraw_every` updates in training, by the rng
    stream "dropout", if that is not 0.

    Args:
      module: the layer, whose compact method calls it.
      batch: with the number of the update.
      num_features: how many; None is width * log(width), as in the codes of Performers.
      width: of a head.
      norms: as for `orthogonal_projection`.
      redraw_every: updates.
      train: whether they may be drawn anew.
    """
    count = max(1, int(width * math.log(width))) if num_features is None else num_features

    def draw(stream):
        return orthogonal_projection(module.make_rng(stream), count, width, norms=norms)

    stored = module.variable("batch_stats", "projection", draw, "params")
    if train and redraw_every and batch.step is not None:
        again = (batch.step > 0) & (batch.step % redraw_every == 0)
        old = stored.value
        new, old = vary_together(draw("dropout").astype(old.dtype), old)
        stored.value = jnp.where(again, new, old)
    return jax.lax.stop_gradient(stored.value)
