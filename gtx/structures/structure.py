"""What a structure is, and what its makers share."""

import hashlib
from typing import Any, Protocol, runtime_checkable

import numpy as np

from gtx.data import Categorical, Column, Dataset, DatasetError, EdgeTable, exact

# Senders and receivers of so many edges take 2 GiB.
MAX_EDGES = 2**28
# The columns of the edge set that virtual nodes come with.
OF_VIRTUAL: dict[str, Column] = dict(kind=Categorical((2,)))


@runtime_checkable
class Structure(Protocol):
    """A frozen dataclass that adds an edge set to a dataset, and nodes if it needs any."""

    @property
    def name(self) -> str:
        """Of the edge set, by which layers find it: `edges=(name,)`."""
        ...

    def __call__(self, dataset: Dataset) -> Dataset:
        """The dataset with the edge set. Its graphs and what they have stay as they are."""
        ...

    def columns(self) -> dict[str, Column]:
        """What the columns of the edge set are; the same for all graphs."""
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
      structure: whose name and columns they get.
      dataset: of which they are.
      graph: int [edges], the graph of each edge.
      senders, receivers: int [edges], local to the graph.
      **columns: int or float [edges].
    """
    table = EdgeTable.from_edges(graph, senders, receivers, len(dataset), columns)
    return dataset.with_edge_set(structure.name, table, structure.columns())


def own_nodes(dataset: Dataset) -> np.ndarray:
    """Which nodes are the graphs' own and not virtual, bool [nodes].

    Raises:
      DatasetError: the data have a column nodes["kind"] of their own, which would be taken for
        that of virtual nodes.
    """
    if "kind" not in dataset.nodes:
        return np.ones(dataset.node_ptr[-1], bool)
    if not any(columns == OF_VIRTUAL for columns in dataset.spec.edge_sets.values()):
        raise DatasetError(
            "dataset: nodes have a column 'kind' that no structure wrote. Give it another name."
        )
    return dataset.nodes["kind"][:, 0] == 0


def node_graph(dataset: Dataset) -> np.ndarray:
    """The graph of each node, int64 [nodes]."""
    return np.repeat(np.arange(len(dataset)), dataset.num_nodes)


def edge_graph(dataset: Dataset) -> np.ndarray:
    """The graph of each edge of the given graphs, int64 [edges]."""
    return np.repeat(np.arange(len(dataset)), dataset.num_edges)


def content(dataset: Dataset, number: int, num_nodes: int) -> int:
    """A hash of the nodes and edges of one graph, whatever the order of the edges."""
    edges = slice(*dataset.edge_ptr[number : number + 2])
    ends = np.stack([dataset.receivers[edges], dataset.senders[edges]])
    ends = np.unique(ends, axis=1).astype("<i8")
    digest = hashlib.sha256(ends.tobytes() + str(num_nodes).encode()).digest()
    return int.from_bytes(digest[:8], "little")


def check_room(dataset: Dataset, name: str, count: np.ndarray) -> None:
    """Raise a DatasetError if graphs would get more edges than memory has room for.

    Args:
      dataset: of the graphs.
      name: of the structure.
      count: [graphs], edges of each.
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
