"""Edges as nodes: a node for each edge, joined to the two ends of that edge."""

import dataclasses

import numpy as np

from gtx.data import Column, Dataset, DatasetError, EdgeTable
from gtx.structures.added_nodes import with_nodes
from gtx.structures.structure import OF_VIRTUAL, check_name, check_room, edge_graph, own_nodes


@dataclasses.dataclass(frozen=True)
class EdgeTokens:
    """A node for each edge of the given graph, which then attends as the other nodes do.

    Kim et al. (2022), TokenGT, whose tokens are the nodes and the edges of a graph. New nodes come
    last in their graph, in the order of its edges. An undirected edge is stored twice and becomes
    two nodes, as in the authors' code. The column nodes["kind"] marks them: all have the one kind
    that comes after those of virtual nodes. Other columns of nodes and pairs hold their declared
    fill, and new nodes have no targets.

    The edge set leads from the sender of each edge (its column "kind" is 0) and from the receiver
    ("kind" 1) to the node of the edge. It has the columns of the given graph's edges too, equal in
    both entries of an edge. Apply it after `VirtualNodes`, which join all nodes that are there.

    Attributes:
      name: name of the edge set.
    """

    name: str = "edge_tokens"

    def __post_init__(self) -> None:
        check_name(self.name)

    def columns(self) -> dict[str, Column]:
        """That of the roles; those of the given graph's edges come to it."""
        return OF_VIRTUAL

    def __call__(self, dataset: Dataset) -> Dataset:
        if "kind" in dataset.edges:
            raise DatasetError(
                f"{self.name}: edges have a column 'kind', which the edge set has too. Give it "
                "another name."
            )
        own_nodes(dataset)  # refuses a column of the data that is called as that of the kinds
        check_room(dataset, self.name, 2.0 * dataset.num_edges)
        graph, total = edge_graph(dataset), len(dataset.senders)
        number = np.arange(total) - dataset.edge_ptr[graph]
        token = dataset.num_nodes[graph] + number
        larger = with_nodes(dataset, dataset.num_edges, np.zeros(total, np.int64), 1)
        given = {name: np.tile(values, (2, 1)) for name, values in dataset.edges.items()}
        columns = {"kind": np.repeat([0, 1], total), **given}
        table = EdgeTable.from_edges(
            np.tile(graph, 2),
            np.concatenate([dataset.senders, dataset.receivers]),
            np.tile(token, 2),
            len(dataset),
            columns,
        )
        described = {**dataset.spec.edges, **self.columns()}
        return larger.with_edge_set(self.name, table, described)
