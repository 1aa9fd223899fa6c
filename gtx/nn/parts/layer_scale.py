"""What multiplies a branch before it is added: a learned number, or one for each feature."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.nn.parts.initializers import zeros
from gtx.ops.arguments import check_floats
from gtx.typing import Dtype, Initializer


class LayerScale(nn.Module):
    """y = g * x, with a vector g that starts near 0: Touvron et al. (2021), equation 3.

    So a deep network starts near the identity and opens its branches while it learns.

    Attributes:
      dim: width of x.
      scale_init: of g `[dim]`; 1e-4 of the paper's networks with 24 layers.
    """

    dim: int
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    scale_init: Initializer = jax.nn.initializers.constant(1e-4)

    @nn.compact
    def __call__(self, x: Float[Array, "rows feat"], *, train: bool) -> Float[Array, "rows feat"]:
        del train
        check_floats(x, "The input of LayerScale", "[rows, feat]")
        scale = self.param("scale", self.scale_init, (self.dim,), self.param_dtype)
        x, scale = nn.dtypes.promote_dtype(x, scale, dtype=self.dtype)
        return x * scale


class ReZero(nn.Module):
    """y = a x, with a number a that starts at 0: Bachlechner et al. (2021), equation 1.

    Attributes:
      dim: width of x, on which nothing depends.
      scale_init: of a `[1]`.
    """

    dim: int
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    scale_init: Initializer = zeros

    @nn.compact
    def __call__(self, x: Float[Array, "rows feat"], *, train: bool) -> Float[Array, "rows feat"]:
        del train
        check_floats(x, "The input of ReZero", "[rows, feat]")
        scale = self.param("scale", self.scale_init, (1,), self.param_dtype)
        x, scale = nn.dtypes.promote_dtype(x, scale, dtype=self.dtype)
        return x * scale
