"""Linear maps of columns of numbers."""

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch
from gtx.nn.parts.columns import read_column
from gtx.nn.parts.factories import make
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer, Level, ModuleFactory


class LinearEncoder(nn.Module):
    """A linear map of a column of floats, normalised first if `norm` is given.

    Attributes:
      column: name of the column, floats [rows] or [rows, feat].
      dim: width of the result.
      level: whose column it is.
      norm: factory of the norm of the raw column, None for none.
      use_bias: of the linear map.
      kernel_init: of the kernel.
      bias_init: of the bias; None is PyTorch's.
    """

    column: str
    dim: int
    level: Level = "node"
    norm: ModuleFactory | None = None
    use_bias: bool = True
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "rows dim"]:
        values, mask = read_column(batch, self.level, self.column)
        values = values.reshape(values.shape[0], -1).astype(self.param_dtype)
        values = clean(values, mask)
        options = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        if self.norm is not None:
            norm = make(self.norm, "norm", **options, name="norm")
            values = norm(values, mask, train=train, axis_name=batch.axis_name)
        linear = Linear(
            self.dim,
            self.use_bias,
            **options,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
            name="linear",
        )
        return clean(linear(values), mask)
