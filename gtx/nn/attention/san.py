"""Attention to all nodes of a graph in which edges and other pairs have maps of their own."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool

from gtx.batch import Batch, EdgeSet, Features, mask_features, require_layout
from gtx.nn.attention.call import edges_of, pairs_of
from gtx.nn.parts.factories import check_heads
from gtx.nn.parts.initializers import fan_in_uniform, standard_normal
from gtx.nn.parts.linear import Linear
from gtx.ops import Clamped, Multiplied, attention, edge_pairs
from gtx.typing import Dtype, Initializer

# The name of the features of the pairs without an edge in `Features.extra`.
COMPLEMENT = "complement"


class SANAttention(nn.Module):
    """Attention along edges and, with a small weight, to all nodes without one; no residual.

    s_ij = clamp(sum_d (Q x_i)_d (K x_j)_d (E e_ij)_d / sqrt(head width))    for an edge
    s_ij = clamp(sum_d (Q2 x_i)_d (K2 x_j)_d (E2 c)_d / sqrt(head width))    for another pair
    x_i' = sum_j w_ij V x_j,   w_ij ~ a_ij exp(s_ij),   a_ij = 1 or gamma

    Kreuzer et al. (2021), section 3.3. Their equation 3 has a softmax over the edges and one over
    the other pairs, weighted by 1 / (1 + gamma) and gamma / (1 + gamma). Their code, which this is,
    has one sum of the weighted exponentials of both. The clamp is in the code alone. It adds 1e-6
    to the sum of the exponentials; here the weights sum to 1. The other pairs are pairs of
    different nodes, so that a node without an edge to itself does not attend to itself.

    The vector c is the stream "complement" in `Features.extra`, [1, dim], which all layers share
    and `ComplementEmbed` makes. Without the stream, the layer has a vector of its own.

    It attends along the edges and over all pairs apart, and merges the two by their log-sum-exps:
    the pairs without an edge need no features of pairs, as c is the same for all of them.

    Attributes:
      dim: width of the result; a multiple of `num_heads`.
      num_heads: heads of width `dim / num_heads`.
      gamma: the weight of a pair without an edge; above 0.
      limit: of the clamp.
      use_bias: of the seven maps.
      embedding_init: of the vector c, where the layer has its own.
      edges: names of the edge sets that are the edges; see `Batch.edges_over`.
    """

    dim: int
    num_heads: int = 8
    gamma: float = 1e-5
    limit: float = 5.0
    use_bias: bool = False
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None
    embedding_init: Initializer = standard_normal
    edges: tuple[str, ...] = ("graph",)

    @staticmethod
    def needs_layout(settings: Mapping[str, Any]) -> bool:
        """Whether batches need a layout: a node attends to all others of its graph."""
        del settings
        return True

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        del train
        check_heads(self.dim, self.num_heads)
        if not self.gamma > 0:
            raise ValueError(f"gamma must be above 0, got {self.gamma!r}. Attend along edges.")
        features = mask_features(features, batch)
        e = features.edges_over(self.edges)
        if e is None:
            raise ValueError("SAN needs features of edges; gtx.nn.ConstantEncoder makes some.")
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        shape = -1, self.num_heads, self.dim // self.num_heads

        def linear(values, parts, name):
            layer = Linear(
                parts * self.dim,
                self.use_bias,
                **types,
                kernel_init=self.kernel_init,
                bias_init=self.bias_init,
                name=name,
            )
            return [part.reshape(shape) for part in jnp.split(layer(values), parts, axis=-1)]

        x = features.nodes
        query, key, value = linear(x, 3, "query_key_value")
        entry = linear(e, 1, "edges")[0]
        near, of_edges = attention(
            query,
            key,
            value,
            edges_of(batch, self.edges),
            score=Multiplied(self.limit),
            entry=entry,
            return_lse=True,
        )
        other = features.extra.get(COMPLEMENT)
        if other is None:
            vector = self.param(COMPLEMENT, self.embedding_init, (1, self.dim), self.param_dtype)
            (other,) = nn.dtypes.promote_dtype(vector, dtype=self.dtype)
        query, key = linear(x, 2, "complement_query_key")
        # The product with a feature that all pairs share is one with the key.
        key = key * linear(jnp.asarray(other), 1, "complement_edges")[0]
        far, of_pairs = attention(
            query,
            key,
            value,
            pairs_of(batch, without_edge(batch, batch.edges_over(self.edges))),
            score=Clamped(self.limit),
            return_lse=True,
        )
        logits = jnp.stack([of_edges, of_pairs + jnp.log(self.gamma)])
        weights = jax.nn.softmax(logits, axis=0)[..., None]
        out = weights[0] * near + weights[1] * far
        return features.replace(nodes=out.astype(value.dtype).reshape(-1, self.dim))


def without_edge(batch: Batch, edges: EdgeSet) -> Bool[Array, " pairs"]:
    """The pairs of different nodes of a graph that no edge of the set joins."""
    layout = require_layout(batch)
    count = layout.num_pairs
    joined = edge_pairs(edges.senders, edges.receivers, layout)
    node = jnp.arange(layout.num_nodes, dtype=jnp.int32)
    itself = edge_pairs(node, node, layout)
    # Edges that are masked or of padding write behind the pairs.
    places = jnp.concatenate([jnp.where(edges.mask, joined, count), itself])
    return jnp.ones(count, bool).at[places].set(False, mode="drop")
