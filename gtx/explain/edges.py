"""Graphs without some of their edges, and which edges are two directions of one."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from gtx.data import Dataset
from gtx.data.columns import offsets
from gtx.data.targets import all_rows
from gtx.explain.items import local_targets


def reverses(senders: np.ndarray, receivers: np.ndarray) -> np.ndarray | None:
    """The number of the reverse of each edge, int [edges]; None if the graph has directions.

    It has none if every edge is there in both directions equally often. A self-loop is its own
    reverse, and the first of parallel edges is that of the first.

    Args:
      senders, receivers: int [edges], of one graph.
    """
    there, back = np.lexsort((receivers, senders)), np.lexsort((senders, receivers))
    if np.any(senders[there] != receivers[back]) or np.any(receivers[there] != senders[back]):
        return None
    found = np.empty(len(senders), np.int64)
    found[there] = back
    return found


def removable(dataset: Dataset, num_given: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Each edge of each graph, by the place of the graph; both directions of one are together.

    Edges with an end that structures added are left, and so is an edge that is the target.

    Args:
      dataset: graphs with one target each.
      num_given: how many nodes each graph was given with.
    """
    found = []
    asked = local_targets(dataset) if dataset.targets.level == "edge" else None
    for place, limit in enumerate(num_given.tolist()):
        edge = slice(dataset.edge_ptr[place], dataset.edge_ptr[place + 1])
        senders, receivers = dataset.senders[edge], dataset.receivers[edge]
        partner = reverses(senders, receivers)
        if partner is None:
            partner = np.arange(len(senders))
        for number in np.flatnonzero(np.arange(len(partner)) <= partner).tolist():
            both = np.unique([number, partner[number]])
            own = asked is not None and asked[place] in both
            if max(senders[number], receivers[number]) < limit and not own:
                found.append((place, both))
    return found


def without_edges(dataset: Dataset, removed: Sequence[tuple[int, np.ndarray]]) -> Dataset:
    """Copies of graphs, each without some of its edges.

    All columns keep the values that they have in the whole graph, encodings too, and so do pairs
    and further edge sets.

    Args:
      dataset: encoded graphs with one target each.
      removed: for each copy the place of its graph, and the numbers of the edges in it to leave
        out. A target that is an edge must be left.
    """
    graphs = np.array([graph for graph, _ in removed], np.int64)
    local, level = local_targets(dataset), dataset.targets.level
    bare = dataclasses.replace(dataset.without_labels(), targets=all_rows("graph", len(dataset)))
    whole = bare.select(graphs)
    keep = np.ones(int(whole.edge_ptr[-1]), bool)
    for row, (_, edges) in enumerate(removed):
        keep[whole.edge_ptr[row] + np.asarray(edges, np.int64)] = False
    rows = np.flatnonzero(keep)
    of_edge = np.repeat(np.arange(len(graphs)), whole.num_edges)[rows]
    left = dataclasses.replace(
        whole,
        edges={name: values[rows] for name, values in whole.edges.items()},
        edge_ptr=offsets(np.bincount(of_edge, minlength=len(graphs))),
        senders=whole.senders[rows],
        receivers=whole.receivers[rows],
    )
    if local is None:
        return left
    asked = local[graphs]
    if level == "edge":
        return left.with_targets(level, np.searchsorted(rows, whole.edge_ptr[:-1] + asked))
    return left.with_targets(level, (asked.T + left.node_ptr[:-1]).T)
