"""The subgraphs around the nodes of a batch, as one batch in which each of them is a graph."""

import jax.numpy as jnp

from gtx.batch import Batch, Features, require_layout
from gtx.ops import edge_pairs, noise, pair_ends, segment_count
from gtx.ops.masks import clean
from gtx.ops.segment import gather, segment_sum
from gtx.typing import Array


def on_subgraphs(features: Features, batch: Batch, name: str) -> tuple[Features, Batch]:
    """A copy of each node for each subgraph that it is in, and the edges between copies.

    The copy of node u in the subgraph of v is the pair (v, u) of the layout. A masked edge leaves
    all subgraphs, and nodes leave with it that no other edge of the subgraph touches; v stays.

    Args:
      features: nodes, and edges or None.
      batch: with a layout and the edge set of `gtx.structures.Subgraphs`.
      name: of that set.

    Returns:
      Features and batch, as layers that run along edges take them: `node_graph` is v.
    """
    layout, over = require_layout(batch), batch.edges_over((name,))
    number = clean(over.columns["edge"][:, 0], over.mask)
    first = (jnp.cumsum(batch.graph.n_edge) - batch.graph.n_edge)[batch.node_graph[over.receivers]]
    edge = jnp.clip(first + number - 1, 0, batch.edge_mask.shape[0] - 1)
    mask = over.mask & (number > 0) & batch.edge_mask[edge]
    last = layout.num_pairs - 1

    def copies(nodes):
        return jnp.minimum(edge_pairs(nodes, over.receivers, layout), last)

    # The structure sorts the edges of a centre by their receivers, so that their copies rise.
    senders, receivers = copies(batch.senders[edge]), copies(over.senders)
    every = jnp.arange(batch.node_mask.shape[0], dtype=jnp.int32)
    own = jnp.minimum(edge_pairs(every, every, layout), last)
    found = [(senders, mask), (receivers, mask), (own, batch.node_mask)]
    there = sum(segment_count(ids, layout.num_pairs, where=where) for ids, where in found) > 0
    centre, node = map(jnp.asarray, pair_ends(layout))
    ids = noise.node_ids(batch.node_ids[centre], batch.node_ids[node])
    x = clean(gather(features.nodes, node), there)
    e = None if features.edges is None else clean(gather(features.edges, edge), mask)
    inner = batch.replace(
        graph=batch.graph._replace(
            nodes={}, edges={}, globals={}, senders=senders, receivers=receivers
        ),
        pairs={},
        targets=None,
        graph_ids=batch.node_ids,
        node_ids=ids,
        node_graph=centre,
        node_mask=there,
        edge_mask=mask,
        graph_mask=batch.node_mask,
        layout=None,
        edge_sets={},
    )
    return Features(nodes=x, edges=e), inner


def sum_of_copies(x: Array, inner: Batch) -> Array:
    """The sum of the rows of each subgraph: [nodes, feat]."""
    count = inner.graph_mask.shape[0]
    return segment_sum(x, inner.node_graph, count, where=inner.node_mask)
