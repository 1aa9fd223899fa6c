"""Graphs with one target each, graphs without some nodes, and batches of them."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from gtx.batch import Batch
from gtx.batching import Budget, evaluation_plan, stack_batches
from gtx.batching.budget import most_targets
from gtx.data import Dataset, EdgeTable
from gtx.data.columns import offsets
from gtx.data.targets import all_rows
from gtx.explain.features import ExplainError
from gtx.ops.layout import Tier

# Of a batch at most, unless one graph alone has more.
_PAIRS, _NODES = 2**18, 2**15


def one_target_each(dataset: Dataset) -> Dataset:
    """A graph for each target, in the order of the targets; a graph of several is repeated."""
    table = dataset.targets
    if table.level == "graph":
        return dataset if dataset.targets_are_all else dataset.select(table.index)
    graph = dataset.target_graph
    starts = dataset.edge_ptr if table.level == "edge" else dataset.node_ptr
    local = (table.index.T - starts[graph]).T
    return _with_targets(dataset, graph, table.level, local)


def _with_targets(dataset: Dataset, graphs: np.ndarray, level: Any, local: np.ndarray) -> Dataset:
    """These graphs, each with the target of this number within it."""
    bare = dataclasses.replace(dataset.without_labels(), targets=all_rows("graph", len(dataset)))
    found = bare.select(graphs)
    starts = found.edge_ptr if level == "edge" else found.node_ptr
    return found.with_targets(level, (local.T + starts[:-1]).T)


def local_targets(dataset: Dataset) -> np.ndarray | None:
    """Of graphs with one target each its number within the graph; None if it is the graph."""
    table = dataset.targets
    if table.level == "graph":
        return None
    starts = dataset.edge_ptr if table.level == "edge" else dataset.node_ptr
    return (table.index.T - starts[:-1]).T


def without_nodes(dataset: Dataset, removed: Sequence[tuple[int, np.ndarray]]) -> Dataset:
    """Copies of graphs, each without some of its nodes and the edges and pairs of these.

    All columns keep the values that they have in the whole graph, encodings too.

    Args:
      dataset: encoded graphs with one target each.
      removed: for each copy the place of its graph, and the nodes to leave out. A target that is a
        node, an edge or a pair must be left.
    """
    graphs = np.array([graph for graph, _ in removed], np.int64)
    local = local_targets(dataset)
    level = dataset.targets.level
    bare = dataclasses.replace(dataset.without_labels(), targets=all_rows("graph", len(dataset)))
    whole = bare.select(graphs)
    keep = np.ones(int(whole.node_ptr[-1]), bool)
    for row, (_, nodes) in enumerate(removed):
        keep[whole.node_ptr[row] + np.asarray(nodes, np.int64)] = False
    of_node = np.repeat(np.arange(len(graphs)), whole.num_nodes)
    node_ptr = offsets(np.bincount(of_node[keep], minlength=len(graphs)))
    place = np.cumsum(keep) - 1  # of each node that is left, among all that are
    number = place - node_ptr[of_node]

    def edges_left(ptr: np.ndarray, senders: np.ndarray, receivers: np.ndarray) -> Any:
        start = np.repeat(whole.node_ptr[:-1], np.diff(ptr))
        ends = start + senders, start + receivers
        rows = np.flatnonzero(keep[ends[0]] & keep[ends[1]])
        graph = np.repeat(np.arange(len(graphs)), np.diff(ptr))[rows]
        new_ptr = offsets(np.bincount(graph, minlength=len(graphs)))
        return rows, new_ptr, *(number[end[rows]].astype(np.int32) for end in ends)

    rows, edge_ptr, senders, receivers = edges_left(whole.edge_ptr, whole.senders, whole.receivers)
    sets = {}
    for name, table in whole.edge_sets.items():
        chosen, ptr, *new = edges_left(table.ptr, table.senders, table.receivers)
        columns = {key: values[chosen] for key, values in table.columns.items()}
        sets[name] = EdgeTable(ptr, new[0], new[1], columns)
    pairs = {}
    if whole.pairs:
        parts = (keep[a:b] for a, b in zip(whole.node_ptr, whole.node_ptr[1:], strict=False))
        chosen = np.concatenate([np.outer(part, part).ravel() for part in parts])
        pairs = {name: values[chosen] for name, values in whole.pairs.items()}
    left = dataclasses.replace(
        whole,
        nodes={name: values[keep] for name, values in whole.nodes.items()},
        edges={name: values[rows] for name, values in whole.edges.items()},
        pairs=pairs,
        node_ptr=node_ptr,
        edge_ptr=edge_ptr,
        senders=senders,
        receivers=receivers,
        edge_sets=sets,
    )
    if local is None:
        return left
    asked = local[graphs]
    if level == "edge":
        return left.with_targets(level, np.searchsorted(rows, whole.edge_ptr[:-1] + asked))
    return left.with_targets(level, place[(asked.T + whole.node_ptr[:-1]).T])


class Part(NamedTuple):
    """A batch, and where its graphs are.

    Attributes:
      batch: on the host.
      graphs: the places of its graphs in the dataset, in the order of their slots.
      slots: the slot of each.
    """

    batch: Batch
    graphs: np.ndarray
    slots: np.ndarray

    def of_targets(self, rows: Any) -> np.ndarray:
        """Of one number for each row of the model those of the targets, in the order of `graphs`.

        float64 [graphs].
        """
        assert self.batch.targets is not None
        return np.asarray(rows)[np.asarray(self.batch.targets.mask)].astype(np.float64)


def batches(dataset: Dataset, *, dense: bool, most: int) -> Iterator[Part]:
    """All graphs in batches of one shape, whose sizes are powers of two: few programs.

    Args:
      dataset: graphs with one target each.
      dense: whether the batches have a layout.
      most: graphs in a batch; large graphs are fewer, down to one.
    """
    if not len(dataset):
        return

    def up(count: Any) -> int:
        return 1 << max(int(count) - 1, 0).bit_length()

    size = up(dataset.num_nodes.max(initial=1))
    room = _PAIRS // size**2 if dense else _NODES // size
    most = max(1, min(most, up(len(dataset)), room))
    targets = most_targets(dataset, most)
    budget = Budget(
        num_nodes=most * size + 1,
        num_edges=most * up(dataset.num_edges.max(initial=1)),
        tiers=(Tier(most, size),),
        dense=dense,
        num_targets=None if targets is None else max(up(targets), 1),
        edge_sets=tuple(
            (name, most * up(table.num_edges.max(initial=1)))
            for name, table in sorted(dataset.edge_sets.items())
        ),
    )
    for rows in evaluation_plan(dataset, budget):
        batch = stack_batches(dataset, budget, rows[None])
        slots = np.flatnonzero(rows[0] >= 0)
        yield Part(jax.tree.map(lambda x: x[0, 0], batch), rows[0][slots], slots)


def check_nodes(dataset: Dataset, nodes: Sequence[Sequence[int]], num_given: np.ndarray) -> None:
    """Raise an ExplainError unless these are numbers of nodes of the only graph."""
    if len(dataset) != 1:
        raise ExplainError(f"groups of nodes are of one graph, and there are {len(dataset)}.")
    for group in nodes:
        found = np.asarray(group)
        if not len(found) or found.dtype.kind not in "iu":
            raise ExplainError(f"a group must be numbers of nodes, at least one, got {group!r}.")
        if found.min() < 0 or found.max() >= num_given[0]:
            raise ExplainError(
                f"the graph has the nodes 0 to {num_given[0] - 1}, and a group is {list(group)}."
            )
