"""A DeepSet over eigenvectors and eigenvalues."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch
from gtx.nn.encoders.spectrum import drawn_spectrum, vectors_and_values
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer, Level


class LaplacianEncoder(nn.Module):
    """A DeepSet over the frequencies of a graph: GraphGPS's LapPE.

    p_i = sum_f MLP([v_f(i), lambda_f]) over the frequencies f that the graph has, with a ReLU
    after every linear map. While training, each eigenvector gets a random sign, drawn per
    graph and frequency.

    It differs from GraphGPS in two ways. GraphGPS draws one sign per frequency for the whole
    batch. It also has two options, both off by default, which are left out here. `raw_norm_type`
    is a BatchNorm of the pairs [v_f, lambda_f], with one mean and one variance over both for each
    frequency; missing frequencies of a graph count as zeros in it. `post_layers` is an MLP of the
    sum.

    Attributes:
      column: the encoding's name.
      dim: width of the result.
      num_layers: linear maps; the inner ones have width `2 * dim`.
      level: "node".
      random_signs: draw signs while training (rng stream "dropout").
      random_bases: draw bases for repeated eigenvalues while training, likewise.
    """

    column: str
    dim: int
    num_layers: int = 2
    level: Level = "node"
    random_signs: bool = True
    random_bases: bool = False
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
        x = vectors_and_values(spectrum, batch)
        for layer in range(self.num_layers):
            last = layer == self.num_layers - 1
            x = Linear(
                self.dim if last else 2 * self.dim,
                dtype=self.dtype,
                param_dtype=self.param_dtype,
                kernel_init=self.kernel_init,
                bias_init=self.bias_init,
                name=f"linear_{layer}",
            )(x)
            x = jax.nn.relu(x)
        return clean(x, spectrum.mask).sum(1)
