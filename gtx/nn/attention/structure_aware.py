"""Attention that compares the surroundings of nodes (Chen, O'Bray and Borgwardt, 2022)."""

from collections.abc import Mapping
from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.attention.call import attend, pairs_of
from gtx.nn.attention.subgraphs import on_subgraphs, sum_of_copies
from gtx.nn.parts.factories import check_heads, check_width, make
from gtx.nn.parts.initializers import fan_in_uniform, xavier_uniform
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import BatchNorm
from gtx.ops.masks import clean
from gtx.ops.segment import segment_count
from gtx.typing import Activation, Dtype, Initializer, ModuleFactory


class StructureAwareAttention(nn.Module):
    """Attention over all nodes, with query and key of what a GNN finds around a node.

    s = W norm([x, x_1, ..., x_k]),  x_l = activation(GNN_l(x_(l-1)))   "subtree"
    s = W norm([x, sum_u x_k,u]),    x_l likewise on each subgraph       "subgraph"
    query, key = Q s, K s;  value = V x;  x' = O attention(query, key, value) / sqrt(1 + d)

    SAT (Chen et al., 2022), equations 5 to 7, with its two extractors. The sum of the second is
    over the nodes u of the subgraph around the node, which `gtx.structures.Subgraphs` finds. The
    concatenation, its norm and W, and the factor of the degree d, are those of the authors' code; O
    alone has a bias. The degree is the number of real edges that a
    node receives; the code counts those that it sends, which is the same in undirected graphs.

    Attributes:
      dim: width of the nodes, and of the edges that the GNN reads.
      local: factory of each layer of the GNN; see `gtx.nn.local`. Its edges are those of the
        features in every layer.
      num_heads: heads of width `dim / num_heads`.
      num_hops: k, layers of the GNN.
      extractor: "subtree" or "subgraph".
      subgraphs: name of the edge set of subgraphs, which "subgraph" reads.
      activation: after each layer of the GNN.
      norm: factory of the norm, None for none.
      degree_scale: divide by sqrt(1 + d).
      dropout_rate: probability that a weight of the attention is dropped.
      implementation: of `gtx.ops.attention`.
      query_key_value_init: of the kernels `query_key` and `value`.
    """

    dim: int
    local: ModuleFactory
    num_heads: int = 8
    num_hops: int = 3
    extractor: Literal["subtree", "subgraph"] = "subtree"
    subgraphs: str = "subgraphs"
    activation: Activation = jax.nn.relu
    norm: ModuleFactory | None = BatchNorm
    degree_scale: bool = True
    dropout_rate: float = 0.0
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    query_key_value_init: Initializer = xavier_uniform
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @staticmethod
    def needs_layout(settings: Mapping[str, Any]) -> bool:
        """Whether batches need a layout: a node attends to all others."""
        return True

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        check_heads(self.dim, self.num_heads)
        check_width(self.num_hops, "num_hops")
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        inits: dict[str, Any] = dict(kernel_init=self.kernel_init, bias_init=self.bias_init)
        features = mask_features(features, batch)

        def heads(x, parts, name):
            kernel = Linear(
                parts * self.dim,
                use_bias=False,
                **types,
                kernel_init=self.query_key_value_init,
                name=name,
            )
            parted = jnp.split(kernel(x), parts, axis=-1)
            return [one.reshape(-1, self.num_heads, self.dim // self.num_heads) for one in parted]

        if self.extractor not in ("subtree", "subgraph"):
            raise ValueError(f"extractor must be 'subtree' or 'subgraph', got {self.extractor!r}.")
        inner, at = features, batch
        if self.extractor == "subgraph":
            inner, at = on_subgraphs(features, batch, self.subgraphs)
        found = [features.nodes]
        for hop in range(self.num_hops):
            local = make(self.local, "local", dim=self.dim, **types, name=f"local_{hop}")
            x = self.activation(local(inner, at, train=train).nodes)
            inner = inner.replace(nodes=x)
            found.append(x)
        if self.extractor == "subgraph":
            found = [features.nodes, sum_of_copies(found[-1], at)]
        s = jnp.concatenate(found, axis=-1)
        if self.norm is not None:
            norm = make(self.norm, "norm", **types, name="norm")
            s = norm(s, batch.node_mask, train=train, axis_name=batch.axis_name)
        s = Linear(self.dim, **types, **inits, name="structure")(clean(s, batch.node_mask))
        query, key = heads(s, 2, "query_key")
        (value,) = heads(features.nodes, 1, "value")
        x = attend(self, query, key, value, pairs_of(batch), train=train)
        x = Linear(self.dim, **types, **inits, name="output")(x.reshape(-1, self.dim))
        if self.degree_scale:
            degree = segment_count(batch.receivers, x.shape[0], where=batch.edge_mask)
            x = x * jax.lax.rsqrt(1 + degree.astype(x.dtype))[:, None]
        return features.replace(nodes=x)
