"""Edges as tokens beside the nodes of a graph, and what a pair of tokens has in common (GDT)."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch, Features, require_layout
from gtx.nn.attention.call import pairs_of
from gtx.nn.parts.columns import check_module_names, module_name
from gtx.nn.parts.factories import make
from gtx.nn.parts.initializers import fan_in_uniform, standard_normal
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import LayerNorm
from gtx.ops import edge_pairs, segment_count, segment_sum
from gtx.ops.attention.contract import as_edges
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer, Level, ModuleFactory


class EmbedWithEdgeTokens(nn.Module):
    """Features of `embed`, but at the tokens of edges the sum of their columns; then a norm.

    The tokens of edges are the nodes that `gtx.structures.EdgeTokens` adds. What encoders of nodes
    make of the fill in their columns is left out there.

    Attributes:
      dim: width of the nodes.
      embed: factory of the embedding, which must not have a norm of its own.
      edges: encoders of the columns of edges.
      norm: factory of the norm of all nodes and tokens.
      edge_set: name of the edge set of `EdgeTokens`.
    """

    dim: int
    embed: ModuleFactory
    edges: Mapping[str, ModuleFactory]
    norm: ModuleFactory = LayerNorm
    edge_set: str = "edge_tokens"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Features:
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        features = make(self.embed, "embed", name="columns")(batch, train=train)
        over = batch.edges_over((self.edge_set,))
        graph = batch.graph._replace(
            senders=over.senders, receivers=over.receivers, edges=over.columns
        )
        inside = batch.replace(graph=graph, edge_mask=over.mask)
        check_module_names(("edge", column) for column in self.edges)
        encoders = [
            make(
                factory,
                f"edges[{column!r}]",
                column=column,
                level="edge",
                dim=self.dim,
                **types,
                name=module_name("edge", column),
            )
            for column, factory in sorted(self.edges.items())
        ]
        # Both entries of an edge hold its columns: one of them is enough.
        first = over.mask & (over.columns["kind"][:, 0] == 0)
        into: dict[str, Any] = dict(
            num_segments=len(batch.node_mask), indices_are_sorted=over.are_sorted
        )
        values = sum(encoder(inside, train=train) for encoder in encoders)
        tokens = segment_sum(values, over.receivers, where=first, **into)
        is_token = segment_count(over.receivers, where=first, **into) > 0
        nodes = jnp.where(is_token[:, None], tokens, features.nodes)
        norm = make(self.norm, "norm", **types, name="norm")
        nodes = norm(nodes, batch.node_mask, train=train, axis_name=batch.axis_name)
        return features.replace(nodes=nodes)


class EdgeTokenPairEncoder(nn.Module):
    """W t + b with a learned vector t for each way in which two tokens of a graph are related.

    A node counts as an edge from itself to itself. t_0: both begin at the same node; t_1: both end
    at the same node; t_2: two nodes with an edge from the second to the first. Pairs with none of
    these, and tokens with the same two ends, get 0.

    The transform of edges in the authors' later code of GDT (Stoll et al., 2025). In a directed
    graph that code has t_2 at pairs with an edge from the first node, the receiver, to the second.

    Attributes:
      dim: width of the result.
      inner_dim: of the vectors.
      column: a name only; what is read is the edge set.
      level: "pair".
      edge_set: name of the edge set of `gtx.structures.EdgeTokens`.
      embedding_init: of the vectors [3, inner_dim].
      kernel_init: of W.
      bias_init: of b; None is PyTorch's.
    """

    dim: int
    inner_dim: int
    column: str = ""
    level: Level = "pair"
    edge_set: str = "edge_tokens"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    embedding_init: Initializer = standard_normal
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "pairs dim"]:
        del train
        if self.level != "pair":
            raise ValueError("EdgeTokenPairEncoder encodes pairs.")
        vectors = self.param(
            "embedding", self.embedding_init, (3, self.inner_dim), self.param_dtype
        )
        table = Linear(
            self.dim,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
            name="projection",
        )(vectors)
        pairs = as_edges(pairs_of(batch))
        begins, ends = (end[pairs.receivers] == end[pairs.senders] for end in self._ends(batch))
        layout = require_layout(batch)
        places = jnp.asarray(edge_pairs(batch.senders, batch.receivers, layout))
        joined = segment_count(places, layout.num_pairs, where=batch.edge_mask) > 0
        which = jnp.stack([begins & ~ends, ends & ~begins, joined], axis=1)
        return clean(which.astype(table.dtype) @ table, batch.pair_mask)

    def _ends(self, batch: Batch) -> tuple[Array, Array]:
        """The numbers of the two ends of each token, and of a node twice its own: int32 [nodes]."""
        over = batch.edges_over((self.edge_set,))
        role, size = over.columns["kind"][:, 0], len(batch.node_mask)
        own, found = jnp.arange(size, dtype=jnp.int32), []
        for number in (0, 1):
            chosen = over.mask & (role == number)
            into = jnp.where(chosen, over.receivers, size)
            found.append(own.at[into].set(over.senders.astype(jnp.int32), mode="drop"))
        return found[0], found[1]
