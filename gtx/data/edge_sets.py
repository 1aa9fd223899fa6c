"""Further edge sets of a dataset, as columns. Structures add them to the graphs' own edges."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gtx.data.columns import as_column, offsets, shared_rows
from gtx.data.exact import DatasetError

if TYPE_CHECKING:
    from gtx.data.dataset import Dataset


@dataclasses.dataclass(frozen=True, eq=False)
class EdgeTable:
    """The edges of one edge set, for each graph of a dataset.

    Attributes:
      ptr: int64 [graphs + 1], the first edge of each graph, and the end.
      senders, receivers: int32 [edges], numbers of nodes in their graph; sorted by receiver.
      columns: by name, float32 or int32 [edges, feat].
    """

    ptr: np.ndarray
    senders: np.ndarray
    receivers: np.ndarray
    columns: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)

    @classmethod
    def from_edges(
        cls,
        graph: Any,
        senders: Any,
        receivers: Any,
        num_graphs: int,
        columns: Mapping[str, Any] | None = None,
    ) -> "EdgeTable":
        """A table of edges in any order.

        Args:
          graph: int [edges], the graph of each edge.
          senders: int [edges], local to the graph.
          receivers: int [edges], likewise.
          num_graphs: number of graphs of the dataset.
          columns: by name, [edges] or [edges, feat].

        Raises:
          DatasetError: a graph or node number is not an integer, or lengths differ.
        """
        ends = dict(graph=graph, senders=senders, receivers=receivers)
        graph, senders, receivers = (_ids(values, name) for name, values in ends.items())
        rows = {name: len(values) for name, values in {**ends, **(columns or {})}.items()}
        if len(set(rows.values())) > 1:
            raise DatasetError(f"Give one of each per edge; the numbers of rows are {rows}.")
        # Sorted by sender too: the order then depends only on the edges, not on how they were made.
        order = np.lexsort((senders, receivers, graph))
        arrays = {name: as_column(values, name)[order] for name, values in (columns or {}).items()}
        return cls(
            offsets(np.bincount(graph, minlength=num_graphs)),
            senders[order].astype(np.int32),
            receivers[order].astype(np.int32),
            arrays,
        )

    @property
    def num_edges(self) -> np.ndarray:
        """Edges of each graph, int64 [graphs]."""
        return np.diff(self.ptr)

    @property
    def graph(self) -> np.ndarray:
        """The graph of each edge, int64 [edges]."""
        return np.repeat(np.arange(len(self.ptr) - 1), self.num_edges)

    def select(self, graphs: np.ndarray) -> "EdgeTable":
        """The edges of these graphs, in this order.

        Those of graphs that follow each other are shared, not copied.
        """
        rows, ptr = shared_rows(self.ptr, graphs)
        columns = {name: values[rows] for name, values in self.columns.items()}
        return EdgeTable(ptr, self.senders[rows], self.receivers[rows], columns)

    def check(self, name: str, num_nodes: np.ndarray) -> None:
        """Raise a DatasetError unless the edges join nodes of their graphs, sorted by receiver.

        Args:
          name: name of the set, for messages.
          num_nodes: int [graphs].
        """
        where = f"dataset: edge_sets[{name!r}]"
        num_edges = len(self.senders)
        if self.ptr.shape != (len(num_nodes) + 1,) or self.ptr[0] or self.ptr[-1] != num_edges:
            raise DatasetError(
                f"{where}: ptr must be offsets for {len(num_nodes)} graphs that end at the number "
                f"of edges, {num_edges}. EdgeTable.from_edges makes them."
            )
        for field in ("senders", "receivers"):
            ids = getattr(self, field)
            if ids.dtype != np.int32 or ids.shape != (num_edges,):
                raise DatasetError(
                    f"{where}: {field} must be int32 [{num_edges}], got {ids.dtype} of shape "
                    f"{ids.shape}. EdgeTable.from_edges makes them."
                )
            wrong = (ids < 0) | (ids >= np.repeat(num_nodes, self.num_edges))
            if wrong.any():
                row = int(np.argmax(wrong))
                raise DatasetError(
                    f"{where}: {field}[{row}] is {ids[row]}, but graph {self.graph[row]} has "
                    f"{num_nodes[self.graph[row]]} nodes. Give ids from 0 to n_node - 1."
                )
        falls = (np.diff(self.receivers) < 0) & (np.diff(self.graph) == 0)
        if falls.any():
            raise DatasetError(
                f"{where}: receivers[{int(np.argmax(falls)) + 1}] is smaller than the one before. "
                "EdgeTable.from_edges sorts edges by receiver."
            )


def _ids(values: Any, name: str) -> np.ndarray:
    """Numbers of graphs or nodes as int64."""
    array = np.asarray(values)
    # numpy makes an empty list float64; without entries it is accepted.
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise DatasetError(
            f"{name} of an edge set must be integers [edges], got {array.dtype} of shape "
            f"{array.shape}."
        )
    return array.astype(np.int64)


def sorted_by_receiver(dataset: "Dataset") -> "Dataset":
    """The dataset with the edges of each graph sorted by receiver, stably."""
    for name, array in dataset.edges.items():
        if len(array) != len(dataset.receivers):
            raise DatasetError(
                f"dataset: edges[{name!r}] has {len(array)} rows for {len(dataset.receivers)} "
                "edges. Give one row per edge."
            )
    place = np.repeat(dataset.node_ptr[:-1], dataset.num_edges) + dataset.receivers
    if np.all(place[1:] >= place[:-1]):  # already sorted: no copy
        return dataset
    order = np.argsort(place, kind="stable")
    targets = dataset.targets
    return dataclasses.replace(
        dataset,
        # argsort of a permutation is its inverse: the new place of each old edge.
        targets=targets.moved(np.argsort(order)) if targets.level == "edge" else targets,
        senders=dataset.senders[order],
        receivers=dataset.receivers[order],
        edges={name: array[order] for name, array in dataset.edges.items()},
    )
