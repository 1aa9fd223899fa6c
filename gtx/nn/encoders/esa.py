"""The edges of a graph as tokens, without its nodes (ESA)."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, check_is_batch, require_layout
from gtx.nn.parts.factories import make
from gtx.nn.parts.initializers import fan_in_uniform, uniform
from gtx.nn.parts.linear import Linear
from gtx.ops import edge_pairs, segment_count, segment_sum, split_pairs
from gtx.ops.masks import clean
from gtx.ops.segment import gather
from gtx.typing import Dtype, Initializer, ModuleFactory


class ESAEmbed(nn.Module):
    """W mish(A x_s + B x_r + C e + b) for each edge from s to r, and which edges share a node.

    Buterez et al. (2025): the two-layer MLP of their code reads the columns of both ends and of the
    edge side by side, which is the sum of a map of each. A, B and C are here the encoders of the
    columns. The tokens are the nodes that `gtx.structures.EdgeTokens` adds, one for each edge; the
    graph's own nodes have features of 0.

    The result holds `extra["esa"]`: "input", these features [nodes, dim]; "tokens", which nodes are
    tokens [nodes]; and "pairs", int8 [pairs], 1 where both nodes are tokens, 2 where they also
    share a node and are not the same, else 0. It is computed once for all blocks, in time n^3 of a
    graph with n nodes and tokens.

    Attributes:
      dim: width of the tokens.
      nodes: encoders of node columns.
      edges: encoders of edge columns.
      hidden_dim: width inside the MLP.
      kernel_init: of W.
      edge_set: name of the edge set of `EdgeTokens`.
    """

    dim: int
    nodes: Mapping[str, ModuleFactory]
    edges: Mapping[str, ModuleFactory]
    hidden_dim: int = 128
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None
    edge_set: str = "edge_tokens"

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Features:
        check_is_batch(batch)
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)

        def total(factories, level, dim, batch):
            made = [
                make(factory, column, column=column, level=level, dim=dim, **types, name=name)
                for column, factory in sorted(factories.items())
                for name in [f"{level}_{column}"]
            ]
            return sum(one(batch, train=train) for one in made)

        over = batch.edges_over((self.edge_set,))
        size = len(batch.node_mask)
        role = jnp.where(over.mask, over.columns["kind"][:, 0], -1)
        graph = batch.graph._replace(
            senders=over.senders, receivers=over.receivers, edges=over.columns
        )
        inside = batch.replace(graph=graph, edge_mask=over.mask)
        ends = jnp.split(total(self.nodes, "node", 2 * self.hidden_dim, batch), 2, axis=1)
        values = [gather(end, over.senders) for end in ends]
        x = jnp.where(role[:, None] == 0, values[0], values[1])
        if self.edges:
            edges = total(self.edges, "edge", self.hidden_dim, inside)
            x = x + jnp.where(role[:, None] == 0, edges, 0)
        into = dict(where=over.mask, indices_are_sorted=over.are_sorted)
        x = segment_sum(x, over.receivers, size, **into)
        tokens = (segment_count(over.receivers, size, **into) > 0) & batch.node_mask
        start = self.bias_init or uniform(self.hidden_dim**-0.5)
        bias = self.param("bias", start, (self.hidden_dim,), self.param_dtype)
        linear = Linear(
            self.dim, **types, kernel_init=self.kernel_init, bias_init=self.bias_init, name="output"
        )
        x = clean(linear(jax.nn.mish(x + bias.astype(x.dtype))), tokens)
        pairs = self._pairs(over, batch)
        return Features(nodes=x, extra={"esa": dict(input=x, tokens=tokens, pairs=pairs)})

    def _pairs(self, over: Any, batch: Batch) -> Any:
        """1 for two tokens, 2 if they also share a node and differ: [pairs]."""
        layout = require_layout(batch)
        places = jnp.asarray(edge_pairs(over.senders, over.receivers, layout))
        touches = segment_count(places, layout.num_pairs, where=over.mask) > 0
        rows = []
        for part in split_pairs(touches.astype(jnp.float32), layout.tiers):
            both = jnp.einsum("gtv,guv->gtu", part, part) > 0
            token = part.max(axis=2) > 0
            known = token[:, :, None] & token[:, None]
            shared = both & ~jnp.eye(part.shape[1], dtype=bool)
            rows.append((known.astype(jnp.int8) + shared.astype(jnp.int8)).reshape(-1))
        return jnp.concatenate(rows)
