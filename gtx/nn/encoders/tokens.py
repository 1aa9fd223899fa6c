"""Nodes and edges as tokens of one kind (TokenGT)."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features, check_is_batch
from gtx.nn.parts.columns import read_column
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import make
from gtx.nn.parts.initializers import normal
from gtx.nn.parts.norms import LayerNorm
from gtx.ops.masks import clean
from gtx.ops.segment import gather, segment_sum
from gtx.typing import Array, Dtype, Initializer, ModuleFactory


class TokenEmbed(nn.Module):
    """Features of tokens: the nodes of a graph, its edges, and tokens that stand for the graph.

    x_v + W [P_v, P_v] + t_1 for a node v,  e_uv + W [P_u, P_v] + t_0 for an edge from u to v, and
    g_s for token s of the graph, all normed and dropped.

    Kim et al. (2022), TokenGT, equations 2 to 4, with the norm of the authors' code. The tokens
    are nodes of the batch: those of `gtx.structures.EdgeTokens` are the edges, and those of
    `gtx.structures.VirtualNodes`, which come before them, the tokens of the graph. P are
    identifiers of the nodes. Their encoder has the width 2 dim: it maps the identifier of a node
    to what it adds to a token as first and as second node. (In the authors' code a self-loop has
    the type of a node.)

    Attributes:
      dim: width of the tokens.
      nodes: encoders of node columns; their sum is x.
      edges: encoders of edge columns; their sum is e.
      identifiers: encoders of identifiers, by column or encoding.
      num_graph_tokens: tokens that stand for the graph.
      dropout_rate: of the tokens.
      norm: factory of the norm, None for none.
      token_init: of t and g.
      edge_set: name of the edge set of `EdgeTokens`.
    """

    dim: int
    nodes: Mapping[str, ModuleFactory]
    edges: Mapping[str, ModuleFactory]
    identifiers: Mapping[str, ModuleFactory]
    num_graph_tokens: int
    dropout_rate: float = 0.0
    norm: ModuleFactory | None = LayerNorm
    token_init: Initializer = normal(0.02)
    edge_set: str = "edge_tokens"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

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
        kind = read_column(batch, "node", "kind")[0][:, 0]
        role = jnp.where(over.mask, over.columns["kind"][:, 0], -1)
        own = batch.node_mask & (kind == 0)
        is_edge = batch.node_mask & (kind == self.num_graph_tokens + 1)

        def at_tokens(values, where):
            options = dict(where=where, indices_are_sorted=over.are_sorted)
            return segment_sum(values, over.receivers, kind.shape[0], **options)

        graph = batch.graph._replace(
            senders=over.senders, receivers=over.receivers, edges=over.columns
        )
        inside = batch.replace(graph=graph, edge_mask=over.mask)
        x = clean(total(self.nodes, "node", self.dim, batch), own)
        x = x + at_tokens(total(self.edges, "edge", self.dim, inside), role == 0)
        first, second = jnp.split(total(self.identifiers, "node", 2 * self.dim, batch), 2, axis=1)
        x = x + clean(first + second, own)
        for number, ends in enumerate((first, second)):
            x = x + at_tokens(gather(ends, over.senders), role == number)
        x = x + self._learned(own, is_edge, kind).astype(x.dtype)
        if self.norm is not None:
            norm = make(self.norm, "norm", **types, name="norm")
            x = norm(x, batch.node_mask, train=train, axis_name=batch.axis_name)
        dropout = Dropout(self.dropout_rate, name="dropout")
        return Features(nodes=dropout(clean(x, batch.node_mask), batch.node_ids, train=train))

    def _learned(self, own: Array, is_edge: Array, kind: Array) -> Array:
        """The type of each node and edge, or the vector of a token of the graph."""
        kinds = self.param("types", self.token_init, (2, self.dim), self.param_dtype)
        tokens = self.num_graph_tokens
        graphs = self.param("graphs", self.token_init, (tokens, self.dim), self.param_dtype)
        of_graph = graphs[jnp.clip(kind - 1, 0, tokens - 1)]
        return jnp.where(own[:, None], kinds[1], jnp.where(is_edge[:, None], kinds[0], of_graph))
