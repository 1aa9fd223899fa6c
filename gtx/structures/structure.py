"""The interface of a structure, and functions that the structures share."""

import hashlib
from typing import Any, Protocol, runtime_checkable

import numpy as np

from gtx.data import Categorical, Column, Dataset, DatasetError, EdgeTable, GraphSpec, exact

# Senders and receivers of this number of edges take 2 GiB.
MAX_EDGES = 2**28
# The columns of the edge set of virtual nodes.
OF_VIRTUAL: dict[str, Column] = dict(kind=Categorical((2,)))


@runtime_checkable
class Structure(Protocol):
    """A frozen dataclass that adds an edge set to a dataset, and nodes if it needs any."""

    @property
    def name(self) -> str:
        """The name of the edge set. Layers select it by `edges=(name,)`."""
        ...

    def __call__(self, dataset: Dataset) -> Dataset:
        """The dataset with the edge set added. The given nodes, edges and columns do not change."""
        ...

    def columns(self) -> dict[str, Column]:
        """The descriptions of the columns of the edge set; the same for all graphs."""
        ...


def with_edges(
    structure: Structure,
    dataset: Dataset,
    graph: np.ndarray,
    senders: np.ndarray,
    receivers: np.ndarray,
    **columns: np.ndarray,
) -> Dataset:
    """The dataset with these edges as the structure's edge set, in any order.

    Args:
      structure: its name and columns describe the edge set.
      dataset: the dataset of the graphs.
      graph: int [edges], the graph of each edge.
      senders, receivers: int [edges], local to the graph.
      **columns: int or float [edges].
    """
    table = EdgeTable.from_edges(graph, senders, receivers, len(dataset), columns)
    return dataset.with_edge_set(structure.name, table, structure.columns())


def own_nodes(dataset: Dataset) -> np.ndarray:
    """True for the graphs' own nodes, False for those that structures added; bool [nodes].

    Raises:
      DatasetError: the data have a column nodes["kind"] of their own, which would be mistaken for
        that of virtual nodes.
    """
    if "kind" not in dataset.nodes:
        return np.ones(dataset.node_ptr[-1], bool)
    if not times_added(dataset.spec):
        raise DatasetError(
            "dataset: nodes have a column 'kind' that no structure wrote. Give it another name."
        )
    return dataset.nodes["kind"][:, 0] == 0


def times_added(spec: GraphSpec) -> int:
    """How many structures have added nodes, each with an edge set of its own.

    If there is one, the column nodes["kind"] is 0 at the graphs' own nodes, and each categorical
    column without a fill of its own has one category more for each of these structures.
    """
    kind = OF_VIRTUAL["kind"]
    return sum(columns.get("kind") == kind for columns in spec.edge_sets.values())


def node_graph(dataset: Dataset) -> np.ndarray:
    """The graph of each node, int64 [nodes]."""
    return np.repeat(np.arange(len(dataset)), dataset.num_nodes)


def edge_graph(dataset: Dataset) -> np.ndarray:
    """The graph of each edge of the given graphs, int64 [edges]."""
    return np.repeat(np.arange(len(dataset)), dataset.num_edges)


def content(dataset: Dataset, number: int, num_nodes: int) -> int:
    """A hash of the number of nodes and the edges of one graph; the order of edges is ignored."""
    edges = slice(*dataset.edge_ptr[number : number + 2])
    ends = np.stack([dataset.receivers[edges], dataset.senders[edges]])
    # Sorted, and in a fixed byte order, so that the hash is the same on every machine.
    ends = np.unique(ends, axis=1).astype("<i8")
    digest = hashlib.sha256(ends.tobytes() + str(num_nodes).encode()).digest()
    return int.from_bytes(digest[:8], "little")


def check_room(dataset: Dataset, name: str, count: np.ndarray) -> None:
    """Raise a DatasetError if the graphs would get more than MAX_EDGES edges.

    Args:
      dataset: the dataset of the graphs.
      name: name of the structure.
      count: [graphs], the number of edges of each graph.
    """
    if count.sum() > MAX_EDGES:
        worst = int(np.argmax(count))
        raise DatasetError(
            f"{name}: up to {int(count.sum()):,} edges, {int(count[worst]):,} of them in graph "
            f"{dataset.ids[worst]}, are more than {MAX_EDGES:,}. Use attention over all pairs, "
            "which needs no edges, an expander, fewer hops or smaller graphs."
        )


def check_name(name: Any) -> None:
    """Raise a DatasetError unless an edge set can have this name."""
    exact.texts([name], "name of a structure")
    if name == "graph":
        raise DatasetError("name of a structure: 'graph' is that of the given graph's edges.")
