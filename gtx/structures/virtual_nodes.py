"""Virtual nodes: nodes that are joined to every node of their graph."""

import dataclasses

import numpy as np

from gtx.data import Column, Dataset, exact
from gtx.structures.added_nodes import with_nodes
from gtx.structures.structure import (
    OF_VIRTUAL,
    check_name,
    check_room,
    node_graph,
    own_nodes,
    with_edges,
)


@dataclasses.dataclass(frozen=True)
class VirtualNodes:
    """Nodes that are joined to every node of their graph, in both directions.

    Gilmer et al. (2017); Exphormer (Shirzad et al., 2023) has several of them. They come after the
    graph's own nodes, are not joined to each other, and have no targets. A readout treats them like
    other nodes; `gtx.nn.Pool(virtual_nodes=False)` leaves them out.

    The categorical column nodes["kind"] marks them: 0 for the graph's own nodes, and 1, 2, ... for
    the virtual nodes of a graph. Every other column of nodes and pairs holds its declared fill
    there: a category of its own, or 0 (see `gtx.data.Categorical`). In a Graphormer the distance
    to a virtual node is therefore a class of its own, as in its code. The distances and degrees of
    the other nodes are those of the graph without virtual nodes.

    The column "kind" of the edge set is 0 for an edge to a virtual node and 1 for an edge from it.
    (Exphormer also has a separate embedding for the edges of each virtual node.)

    Attributes:
      num_nodes: number of virtual nodes of each graph.
      name: name of the edge set.
    """

    num_nodes: int = 1
    name: str = "virtual"

    def __post_init__(self) -> None:
        exact.count(self.num_nodes, "virtual_nodes: num_nodes")
        check_name(self.name)

    def columns(self) -> dict[str, Column]:
        return OF_VIRTUAL

    def __call__(self, dataset: Dataset) -> Dataset:
        check_room(dataset, self.name, 2.0 * self.num_nodes * dataset.num_nodes)
        own = own_nodes(dataset)
        old = node_graph(dataset)
        place = np.arange(len(old)) - dataset.node_ptr[old]
        kinds = np.tile(np.arange(self.num_nodes), len(dataset))
        larger = with_nodes(dataset, np.full(len(dataset), self.num_nodes), kinds, self.num_nodes)
        # One edge for each of the graph's own nodes and each of its new ones.
        graph = np.repeat(old[own], self.num_nodes)
        node = np.repeat(place[own], self.num_nodes)
        number = np.tile(np.arange(self.num_nodes), int(own.sum()))
        virtual = dataset.num_nodes[graph] + number
        return with_edges(
            self,
            larger,
            np.concatenate([graph, graph]),
            np.concatenate([node, virtual]),
            np.concatenate([virtual, node]),
            kind=np.repeat([0, 1], len(node)),
        )
