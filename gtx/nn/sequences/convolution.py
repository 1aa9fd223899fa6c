"""Convolution along a sequence, each channel by itself, and a layer of it."""

import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from gtx.nn.parts.factories import check_width
from gtx.nn.parts.initializers import fan_in_uniform, uniform
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import BatchNorm
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer


class ChannelConvolution(nn.Module):
    """y_t = b + sum_k w_k x_(t + k - before), channel by channel; x is 0 beyond its ends.

    Attributes:
      kernel_size: how many w.
      before: how many of them are for places before t; `kernel_size - 1` is causal.
    """

    kernel_size: int
    before: int
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, x: Float[Array, "rows length dim"]) -> Float[Array, "rows length dim"]:
        check_width(self.kernel_size, "kernel_size")
        dim, length = x.shape[-1], x.shape[1]
        bias_init = self.bias_init or uniform(1 / math.sqrt(self.kernel_size))
        kernel = self.param("kernel", self.kernel_init, (self.kernel_size, dim), self.param_dtype)
        bias = self.param("bias", bias_init, (dim,), self.param_dtype)
        x, kernel, bias = nn.dtypes.promote_dtype(x, kernel, bias, dtype=self.dtype)
        after = self.kernel_size - 1 - self.before
        x = jnp.pad(x, [(0, 0), (self.before, after), (0, 0)])
        return bias + sum(x[:, k : k + length] * kernel[k] for k in range(self.kernel_size))


class SequenceConvolution(nn.Module):
    """y = relu(W relu(norm(convolution(x)))), the convolution channel by channel and centred.

    The layer "conv" of NeuralWalker (Chen et al., 2025), by its code.

    Attributes:
      dim: width of the sequences.
      kernel_size: places that a result sees, an odd number.
    """

    dim: int
    kernel_size: int = 9
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "rows length dim"],
        mask: Bool[Array, "rows length"],
        *,
        train: bool,
        axis_name: str | None = None,
    ) -> Float[Array, "rows length dim"]:
        if self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd, got {self.kernel_size}.")
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        inits: dict[str, Any] = dict(kernel_init=self.kernel_init, bias_init=self.bias_init)
        convolution = ChannelConvolution(
            self.kernel_size, self.kernel_size // 2, **types, **inits, name="convolution"
        )
        x = convolution(clean(x, mask)).reshape(-1, self.dim)
        norm = BatchNorm(**types, name="norm")
        x = jax.nn.relu(norm(x, mask.reshape(-1), train=train, axis_name=axis_name))
        x = Linear(self.dim, **types, **inits, name="output")(x)
        return jax.nn.relu(x).reshape(*mask.shape, self.dim)
