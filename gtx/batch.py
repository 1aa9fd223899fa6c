"""The Batch that enters a model and the Features that flow between its layers."""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import jraph

from gtx.ops.layout import Layout


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=("nodes", "edges", "pairs", "graphs"),
    meta_fields=(),
)
@dataclasses.dataclass(frozen=True)
class Features:
    """What layers read and write: one array per level, any of them None.

    Attributes:
      nodes: [nodes, feat].
      edges: [edges, feat].
      pairs: [pairs, feat], in the pair order of the batch's layout.
      graphs: [graphs, feat].
    """

    nodes: Any = None
    edges: Any = None
    pairs: Any = None
    graphs: Any = None

    def replace(self, **changes: Any) -> "Features":
        return dataclasses.replace(self, **changes)


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=(
        "graph",
        "pairs",
        "labels",
        "graph_ids",
        "node_ids",
        "node_graph",
        "node_mask",
        "edge_mask",
        "pair_mask",
        "graph_mask",
        "layout",
    ),
    meta_fields=("axis_name",),
)
@dataclasses.dataclass(frozen=True)
class Batch:
    """Graphs padded to static sizes, with everything that layers need to ignore padding.

    The last graph of the batch is padding and owns the padding nodes (at least one) and
    padding edges, as jraph has it; places without a graph have no nodes. Edges are sorted
    by receiver, padding edges last. True in a mask means real.

    Edges can be left out, as in DropEdge, by masking more of them: to every layer a masked edge
    is a deleted one, whatever its columns hold. The other masks and the layout state one fact,
    where padding is, and attention over all pairs reads it from the layout: to leave out nodes,
    build the batch without them; to leave out pairs, call `gtx.ops.attention` with `where`.

    Attributes:
      graph: `jraph.GraphsTuple`; `nodes`, `edges` and `globals` are dicts of columns.
      pairs: dict of pair columns, each [pairs, ...].
      labels: [graphs, ...] or [nodes, ...], as the task has it; None when unknown.
      graph_ids: int32 [graphs], the number of each graph in its dataset; -1 in padding.
      node_ids: uint32 [nodes], a hash of (graph id, position in the graph): the identity
        under which dropout draws its noise, so that it does not depend on the batch.
      node_graph: int32 [nodes], the graph of each node.
      node_mask, edge_mask, pair_mask, graph_mask: bool.
      layout: places of the nodes in the dense tiers.
      axis_name: static. The mesh axis over which this batch is one shard, or None.
    """

    graph: jraph.GraphsTuple
    pairs: Any
    labels: Any
    graph_ids: Any
    node_ids: Any
    node_graph: Any
    node_mask: Any
    edge_mask: Any
    pair_mask: Any
    graph_mask: Any
    layout: Layout
    axis_name: str | None = None

    @property
    def senders(self) -> Any:
        return self.graph.senders

    @property
    def receivers(self) -> Any:
        return self.graph.receivers

    def replace(self, **changes: Any) -> "Batch":
        return dataclasses.replace(self, **changes)


def mask_features(features: Features, batch: Batch) -> Features:
    """Zero every feature that belongs to padding, even where it holds NaN."""

    def clean(values, mask):
        if values is None:
            return None
        return jnp.where(mask.reshape(mask.shape + (1,) * (values.ndim - 1)), values, 0)

    return Features(
        nodes=clean(features.nodes, batch.node_mask),
        edges=clean(features.edges, batch.edge_mask),
        pairs=clean(features.pairs, batch.pair_mask),
        graphs=clean(features.graphs, batch.graph_mask),
    )
