"""Embeddings of columns of categories."""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gtx.batch import Batch
from gtx.nn.parts.columns import read_column
from gtx.nn.parts.initializers import standard_normal, uniform
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer, Level


class CategoricalEncoder(nn.Module):
    """The sum of one embedding for each categorical feature of a column.

    All features share one table, in which feature c starts at row `sum(sizes[:c])`.

    Attributes:
      column: name of the column, integers [rows] or [rows, len(sizes)].
      sizes: number of categories of each feature.
      dim: width of the result.
      level: whose column it is.
      dtype: of the result; None for that of the table.
      use_bias: add a learned vector to every row. One feature is then a linear map of its one-hot
        vector, as GraphGPS reads the nodes of PATTERN and CLUSTER. Initial values are PyTorch's,
        uniform within 1/sqrt(categories).
      embedding_init: of each feature's part `[size, dim]` of the table; PyTorch's N(0, 1).
        GraphGPS draws OGB's atoms and bonds by `initializers.xavier_uniform`.
    """

    column: str
    sizes: tuple[int, ...]
    dim: int
    level: Level = "node"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    embedding_init: Initializer = standard_normal
    use_bias: bool = False

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "rows dim"]:
        del train
        values, mask = read_column(batch, self.level, self.column)
        values = values.reshape(values.shape[0], -1)
        if values.shape[1] != len(self.sizes):
            raise ValueError(
                f"Column {self.column!r} has {values.shape[1]} features, but sizes has "
                f"{len(self.sizes)}."
            )
        if not jnp.issubdtype(values.dtype, jnp.integer):
            raise TypeError(f"Column {self.column!r} is {values.dtype}; categories are integers.")

        def init(key, shape, dtype):
            keys = jax.random.split(key, len(self.sizes))
            parts = zip(keys, self.sizes, strict=True)
            return jnp.concatenate(
                [self.embedding_init(key, (size, self.dim), dtype) for key, size in parts]
            )

        table = self.param("embedding", init, (sum(self.sizes), self.dim), self.param_dtype)
        bias = None
        if self.use_bias:
            bias_init = uniform(1 / math.sqrt(sum(self.sizes)))
            bias = self.param("bias", bias_init, (self.dim,), self.param_dtype)
        table, bias = nn.dtypes.promote_dtype(table, bias, dtype=self.dtype)
        offsets = np.cumsum([0, *self.sizes[:-1]]).astype(np.int32)
        rows = clean(values + offsets, mask)
        embedded = table.at[rows].get(mode="clip").sum(1)
        if bias is not None:
            embedded = embedded + bias
        return clean(embedded, mask)
