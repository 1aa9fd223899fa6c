"""A linear map of eigenvectors."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch
from gtx.nn.encoders.spectrum import drawn_spectrum
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer, Level


class LaplacianLinearEncoder(nn.Module):
    """p_i = W [v_1(i), ..., v_k(i)] + b: Dwivedi and Bresson (2020), section 3.1.

    The eigenvalues are not read. Signs are drawn per graph; the authors' code draws them per
    batch.

    Attributes:
      column: the encoding's name.
      dim: width of the result.
      level: "node".
      random_signs: draw signs while training (rng stream "dropout").
      random_bases: draw bases for repeated eigenvalues while training, likewise.
      use_bias: whether there is b.
      kernel_init: of W.
      bias_init: of b; None is PyTorch's.
    """

    column: str
    dim: int
    level: Level = "node"
    random_signs: bool = True
    random_bases: bool = False
    use_bias: bool = True
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @staticmethod
    def needs_layout(settings: Mapping[str, Any]) -> bool:
        """Whether batches need a layout: bases are drawn where each graph is a matrix."""
        return bool(settings.get("random_bases", False))

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "nodes dim"]:
        spectrum = drawn_spectrum(self, batch, train)
        linear = Linear(
            self.dim,
            self.use_bias,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
            name="linear",
        )
        return clean(linear(spectrum.vectors), batch.node_mask)
