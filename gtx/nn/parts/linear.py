"""The linear map of every layer of gtx: flax's Dense with PyTorch's initial values."""

import math

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.nn.parts.factories import check_width
from gtx.nn.parts.initializers import fan_in_uniform, uniform
from gtx.ops.arguments import check_array
from gtx.typing import Dtype, Initializer


class Linear(nn.Module):
    """y = x W + b, in floats; integers and bools are converted.

    Attributes:
      features: width of y.
      use_bias: whether b exists.
      dtype: computation dtype; None takes the promotion of input and parameters.
      kernel_init: of W `[in, features]`.
      bias_init: of b; None is PyTorch's U(+-1/sqrt(in)), which needs the width of x.
    """

    features: int
    use_bias: bool = True
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, x: Float[Array, "*rows in"]) -> Float[Array, "*rows out"]:
        check_array(x, "The input of Linear", "[...]")
        if x.ndim == 0:
            raise ValueError("The input of Linear must have an axis of features, and has none.")
        check_width(self.features, "features of Linear")
        width = x.shape[-1]
        kernel = self.param("kernel", self.kernel_init, (width, self.features), self.param_dtype)
        bias = None
        if self.use_bias:
            init = self.bias_init or uniform(1 / math.sqrt(max(width, 1)))
            bias = self.param("bias", init, (self.features,), self.param_dtype)
        x, kernel, bias = nn.dtypes.promote_dtype(x, kernel, bias, dtype=self.dtype)
        y = x @ kernel
        return y if bias is None else y + bias
