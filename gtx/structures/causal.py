"""Edges from each node to all later ones: the graph that a causal attention runs over."""

import dataclasses
from typing import ClassVar

import numpy as np

from gtx.data import Column, Dataset, exact
from gtx.data.columns import offsets
from gtx.structures.structure import check_name, check_room, node_graph, own_nodes, with_edges


@dataclasses.dataclass(frozen=True)
class Causal:
    """An edge to each of the graph's own nodes from itself and from the nodes before it.

    The order is that of the nodes of a graph. Apart from the edge of a node to itself this is a
    directed graph without cycles, over which the attention of a language model is message passing
    (Joshi, 2025, section 1.1).

    Attributes:
      window: how many nodes before it a node sees; 0 for all.
      name: name of the edge set.
    """

    window: int = 0
    name: str = "causal"

    reads_columns: ClassVar[bool] = False

    def __post_init__(self) -> None:
        exact.count(self.window, "causal: window", low=0)
        check_name(self.name)

    def columns(self) -> dict[str, Column]:
        return {}

    def __call__(self, dataset: Dataset) -> Dataset:
        own = own_nodes(dataset)
        graph = node_graph(dataset)[own]
        sizes = np.bincount(graph, minlength=len(dataset))
        starts = offsets(sizes)[:-1]
        place = np.arange(len(graph)) - starts[graph]
        count = place + 1 if self.window == 0 else np.minimum(place, self.window) + 1
        check_room(dataset, self.name, np.bincount(graph, weights=count, minlength=len(dataset)))
        # Of each receiver the first edge comes from the earliest node that it sees.
        nodes = np.nonzero(own)[0] - dataset.node_ptr[graph]
        first = np.arange(len(graph)) - count + 1
        rows = np.repeat(first - offsets(count)[:-1], count) + np.arange(count.sum())
        receivers = np.repeat(nodes, count)
        return with_edges(self, dataset, np.repeat(graph, count), nodes[rows], receivers)
