"""Distances of pairs, through Gaussian kernels."""

import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch
from gtx.nn.attention.call import pairs_of
from gtx.nn.parts.activations import gelu_exact
from gtx.nn.parts.columns import read_column
from gtx.nn.parts.factories import check_width
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.ops.attention.contract import as_edges
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer, Level

_EPSILON = 1e-2  # the least width of a kernel


class GaussianKernelEncoder(nn.Module):
    """f_ij = W2 gelu(W1 [phi_1(d_ij), ..., phi_K(d_ij)]) of the distance d of two nodes.

    phi_k(d) = exp(-(d - m_k)^2 / (2 s_k^2)) / (sqrt(2 pi) s_k), with m and s learned and s at least
    0.01: Schölkopf et al. (1997); the biases of Transformer-M (Luo et al., 2022) and GPS++ (Masters
    et al., 2022), whose start and bound of s these are. (GPS++ also multiplies by 0.1, which W1
    can learn. Transformer-M has a factor and a shift of d for each kind of edge.)

    The distance is that of coordinates of the nodes in space, or the number in a column of pairs:
    a resistance, or the class of `ShortestPathDistance`, whose last two classes then count as
    distances as well.

    Attributes:
      column: a pair column of one number or class; not read where there are `positions`.
      dim: width of the result; as bias of attention the number of heads.
      level: "pair".
      positions: a node column of coordinates, [nodes, axes]; None reads `column`.
      num_kernels: K, and the width of the hidden layer.
      start_init: of m and s; uniform between 0 and 1.5.
    """

    column: str
    dim: int
    level: Level = "pair"
    positions: str | None = None
    num_kernels: int = 128
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None
    start_init: Initializer = jax.nn.initializers.uniform(1.5)

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "pairs dim"]:
        del train
        if self.level != "pair":
            raise ValueError("GaussianKernelEncoder encodes pairs.")
        check_width(self.num_kernels, "num_kernels")
        options: dict[str, Any] = dict(
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
        )
        distance = self._distance(batch).astype(self.param_dtype)
        shape = (self.num_kernels,)
        means = self.param("means", self.start_init, shape, self.param_dtype)
        widths = self.param("widths", self.start_init, shape, self.param_dtype)
        widths = jnp.abs(widths) + _EPSILON
        phi = jnp.exp(-0.5 * ((distance - means) / widths) ** 2) / (math.sqrt(2 * math.pi) * widths)
        hidden = Linear(self.num_kernels, **options, name="hidden")(phi)
        out = Linear(self.dim, **options, name="output")(gelu_exact(hidden))
        return clean(out, batch.pair_mask)

    def _distance(self, batch: Batch) -> Array:
        """[pairs, 1], 0 in padding."""
        if self.positions is None:
            values, mask = read_column(batch, "pair", self.column)
            values = values.reshape(values.shape[0], -1)
            if values.shape[1] != 1:
                raise ValueError(
                    f"The pair column {self.column!r} has {values.shape[1]} numbers, and a "
                    "distance is one. Name a column of distances, or positions=... of the nodes."
                )
            return clean(values, mask)
        places, node_mask = read_column(batch, "node", self.positions)
        places = clean(places.astype(self.param_dtype), node_mask)
        ends = as_edges(pairs_of(batch))
        square = ((places[ends.receivers] - places[ends.senders]) ** 2).sum(-1, keepdims=True)
        apart = clean(square > 0, batch.pair_mask)  # the root has no derivative at 0
        return jnp.where(apart, jnp.sqrt(jnp.where(apart, square, 1)), 0)
