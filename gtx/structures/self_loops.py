"""Self-loops: an edge from each node to itself."""

import dataclasses
from typing import ClassVar

import numpy as np

from gtx.data import Column, Dataset
from gtx.structures.structure import check_name, edge_graph, node_graph, with_edges


@dataclasses.dataclass(frozen=True)
class SelfLoops:
    """An edge from each node, virtual ones included, to itself, if the graph does not have one.

    A layer over `("graph", "self_loops")` then has a self-loop at every node. (If the graph's own
    edges contain one twice, it stays twice.)

    Attributes:
      name: name of the edge set.
    """

    name: str = "self_loops"

    reads_columns: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_name(self.name)

    def columns(self) -> dict[str, Column]:
        return {}

    def __call__(self, dataset: Dataset) -> Dataset:
        has_loop = np.zeros(dataset.node_ptr[-1], bool)
        own = dataset.senders == dataset.receivers
        has_loop[dataset.node_ptr[edge_graph(dataset)][own] + dataset.receivers[own]] = True
        graph = node_graph(dataset)
        node = np.arange(len(graph)) - dataset.node_ptr[graph]
        return with_edges(self, dataset, graph[~has_loop], node[~has_loop], node[~has_loop])
