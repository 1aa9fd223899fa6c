"""Checks every promise of a Batch that layers rely on."""

from typing import Any

import jax
import numpy as np

from gtx.batch import Batch, EdgeSet, Targets
from gtx.ops.layout import make_layout
from gtx.ops.noise import node_ids


class BatchError(ValueError):
    """A Batch breaks a promise that layers rely on."""


def check_batch(batch: Batch) -> None:
    """Raise a BatchError that names the first broken promise of a concrete, unstacked Batch.

    Values in padding are not checked, because layers must ignore them.
    """
    batch = jax.tree.map(np.asarray, batch)
    graph, layout = batch.graph, batch.layout
    _shapes(batch)
    num_nodes, num_graphs = len(batch.node_mask), len(batch.graph_mask)
    n_node, n_edge = graph.n_node, graph.n_edge
    _promise(n_node.min() >= 0 and n_edge.min() >= 0, "n_node and n_edge are not negative")
    _promise(n_node.sum() == num_nodes, "n_node sums to the length of the node axis")
    _promise(n_edge.sum() == len(batch.edge_mask), "n_edge sums to the length of the edge axis")
    _promise(n_node[-1] >= 1, "the last graph owns at least one padding node")
    _promise(not batch.graph_mask[-1], "the last graph is padding")
    empty = ~batch.graph_mask[:-1]
    _promise(not n_node[:-1][empty].any(), "places without a graph have no nodes")
    _promise(not n_edge[:-1][empty].any(), "places without a graph have no edges")
    _promise(
        np.array_equal(batch.node_graph, np.repeat(np.arange(num_graphs), n_node)),
        "node_graph numbers the nodes graph by graph",
    )
    _promise(
        np.array_equal(batch.node_mask, batch.graph_mask[batch.node_graph]),
        "node_mask is True exactly for nodes of real graphs",
    )
    edge_graph = np.repeat(np.arange(num_graphs), n_edge)
    _promise(
        np.array_equal(batch.edge_mask, batch.graph_mask[edge_graph]),
        "edge_mask is True exactly for edges of real graphs",
    )
    for name, ends in (("senders", graph.senders), ("receivers", graph.receivers)):
        _promise(ends.min(initial=0) >= 0 and ends.max(initial=0) < num_nodes, f"{name} are nodes")
        _promise(
            np.array_equal(batch.node_graph[ends], edge_graph),
            f"{name} belong to the graph that counts the edge",
        )
        _promise(
            np.all(ends[~batch.edge_mask] == num_nodes - 1),
            f"{name} of padding edges are the last node",
        )
    _promise(np.all(np.diff(graph.receivers) >= 0), "edges are sorted by receiver")
    for name, edges in batch.edge_sets.items():
        _edge_set(name, edges, batch)
    _promise(np.all(batch.graph_ids[~batch.graph_mask] == -1), "graph_ids of padding are -1")
    first = np.cumsum(n_node) - n_node
    position = np.arange(num_nodes) - first[batch.node_graph]
    expected = node_ids(batch.graph_ids[batch.node_graph], position, xp=np)
    _promise(np.array_equal(batch.node_ids, expected), "node_ids hash (graph id, position)")
    if layout is None:
        return
    room = np.repeat([t.size for t in layout.tiers], [t.num_graphs for t in layout.tiers])
    _promise(np.all(n_node[:-1] <= room), "every graph fits its tier")
    expected = make_layout(n_node[:-1], num_nodes, layout.tiers)
    _promise(np.array_equal(layout.slots, expected.slots), "layout.slots are the nodes in order")
    _promise(
        np.array_equal(layout.node_slots, expected.node_slots), "layout.node_slots invert slots"
    )


def _edge_set(name: str, edges: EdgeSet, batch: Batch) -> None:
    """The promises of a further edge set."""
    arrays: list[tuple[str, Any, Any]] = [
        ("senders", edges.senders, np.int32),
        ("receivers", edges.receivers, np.int32),
        ("mask", edges.mask, bool),
    ]
    arrays += [(f"column {key!r}", values, values.dtype) for key, values in edges.columns.items()]
    for field, array, dtype in arrays:
        _promise(
            array.ndim >= 1 and len(array) == len(edges.mask) and array.dtype == dtype,
            f"{field} of the edge set {name!r} is {np.dtype(dtype).name} with a row for each edge",
        )
    last = len(batch.node_mask) - 1
    for ends in (edges.senders, edges.receivers):
        inside = ends.min(initial=0) >= 0 and ends.max(initial=0) <= last
        _promise(inside, f"the edge set {name!r} joins nodes of the batch")
        _promise(
            np.all(batch.node_mask[ends[edges.mask]]) and np.all(ends[~edges.mask] == last),
            f"edges in {name!r} join real nodes, and padding edges the last node",
        )
    same = batch.node_graph[edges.senders] == batch.node_graph[edges.receivers]
    _promise(np.all(same), f"the ends of each edge in {name!r} belong to one graph")
    _promise(np.all(np.diff(edges.receivers) >= 0), f"edges in {name!r} are sorted by receiver")
    _promise(edges.are_sorted, f"the edge set {name!r} says that it is sorted")


def _shapes(batch: Batch) -> None:
    graph, layout = batch.graph, batch.layout
    lengths = dict(
        node=len(batch.node_mask),
        edge=len(batch.edge_mask),
        graph=len(batch.graph_mask),
    )
    arrays: list[tuple[str, Any, str, Any]] = [
        ("node_mask", batch.node_mask, "node", bool),
        ("edge_mask", batch.edge_mask, "edge", bool),
        ("graph_mask", batch.graph_mask, "graph", bool),
        ("graph_ids", batch.graph_ids, "graph", np.int32),
        ("node_ids", batch.node_ids, "node", np.uint32),
        ("node_graph", batch.node_graph, "node", np.int32),
        ("n_node", graph.n_node, "graph", np.int32),
        ("n_edge", graph.n_edge, "graph", np.int32),
        ("senders", graph.senders, "edge", np.int32),
        ("receivers", graph.receivers, "edge", np.int32),
    ]
    if layout is None:
        _promise(not batch.pairs, "there are no pair columns without a layout")
    else:
        places = sum(tier.num_graphs for tier in layout.tiers)
        _promise(places + 1 == lengths["graph"], "the tiers have a place for each graph but one")
        lengths["pair"] = layout.num_pairs
        arrays.append(("layout.node_slots", layout.node_slots, "node", np.int32))
    for level, columns in (
        ("node", graph.nodes),
        ("edge", graph.edges),
        ("pair", batch.pairs),
        ("graph", graph.globals),
    ):
        _promise(isinstance(columns, dict), f"the columns of each {level} are a dict")
        arrays += [(f"{level} column {name!r}", v, level, v.dtype) for name, v in columns.items()]
    for name, array, level, dtype in arrays:
        _promise(
            array.ndim >= 1 and len(array) == lengths[level] and array.dtype == dtype,
            f"{name} is {np.dtype(dtype).name} with leading axis {lengths[level]} ({level}s)",
            f", not {array.dtype.name} {list(array.shape)}",
        )
    if batch.targets is not None:
        _targets(batch.targets, lengths)


def _targets(targets: Targets, lengths: dict[str, int]) -> None:
    rows = len(targets.mask)
    if targets.level in ("graph", "node"):
        _promise(
            rows == lengths[targets.level],
            f"targets.mask has one entry for each place of a {targets.level}",
            f": {rows} for {lengths[targets.level]}",
        )
    axes = (2,) if targets.level == "pair" else ()
    _promise(targets.mask.dtype == bool, "targets.mask is bool")
    _promise(
        targets.index.dtype == np.int32 and targets.index.shape == (rows, *axes),
        f"targets.index is int32 with {rows} rows",
        f", not {targets.index.dtype} {list(targets.index.shape)}",
    )
    count = lengths["node" if targets.level == "pair" else targets.level]
    _promise(
        targets.index.min(initial=0) >= 0 and targets.index.max(initial=0) < count,
        "targets.index are places of the batch",
    )
    if targets.labels is not None:
        _promise(
            len(targets.labels) == rows,
            "labels have one row per target",
            f": {len(targets.labels)} for {rows}",
        )


def _promise(kept: Any, promise: str, found: str = "") -> None:
    if not kept:
        raise BatchError(f"batch: it must hold that {promise}{found}")
