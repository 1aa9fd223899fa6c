"""A linear map of random identifiers, which are drawn anew while training."""

from collections.abc import Mapping
from typing import Any, Literal

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch, require_layout
from gtx.nn.encoders.spectrum import multiply
from gtx.nn.parts.columns import read_column
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.ops import noise
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer, Level

_REDRAWS = ("rotation", "normal", "none")


class RandomFeaturesEncoder(nn.Module):
    """p_i = W r_i + b of `gtx.encodings.RandomIdentifiers` or `OrthogonalRandomFeatures`.

    In training r_i is drawn for each graph and step, from the rng stream "dropout". Evaluation
    reads the column as it is, so that its results are the same each time.

    "rotation": r_i = Q x_i with one orthogonal matrix Q of Haar's distribution for each graph.
      Products of two rows stay as they are, so that orthogonal rows stay orthogonal.
    "normal": r_i is a row of N(0, 1), for each node its own. The column does not matter.
    "none": r_i = x_i.

    Attributes:
      column: the encoding's name.
      dim: width of the result.
      level: "node".
      redraw: "rotation", "normal" or "none".
      use_bias: of the linear map.
      kernel_init: of W.
      bias_init: of b; None is PyTorch's.
    """

    column: str
    dim: int
    level: Level = "node"
    redraw: Literal["rotation", "normal", "none"] = "rotation"
    use_bias: bool = True
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @staticmethod
    def needs_layout(settings: Mapping[str, Any]) -> bool:
        """Whether batches need a layout: rotations are products with each graph as a matrix."""
        return settings.get("redraw", "rotation") == "rotation"

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "nodes dim"]:
        if self.level != "node":
            raise ValueError("RandomFeaturesEncoder encodes nodes.")
        if self.redraw not in _REDRAWS:
            raise ValueError(f"redraw must be one of {_REDRAWS}, got {self.redraw!r}.")
        values, mask = read_column(batch, "node", self.column)
        values = clean(values, mask).astype(self.param_dtype)
        if train and self.redraw != "none":
            values = clean(self._drawn(values, batch), mask)
        linear = Linear(
            self.dim,
            self.use_bias,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
            name="linear",
        )
        return clean(linear(values), mask)

    def _drawn(self, values: Any, batch: Batch) -> Any:
        bits = noise.key_bits(self.make_rng("dropout"))
        columns = jnp.arange(values.shape[1], dtype=jnp.uint32)
        if self.redraw == "normal":
            return noise.normal(bits, batch.node_ids[:, None], columns).astype(values.dtype)
        drawn = noise.normal(bits, batch.graph_ids[:, None, None], columns[:, None], columns)
        rotation, triangle = jnp.linalg.qr(drawn)  # Haar with these signs: Stewart (1980)
        positive = jnp.diagonal(triangle, axis1=1, axis2=2)[:, None, :] >= 0
        rotation = jnp.where(positive, rotation, -rotation)
        return multiply(values, rotation.astype(values.dtype), require_layout(batch))
