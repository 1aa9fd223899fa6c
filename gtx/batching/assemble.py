"""Builds a padded Batch from columns and the graphs of one plan row, on the host or on a device.

On the host it works on numpy arrays. Inside a compiled step it works on columns that stay on the
device, so that only indices are transferred. It uses cumulative sums, searches and gathers, but no
scatter, which is slow on accelerators.
"""

import dataclasses
import functools
from typing import Any

import jax
import jraph
import numpy as np

from gtx.batch import Batch, EdgeSet, Targets
from gtx.batching.budget import INT32_MAX, Budget, BudgetError
from gtx.data.dataset import Dataset
from gtx.ops.layout import make_layout, pair_mask
from gtx.ops.noise import node_ids
from gtx.typing import Level


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=("index", "labels", "chosen", "ptr", "weights"),
    meta_fields=("level",),
)
@dataclasses.dataclass(frozen=True)
class TargetColumns:
    """The targets of a Dataset in the form from which batches are made.

    Attributes:
      level: static.
      index: None for graphs and nodes. For edges and pairs int32 [targets] or [targets, 2], sorted
        by graph: places of edges, or of both nodes of a pair, within their graph.
      labels: one row for each graph or node, or in the order of `index`. None without labels.
      chosen: bool, which graphs or nodes are targets; None if all are, and for edges and pairs.
      ptr: int32 [graphs + 1], the first target of each graph in `index`; None for graphs and nodes.
      weights: float32, one for each row of `labels`; None if all targets count the same.
    """

    level: Level
    index: Any
    labels: Any
    chosen: Any
    ptr: Any
    weights: Any = None

    @classmethod
    def from_dataset(cls, dataset: Dataset) -> "TargetColumns":
        """The targets of `dataset`, numpy."""
        table = dataset.targets
        if table.level in ("graph", "node"):
            labels, chosen, weights = table.labels, None, table.weights
            if not dataset.targets_are_all:
                rows = dataset.num_rows(table.level)
                chosen = np.zeros(rows, bool)
                chosen[table.index] = True
                if labels is not None:
                    missing = np.nan if labels.dtype.kind == "f" else -1
                    known, labels = (
                        labels,
                        np.full((rows, *labels.shape[1:]), missing, labels.dtype),
                    )
                    labels[table.index] = known
                if weights is not None:
                    weights = np.zeros(rows, np.float32)
                    weights[table.index] = table.weights
            labels = None if labels is None else _filled(labels)
            chosen = None if chosen is None else _filled(chosen)
            weights = None if weights is None else _filled(weights)
            return cls(table.level, None, labels, chosen, None, weights)
        order, ptr = dataset.targets_by_graph
        start = dataset.edge_ptr if table.level == "edge" else dataset.node_ptr
        start = start[dataset.target_graph]
        index = table.index - (start[:, None] if table.level == "pair" else start)
        labels = None if table.labels is None else _filled(table.labels[order])
        index = _filled(index[order].astype(np.int32))
        weights = None if table.weights is None else _filled(table.weights[order])
        return cls(table.level, index, labels, None, ptr.astype(np.int32), weights)


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=(
        "nodes",
        "edges",
        "pairs",
        "graphs",
        "node_ptr",
        "edge_ptr",
        "pair_ptr",
        "senders",
        "receivers",
        "targets",
        "ids",
        "edge_sets",
    ),
    meta_fields=(),
)
@dataclasses.dataclass(frozen=True)
class Columns:
    """The arrays of a Dataset from which batches are made, in int32 and with no empty axis.

    Attributes:
      nodes, edges, pairs, graphs: dicts of columns, over the nodes, edges, pairs (row-major
        [n, n] of each graph, receiver first) and graphs of the whole dataset.
      node_ptr, edge_ptr, pair_ptr: int32 [graphs + 1]; `pair_ptr` is None without pair columns.
      senders, receivers: int32 [edges], local to each graph, sorted by receiver in each.
      targets: the targets to predict.
      ids: int32 [graphs].
      edge_sets: by name, each a dict of `ptr`, `senders`, `receivers` and `columns`.
    """

    nodes: Any
    edges: Any
    pairs: Any
    graphs: Any
    node_ptr: Any
    edge_ptr: Any
    pair_ptr: Any
    senders: Any
    receivers: Any
    targets: TargetColumns
    ids: Any
    edge_sets: Any = dataclasses.field(default_factory=dict)

    @classmethod
    def from_dataset(cls, dataset: Dataset, *, pairs: bool = True) -> "Columns":
        """The columns of `dataset`, numpy. `jax.device_put` moves them to a device.

        Args:
          dataset: the graphs.
          pairs: whether to include pair columns; a budget that is not dense uses none.

        Raises:
          BudgetError: more nodes, edges or pairs than int32 can index.
        """
        pair_ptr = dataset.pair_ptr if pairs and dataset.pairs else None
        pointers = dict(
            nodes=dataset.node_ptr,
            edges=dataset.edge_ptr,
            pairs=pair_ptr,
            targets=np.array([len(dataset.targets)]),
        )
        pointers |= {f"edges in {name!r}": edges.ptr for name, edges in dataset.edge_sets.items()}
        for name, pointer in pointers.items():
            if pointer is not None and pointer[-1] > INT32_MAX:
                raise BudgetError(
                    f"{pointer[-1]:,} {name} do not fit the int32 indices of one set of columns. "
                    "Stream the dataset (gtx.batching.Streamed), which takes it in parts."
                )

        def level(columns):
            return {name: _filled(np.asarray(array)) for name, array in columns.items()}

        return cls(
            nodes=level(dataset.nodes),
            edges=level(dataset.edges),
            pairs=level(dataset.pairs if pairs else {}),
            graphs=level(dataset.graphs),
            node_ptr=dataset.node_ptr.astype(np.int32),
            edge_ptr=dataset.edge_ptr.astype(np.int32),
            pair_ptr=None if pair_ptr is None else pair_ptr.astype(np.int32),
            senders=_filled(dataset.senders),
            receivers=_filled(dataset.receivers),
            targets=TargetColumns.from_dataset(dataset),
            ids=_filled(dataset.ids),
            edge_sets={
                name: dict(
                    ptr=edges.ptr.astype(np.int32),
                    senders=_filled(edges.senders),
                    receivers=_filled(edges.receivers),
                    columns=level(edges.columns),
                )
                for name, edges in dataset.edge_sets.items()
            },
        )

    @property
    def num_bytes(self) -> int:
        """Memory that the columns take on a device."""
        return sum(leaf.nbytes for leaf in jax.tree.leaves(self))


def _filled(array: np.ndarray) -> np.ndarray:
    """The array, or one row of zeros if it is empty, because a masked gather must read some row."""
    return array if len(array) else np.zeros((1, *array.shape[1:]), array.dtype)


def assemble(
    columns: Columns,
    row: Any,
    budget: Budget,
    *,
    xp: Any = np,
) -> Batch:
    """One shard of a batch: the graphs of `row`, one per slot, padded to `budget`.

    Args:
      columns: columns of the dataset, numpy or on the device.
      row: int32 [graphs_per_shard], indices of graphs that fit their slots and the budget
        (see `gtx.batching.plan`), -1 in an empty slot.
      budget: static.
      xp: `numpy` or `jax.numpy`; both give the same bits.

    Returns:
      A Batch as described in its docstring. Padding rows of features and labels hold 0; a missing
      label of a real graph stays NaN (or -1).
    """
    # One more graph at the end owns all padding. Empty slots read graph 0, and the mask clears it.
    row = xp.asarray(row, dtype=np.int32)
    num_graphs = budget.graphs_per_shard
    graph_mask = xp.concatenate([row >= 0, np.zeros(1, bool)])
    row = xp.concatenate([xp.maximum(row, 0), np.zeros(1, np.int32)])

    def rows(values, source, mask):
        # "clip": padding places have a source row beyond the end, which the mask then clears.
        values = xp.take(values, source, axis=0, mode="clip")
        mask = mask.reshape(mask.shape + (1,) * (values.ndim - 1))
        return xp.where(mask, values, np.zeros((), values.dtype))

    def flat(pointer, total):
        """For each place of a flat axis: its graph, its position in it, and its source row.

        Before these, the number of rows and the first place of each graph.
        """
        start = xp.take(pointer, row, axis=0, mode="clip")
        count = xp.where(graph_mask, xp.take(pointer, row + 1, axis=0, mode="clip") - start, 0)
        end = xp.cumsum(count[:-1], dtype=np.int32)
        first = xp.concatenate([np.zeros(1, np.int32), end])
        place = np.arange(total, dtype=np.int32)
        # side="right" skips graphs without rows, whose end equals that of the graph before.
        graph = xp.searchsorted(end, place, side="right").astype(np.int32)
        position = place - first[graph]
        # The last graph is padding and gets all places that are left.
        count = xp.concatenate([count[:-1], total - end[-1:]]).astype(np.int32)
        return count, first, graph, position, start[graph] + position

    n_node, first_node, node_graph, position, node_source = flat(columns.node_ptr, budget.num_nodes)
    node_mask = node_graph < num_graphs

    def edge_set(pointer, total, senders, receivers, values):
        """Edges of one kind, their number in each graph, and the first edge of each graph."""
        n_edge, first_edge, edge_graph, _, source = flat(pointer, total)
        mask = edge_graph < num_graphs

        def ends(local):
            """Flat ids of edge ends; padding edges are self-loops of the last node.

            The last node is padding, and its id is the largest, so that receivers stay sorted.
            """
            ids = xp.take(local, source, axis=0, mode="clip") + first_node[edge_graph]
            return xp.where(mask, ids, np.int32(budget.num_nodes - 1)).astype(np.int32)

        found = {name: rows(array, source, mask) for name, array in values.items()}
        return EdgeSet(ends(senders), ends(receivers), mask, found), n_edge, first_edge

    own, n_edge, first_edge = edge_set(
        columns.edge_ptr, budget.num_edges, columns.senders, columns.receivers, columns.edges
    )
    edge_sets = {}
    for name, total in budget.edge_sets:
        edges = columns.edge_sets[name]
        edge_sets[name], *_ = edge_set(
            edges["ptr"], total, edges["senders"], edges["receivers"], edges["columns"]
        )

    layout, pairs = None, {}
    if budget.dense:
        layout = make_layout(n_node[:-1], budget.num_nodes, budget.tiers, xp=xp)
    if layout is not None and columns.pairs:
        graph, receiver, sender = _pair_places(budget)
        # A graph of n nodes has n * n pair rows; in the batch it has places for size * size.
        start = xp.take(columns.pair_ptr, row, axis=0, mode="clip")
        source = start[graph] + receiver * n_node[graph] + sender
        real = pair_mask(layout)
        pairs = {name: rows(values, source, real) for name, values in columns.pairs.items()}

    given = columns.targets
    if given.level in ("graph", "node"):
        by_graph = given.level == "graph"
        source, target_mask = (row, graph_mask) if by_graph else (node_source, node_mask)
        index = np.arange(len(target_mask), dtype=np.int32)
        in_graph = target_mask
        labels = None if given.labels is None else rows(given.labels, source, in_graph)
        if given.chosen is not None:
            target_mask = rows(given.chosen, source, target_mask)
    else:
        if budget.num_targets is None:
            raise BudgetError(
                f"the targets are of level {given.level!r}, and the budget has no num_targets. Fit "
                "it to the dataset that has these targets."
            )
        _, _, graph, _, source = flat(given.ptr, budget.num_targets)
        target_mask = graph < num_graphs
        first = first_edge if given.level == "edge" else first_node
        last = budget.num_edges - 1 if given.level == "edge" else budget.num_nodes - 1
        shape = (-1, 1) if given.level == "pair" else (-1,)
        index = rows(given.index, source, target_mask) + first[graph].reshape(shape)
        index = xp.where(target_mask.reshape(shape), index, np.int32(last)).astype(np.int32)
        labels = None if given.labels is None else rows(given.labels, source, target_mask)
        in_graph = target_mask
    weights = None if given.weights is None else rows(given.weights, source, in_graph)
    ids = xp.where(graph_mask, xp.take(columns.ids, row, axis=0, mode="clip"), np.int32(-1))
    return Batch(
        graph=jraph.GraphsTuple(
            nodes={k: rows(v, node_source, node_mask) for k, v in columns.nodes.items()},
            edges=own.columns,
            globals={k: rows(v, row, graph_mask) for k, v in columns.graphs.items()},
            senders=own.senders,
            receivers=own.receivers,
            n_node=n_node,
            n_edge=n_edge,
        ),
        pairs=pairs,
        targets=Targets(given.level, xp.asarray(index), labels, target_mask, weights),
        graph_ids=ids,
        node_ids=node_ids(ids[node_graph], position, xp=xp),
        node_graph=node_graph,
        node_mask=node_mask,
        edge_mask=own.mask,
        graph_mask=graph_mask,
        layout=layout,
        edge_sets=edge_sets,
    )


def _pair_places(budget: Budget) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Graph, receiver position and sender position of each place of the pair axis, int32."""
    places, first = [np.zeros((3, 0), np.int32)], 0
    for tier in budget.tiers:
        shape = (tier.num_graphs, tier.size, tier.size)
        place = np.indices(shape, dtype=np.int32).reshape(3, -1)
        place[0] += first
        places.append(place)
        first += tier.num_graphs
    return tuple(np.concatenate(places, axis=1))
