"""Multi-layer perceptrons of columns of numbers."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch
from gtx.nn.parts.columns import read_column
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.ops.masks import clean
from gtx.typing import Activation, Dtype, Initializer, Level


class MLPEncoder(nn.Module):
    """W2 activation(W1 x + b1) + b2 of a column of numbers.

    Attributes:
      column: name of the column, floats [rows] or [rows, feat].
      dim: width of the result.
      level: whose column it is.
      hidden_dim: width between the maps; None is `2 * dim`.
      activation: between the maps.
    """

    column: str
    dim: int
    level: Level = "node"
    hidden_dim: int | None = None
    activation: Activation = jax.nn.relu
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "rows dim"]:
        del train
        options: dict[str, Any] = dict(
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
        )
        values, mask = read_column(batch, self.level, self.column)
        values = values.reshape(values.shape[0], -1).astype(self.param_dtype)
        width = 2 * self.dim if self.hidden_dim is None else self.hidden_dim
        x = self.activation(Linear(width, **options, name="hidden")(clean(values, mask)))
        return clean(Linear(self.dim, **options, name="output")(x), mask)
