"""An encoder and a linear map after it."""

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch
from gtx.nn.parts.columns import level_mask
from gtx.nn.parts.factories import make
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer, Level, ModuleFactory


class ProjectedEncoder(nn.Module):
    """W encoder(column) + b, where the encoder has a width of its own.

    Attributes:
      column: of the encoder.
      dim: width of the result.
      encoder: factory of the encoder.
      inner_dim: its width.
      level: of the column.
      kernel_init: of W.
      bias_init: of b; None is PyTorch's.
    """

    column: str
    dim: int
    encoder: ModuleFactory
    inner_dim: int
    level: Level = "node"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "rows dim"]:
        options = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        inner = make(
            self.encoder,
            "encoder",
            column=self.column,
            level=self.level,
            dim=self.inner_dim,
            **options,
            name="encoder",
        )(batch, train=train)
        linear = Linear(
            self.dim,
            **options,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
            name="projection",
        )
        return clean(linear(inner), level_mask(batch, self.level))
