"""Columns of numbers that a model reads as they are."""

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch
from gtx.nn.parts.columns import read_column
from gtx.ops.masks import clean
from gtx.typing import Dtype, Level


class IdentityEncoder(nn.Module):
    """A column of numbers as it is: the first layer of the model then maps it to its own width.

    Layers that add their result to their input need an input of their own width, and refuse this.

    Attributes:
      column: name of the column, numbers [rows] or [rows, feat].
      dim: not read; the width of the result is that of the column.
      level: whose column it is.
      dtype: not read; the layer that reads the result converts it.
      param_dtype: of the result.
    """

    column: str
    dim: int
    level: Level = "node"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "rows feat"]:
        del train
        values, mask = read_column(batch, self.level, self.column)
        return clean(values.reshape(values.shape[0], -1).astype(self.param_dtype), mask)
