"""Attention whose weight is 1 plus a product of normalised vectors, linear in the nodes."""

from typing import Literal

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.factories import check_width
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.ops import gather, linear_sums, normalized_sum, segment_count, segment_sum
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer

Normalization = Literal["graph", "rows"]


class SGFormerAttention(nn.Module):
    """The attention of SGFormer and of DIFFormer-s, to all nodes of a graph; no residual.

    SGFormer, Wu et al. (2023), equations 3 and 4, with "itself", n nodes in the graph:
      x_i' = (n v_i + sum_j (q_i . k_j) v_j) / (n + sum_j q_i . k_j)
    DIFFormer-s, Wu et al. (2023), equation 12 in their code's form, with "all":
      x_i' = sum_j (1 + q_i . k_j) v_j / sum_j (1 + q_i . k_j)

    Queries and keys are normalised. Both papers and codes divide them by the norm of the whole
    matrix of a graph ("graph"), so that the products are small in large graphs. PyG's
    SGFormerAttention divides each row of each head by its own length ("rows"). The heads are
    averaged. In PyG n counts padding too; here it does not.

    Attributes:
      dim: width of the result and of each head.
      num_heads: heads.
      adds: what is added to the products: n times the node "itself", or 1 to "all" nodes.
      normalization: of queries and keys, "graph" or "rows".
      use_value: whether v = V x; v = x without.
      edges: names of edge sets along which DIFFormer adds sum_j v_j / sqrt(d_i d_j), an edge from
        each node to itself included; () for none.
      graph_weight: w in (1 - w) attention + w sum; None adds the two.
      use_bias: of the maps. PyG has none.
    """

    dim: int
    num_heads: int = 1
    adds: Literal["itself", "all"] = "itself"
    normalization: Normalization = "graph"
    use_value: bool = True
    edges: tuple[str, ...] = ()
    graph_weight: float | None = None
    use_bias: bool = True
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        del train
        check_width(self.num_heads, "num_heads")
        features = mask_features(features, batch)
        where, graph = batch.node_mask, batch.node_graph
        count = batch.graph_mask.shape[0]

        def project(name):
            layer = Linear(
                self.num_heads * self.dim,
                self.use_bias,
                dtype=self.dtype,
                param_dtype=self.param_dtype,
                kernel_init=self.kernel_init,
                bias_init=self.bias_init,
                name=name,
            )
            return layer(features.nodes).reshape(-1, self.num_heads, self.dim)

        def normalized(values):
            values = values.astype(jnp.promote_types(values.dtype, jnp.float32))
            square = jnp.sum(values**2, axis=-1, keepdims=True)
            if self.normalization == "graph":
                square = segment_sum(square.sum(axis=1), graph, count, where=where)
                square = gather(square, graph)[:, None]
            elif self.normalization != "rows":
                raise ValueError(f"normalization: 'graph' or 'rows', not {self.normalization!r}.")
            some = where[:, None, None] & (square > 0)
            return values / jnp.sqrt(jnp.where(some, square, 1))

        query, key = normalized(project("query")), normalized(project("key"))
        value = project("value") if self.use_value else self._as_heads(features.nodes)
        nodes = gather(segment_count(graph, count, where=where), graph)[:, None, None]
        if self.adds == "all":
            one = jnp.ones_like(query[..., :1])
            query, key = (jnp.concatenate([values, one], -1) for values in (query, key))
        elif self.adds != "itself":
            raise ValueError(f"adds: 'itself' or 'all', not {self.adds!r}.")
        total, weight = linear_sums(query, key, value, graph, count, where=where)
        weight = weight[..., None]
        if self.adds == "itself":
            total, weight = total + nodes * value, weight + nodes
        x = jnp.where(where[:, None, None], total / jnp.where(weight != 0, weight, 1), 0)
        if self.edges:
            over = batch.edges_over(self.edges)
            along = normalized_sum(
                clean(value, where), over.senders, over.receivers, where=over.mask
            )
            share = self.graph_weight
            x = x + along if share is None else (1 - share) * x + share * along
        return features.replace(nodes=x.mean(axis=1).astype(value.dtype))

    def _as_heads(self, nodes):
        if nodes.shape[-1] != self.dim:
            raise ValueError(f"use_value=False needs nodes of width {self.dim}: {nodes.shape}.")
        return jnp.repeat(nodes[:, None], self.num_heads, axis=1)
