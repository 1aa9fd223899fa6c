"""Complete graphs as edges."""

import dataclasses
from typing import ClassVar

import numpy as np

from gtx.data import Column, Dataset
from gtx.data.columns import offsets
from gtx.structures.structure import check_name, check_room, node_graph, own_nodes, with_edges


@dataclasses.dataclass(frozen=True)
class Complete:
    """An edge from each of the graph's own nodes to each other one.

    Use it for layers that read edges. Attention over all pairs needs no edges.

    Attributes:
      loops: whether to add an edge from each node to itself.
      name: name of the edge set.
    """

    loops: bool = False
    name: str = "complete"

    reads_columns: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_name(self.name)

    def columns(self) -> dict[str, Column]:
        return {}

    def __call__(self, dataset: Dataset) -> Dataset:
        own = own_nodes(dataset)
        graph = node_graph(dataset)[own]
        sizes = np.bincount(graph, minlength=len(dataset))
        check_room(dataset, self.name, sizes**2)
        # Each own node of a graph is a receiver, with all own nodes of the graph as senders.
        receivers = np.nonzero(own)[0] - dataset.node_ptr[graph]
        starts, count = offsets(sizes), sizes[graph]
        rows = np.repeat(starts[graph] - offsets(count)[:-1], count) + np.arange(count.sum())
        graph, senders = np.repeat(graph, count), receivers[rows]
        receivers = np.repeat(receivers, count)
        chosen = senders != receivers if not self.loops else np.ones(len(senders), bool)
        return with_edges(self, dataset, graph[chosen], senders[chosen], receivers[chosen])
