"""The table of targets: the rows of a dataset to predict, with their labels and parts.

Host, numpy. A target is a graph, a node, an edge or a pair of nodes. Every target has its own part
(train, valid, test or none), so that one large graph can be split without a copy.
"""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, get_args

import numpy as np

from gtx.data import exact
from gtx.data.columns import block_rows
from gtx.data.exact import DatasetError
from gtx.data.spec import Label
from gtx.typing import Level


@dataclasses.dataclass(frozen=True, eq=False)
class TargetTable:
    """The targets, one row each, in any order.

    Attributes:
      level: "graph", "node", "edge" or "pair"; the same for all targets.
      index: int64 [targets], the number of the graph, node or edge in the whole dataset, each at
        most once; at level "pair" [targets, 2], the numbers of two nodes of one graph, sender and
        receiver.
      labels: float32 [targets, dim], or int32 [targets] for classes; None if there are no labels.
        A missing label is NaN, or -1 for classes.
      split: int8 [targets], a place in SPLITS or -1.
      weights: float32 [targets], how much each target counts in the loss, at least 0; None if all
        count the same. Scores do not read them.
    """

    level: Level
    index: np.ndarray
    labels: np.ndarray | None
    split: np.ndarray
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.index)

    def replace(self, **changes: Any) -> "TargetTable":
        return dataclasses.replace(self, **changes)

    def take(self, rows: np.ndarray) -> "TargetTable":
        """These rows of the table, in this order."""
        return self.replace(
            index=self.index[rows],
            labels=None if self.labels is None else self.labels[rows],
            split=self.split[rows],
            weights=None if self.weights is None else self.weights[rows],
        )

    def moved(self, places: np.ndarray) -> "TargetTable":
        """The same targets after row i of their level (node i for pairs) moved to `places[i]`."""
        return self.replace(index=places[self.index])

    @functools.cached_property
    def consecutive(self) -> bool:
        """Whether the targets are the first rows of their level, in order."""
        return self.level != "pair" and np.array_equal(self.index, np.arange(len(self)))

    @property
    def counted(self) -> np.ndarray:
        """Whether each target counts in the loss: bool [targets], False where its weight is 0."""
        return np.ones(len(self), bool) if self.weights is None else self.weights > 0

    @property
    def first(self) -> np.ndarray:
        """A row of each target that determines its graph: itself, or the first node of a pair."""
        return self.index[:, 0] if self.level == "pair" else self.index


def all_rows(level: Level, count: int) -> TargetTable:
    """A table of the first `count` graphs, nodes or edges, without labels and parts."""
    return TargetTable(level, np.arange(count), None, np.full(count, -1, np.int8))


def check_level(level: Any) -> None:
    """Raise a DatasetError unless this is a level of targets."""
    if level not in get_args(Level):
        raise DatasetError(
            f"dataset: targets of level {level!r} are unknown. Use one of {list(get_args(Level))}."
        )


def as_index(index: Any, level: Level) -> np.ndarray:
    """Numbers of rows as int64 with the axes of their level.

    Raises:
      DatasetError: they are not integers, or have wrong axes.
    """
    array = exact.plain(index, "the index of targets")
    if array.size == 0:
        return np.zeros((0, 2) if level == "pair" else 0, np.int64)
    axes = (2,) if level == "pair" else ()
    if not exact.is_integer(array) or array.ndim != 1 + len(axes) or array.shape[1:] != axes:
        wanted = "[targets, 2], sender and receiver of each" if axes else "[targets]"
        raise DatasetError(
            f"dataset: the index of targets is {array.dtype} of shape {array.shape}. At level "
            f"{level!r} give integers {wanted}."
        )
    high = int(np.iinfo(np.int64).max)
    flat = exact.integers(array.reshape(-1), "the index of targets", low=0, high=high)
    return flat.reshape(array.shape)


def check_rows(table: TargetTable, count: int) -> None:
    """Raise a DatasetError unless every target is one of `count` rows, and no row has two targets.

    Args:
      table: a table with correct dtypes and axes.
      count: number of graphs, nodes or edges of the dataset; of nodes for pairs.
    """
    what = "node" if table.level == "pair" else table.level
    wrong = (table.index < 0) | (table.index >= count)
    if wrong.any():
        place = tuple(int(axis[0]) for axis in np.nonzero(wrong))
        raise DatasetError(
            f"dataset: target {place[0]} is of {what} {table.index[place]}, but the dataset has "
            f"{count} {what}s. Count the {what}s of all graphs from 0."
        )
    if table.level == "pair" or table.consecutive:
        return
    rows, counts = np.unique(table.index, return_counts=True)
    if counts.max(initial=1) > 1:
        raise DatasetError(
            f"dataset: {table.level} {rows[np.argmax(counts > 1)]} has two targets. Give each "
            f"{table.level} one, and several labels as columns."
        )


def check_labels_agree(level: str, label: Label) -> None:
    """Raise a DatasetError unless the label belongs to targets of this level."""
    if label.level != level:
        raise DatasetError(
            f"dataset: the targets are of level {level!r} and the label is one of each "
            f"{label.level}. Labels are at one level: give label=Label({level!r}, ...), or other "
            "targets."
        )


def split_of_targets(codes: np.ndarray, graph: np.ndarray, num_graphs: int) -> np.ndarray:
    """The part of each target, from one entry for each of them or one per graph.

    Args:
      codes: int8, places in SPLITS or -1.
      graph: [targets], the graph of each target.
      num_graphs: number of graphs of the dataset.

    Raises:
      DatasetError: the number of entries is wrong, or could mean graphs as well as targets.
    """
    same = np.array_equal(graph, np.arange(num_graphs))
    if len(codes) == len(graph) == num_graphs and not same:
        raise DatasetError(
            f"dataset: a split of {num_graphs} entries may be that of the graphs or that of as "
            "many targets. Give it to with_targets, where it is that of the targets."
        )
    if len(codes) == len(graph):
        return codes
    if len(codes) == num_graphs:
        return codes[graph]
    raise DatasetError(
        f"dataset: split has {len(codes)} entries for {num_graphs} graphs with {len(graph)} "
        "targets. Give one entry per graph, or one per target."
    )


def inherited_split(
    old: TargetTable, new: TargetTable, graph: np.ndarray, num_graphs: int
) -> np.ndarray:
    """The part of each new target: that of the same target or of its graph in the old table.

    Args:
      old, new: tables of the same dataset.
      graph: the graph of each new target.
      num_graphs: number of graphs of the dataset.

    Raises:
      DatasetError: the old table does not determine the parts.
    """
    if old.level == new.level and np.array_equal(old.index, new.index):
        return old.split
    if old.level == "graph" and old.consecutive and len(old) == num_graphs:
        return old.split[graph]
    if np.any(old.split != -1):
        raise DatasetError(
            "dataset: the split of the targets that are there does not tell that of other "
            "targets. Give their split."
        )
    return new.split


def of_graphs(
    table: TargetTable,
    by_graph: tuple[np.ndarray, np.ndarray],
    graphs: np.ndarray,
    starts: Mapping[str, tuple[np.ndarray, np.ndarray]],
) -> TargetTable:
    """The targets of selected graphs, for a dataset that consists of these graphs.

    Args:
      table: the table of the whole dataset.
      by_graph: its rows sorted by graph, and the first row of each graph.
      graphs: places in the whole dataset.
      starts: for the levels "node" and "edge", the offsets of the whole dataset and of the
        selection.

    Returns:
      A table in the order of `table` if `graphs` rise, otherwise graph by graph.
    """
    order, ptr = by_graph
    rows, new_ptr = block_rows(ptr, graphs)
    rows = order[rows]
    graph = np.repeat(np.arange(len(graphs)), np.diff(new_ptr))
    if np.all(graphs[1:] > graphs[:-1]):
        in_order = np.argsort(rows)
        rows, graph = rows[in_order], graph[in_order]
    taken = table.take(rows)
    if table.level == "graph":
        return taken.replace(index=graph)
    old, new = starts["edge" if table.level == "edge" else "node"]
    moved = new[graph] - old[graphs[graph]]
    return taken.replace(index=taken.index + (moved[:, None] if table.level == "pair" else moved))
