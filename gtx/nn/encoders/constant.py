"""Features for rows that have none in the data."""

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch
from gtx.nn.parts.columns import level_mask
from gtx.nn.parts.initializers import standard_normal
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer, Level


class ConstantEncoder(nn.Module):
    """One learned vector for every row, where the data have no features (GraphGPS's DummyEdge).

    Attributes:
      column: a name only; no column is read.
      dim: width of the result.
      level: whose rows.
      dtype: of the result; None for that of the vector.
      embedding_init: of the vector.
    """

    dim: int
    column: str = ""
    level: Level = "node"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    embedding_init: Initializer = standard_normal

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "rows dim"]:
        del train
        mask = level_mask(batch, self.level)
        vector = self.param("embedding", self.embedding_init, (1, self.dim), self.param_dtype)
        (vector,) = nn.dtypes.promote_dtype(vector, dtype=self.dtype)
        return clean(vector, mask)
