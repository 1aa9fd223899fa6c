"""The stem of PPGT: what attention knows of a pair of nodes, made once before the first block."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch, require_layout
from gtx.nn.attention.call import pairs_of
from gtx.nn.encoders.edge_pairs import EdgePairEncoder
from gtx.nn.parts.activations import gelu_exact
from gtx.nn.parts.columns import read_column
from gtx.nn.parts.initializers import fan_in_uniform, normal, zeros
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import AdaRMSNorm
from gtx.ops import segment_count, split_slots, to_slots
from gtx.ops.attention.contract import as_edges
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer, Level, ModuleFactory


class PairStemEncoder(nn.Module):
    """Sinusoids and an MLP of a pair column, the features of edges, and residual MLPs on their sum.

    x_ij = [p_ij, r_i - r_j, 1 / n, 1 / d_j, 1 / d_i] with n the nodes of the graph and d the
    in-degrees, 0 for an isolated node; r, the places of the nodes, only where `positions` names
    them;   s_ij = [x, sin(2^l pi x), cos(2^l pi x) for l = 0, ..., L - 1]
    z = W2 gelu(W1 s) + e_ij;   z <- z + V2 gelu(V1 norm(z)), so many times;   norm(z)

    Ma et al. (2026), the stem of PPGT, with the sinusoids of NeRF. e_ij is what the encoders of
    edges make of the edges from j to i. The norms are `AdaRMSNorm`. The authors' code has these
    numbers in the same places.

    Attributes:
      column: the pair column p, numbers [pairs, feat].
      dim: width of the result.
      edges: encoders of edge columns; without any, e is 0.
      num_waves: L; 0 leaves the sinusoids out.
      hidden_dim: width of the MLP; None is `2 * dim`.
      num_layers: residual MLPs, of hidden width `2 * dim`.
      positions: a node column [nodes, feat] whose last `num_axes` numbers are r; None has no r.
      num_axes: of r.
      read_sizes: whether x has the three numbers of graph and nodes.
      level: "pair".
      kernel_init: of W1 and W2.
      layers_init: of the kernels of the residual MLPs, whose biases start at 0.
    """

    column: str
    dim: int
    edges: Mapping[str, ModuleFactory]
    num_waves: int = 3
    hidden_dim: int | None = None
    num_layers: int = 2
    positions: str | None = None
    num_axes: int = 2
    read_sizes: bool = True
    level: Level = "pair"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None
    layers_init: Initializer = normal(0.02)

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "pairs dim"]:
        if self.level != "pair":
            raise ValueError("PairStemEncoder encodes pairs.")
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        first: dict[str, Any] = dict(kernel_init=self.kernel_init, bias_init=self.bias_init)
        later: dict[str, Any] = dict(kernel_init=self.layers_init, bias_init=zeros)

        def mlp(x, width, name, inits):
            x = Linear(width, **types, **inits, name=f"{name}_hidden")(x)
            x = gelu_exact(x)
            return Linear(self.dim, **types, **inits, name=f"{name}_output")(x)

        def norm(x, name):
            return AdaRMSNorm(**types, name=f"norm_{name}")(x, mask, train=train)

        values, mask = read_column(batch, "pair", self.column)
        x = clean(values.reshape(values.shape[0], -1).astype(self.param_dtype), mask)
        if self.positions is not None:
            x = jnp.concatenate([x, clean(self._places(batch, x.dtype), mask)], axis=-1)
        if self.read_sizes:
            x = jnp.concatenate([x, clean(self._sizes(batch, x.dtype), mask)], axis=-1)
        angles = x[..., None] * jnp.pi * 2.0 ** jnp.arange(self.num_waves)
        waves = (
            [f(angles).reshape(len(x), -1) for f in (jnp.sin, jnp.cos)] if self.num_waves else []
        )
        width = 2 * self.dim if self.hidden_dim is None else self.hidden_dim
        z = mlp(jnp.concatenate([x, *waves], axis=-1), width, "stem", first)
        if self.edges:
            z = z + EdgePairEncoder(self.dim, self.edges, **types, name="edges")(batch, train=train)
        z = clean(z, mask)
        for layer in range(self.num_layers):
            z = z + mlp(norm(z, f"{layer}"), 2 * self.dim, f"layer_{layer}", later)
        return norm(z, "output")

    def _places(self, batch: Batch, dtype: Any) -> Array:
        """r_i - r_j: [pairs, axes]."""
        values, node_mask = read_column(batch, "node", str(self.positions))
        values = values.reshape(values.shape[0], -1)
        if not 0 < self.num_axes <= values.shape[1]:
            raise ValueError(
                f"num_axes: the node column {self.positions!r} has {values.shape[1]} numbers, and "
                f"num_axes is {self.num_axes}. Give a number from 1 to {values.shape[1]}."
            )
        places = clean(values[:, -self.num_axes :].astype(dtype), node_mask)
        ends = as_edges(pairs_of(batch))
        return places[ends.receivers] - places[ends.senders]

    def _sizes(self, batch: Batch, dtype: Any) -> Array:
        """1 / n, 1 / d_sender and 1 / d_receiver, 0 for 1 / 0: [pairs, 3]."""
        layout = require_layout(batch)
        graphs = batch.graph_mask.shape[0]
        count = segment_count(batch.node_graph, graphs, where=batch.node_mask)[batch.node_graph]
        degree = segment_count(
            batch.receivers, len(batch.node_mask), where=batch.edge_mask, indices_are_sorted=True
        )
        numbers = jnp.stack([count, degree], axis=1).astype(dtype)
        inverse = jnp.where(numbers > 0, 1 / jnp.maximum(numbers, 1), 0)
        inverse = clean(inverse, batch.node_mask)
        rows = []
        for part in split_slots(to_slots(inverse, layout), layout.tiers):
            shape = (*part.shape[:2], part.shape[1])
            receiver = jnp.broadcast_to(part[:, :, None], (*shape, 2))
            sender = jnp.broadcast_to(part[:, None], (*shape, 2))
            three = [receiver[..., :1], sender[..., 1:], receiver[..., 1:]]
            rows.append(jnp.concatenate(three, axis=-1).reshape(-1, 3))
        return jnp.concatenate(rows)
