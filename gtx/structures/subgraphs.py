"""The subgraph around each node, as the edges inside it."""

import dataclasses
from typing import ClassVar

import numpy as np
from scipy import sparse

from gtx.data import Categorical, Column, Dataset, exact
from gtx.structures.structure import (
    MAX_EDGES,
    check_name,
    check_room,
    edge_graph,
    node_graph,
    with_edges,
)


@dataclasses.dataclass(frozen=True)
class Subgraphs:
    """For each node v, the edges of the graph between nodes that reach v in at most `hops` steps.

    SAT (Chen, O'Bray and Borgwardt, 2022), whose k-subgraph extractor runs a GNN on the subgraph of
    each node. It is induced: an edge belongs to it if both of its ends do, on whatever path they
    reach v. A node that nothing reaches is alone in its subgraph, which then has no edge.

    The edge set has an edge for each v and each edge of its subgraph, from the receiver of that
    edge to v. The column "edge" is 1 + the number of that edge in the graph.

    Attributes:
      hops: k.
      name: name of the edge set.
    """

    hops: int
    name: str = "subgraphs"

    reads_columns: ClassVar[bool] = False

    def __post_init__(self) -> None:
        exact.count(self.hops, "subgraphs: hops")
        check_name(self.name)

    def columns(self) -> dict[str, Column]:
        return dict(edge=Categorical((MAX_EDGES + 1,), fill=0))

    def __call__(self, dataset: Dataset) -> Dataset:
        total, count = int(dataset.node_ptr[-1]), len(dataset.senders)
        graph = node_graph(dataset)
        first = dataset.node_ptr[edge_graph(dataset)]
        ends = first + dataset.senders, first + dataset.receivers
        # Rows are receivers or centres, and all entries are ones.
        step = _ones(*ends[::-1], (total, total))
        into = np.diff(step.indptr)
        inside = sparse.csr_array(sparse.eye_array(total, dtype=np.int32))
        for _ in range(self.hops):
            # Checked before the product, whose number of entries this bounds from above.
            bound = np.bincount(graph, weights=inside @ into, minlength=len(dataset))
            check_room(dataset, self.name, np.minimum(bound, dataset.num_nodes**2))
            before, inside = inside.nnz, inside + inside @ step
            inside.data[:] = 1
            if inside.nnz == before:
                break
        degree = np.bincount(ends[0], minlength=total)
        reached = np.bincount(graph, weights=inside @ degree, minlength=len(dataset))
        check_room(dataset, self.name, reached)
        edges = np.arange(count)
        both = [inside @ _ones(end, edges, (total, count)) for end in ends]
        centre, edge = both[0].multiply(both[1]).nonzero()
        own = graph[centre]
        return with_edges(
            self,
            dataset,
            own,
            dataset.receivers[edge],
            centre - dataset.node_ptr[own],
            edge=1 + edge - dataset.edge_ptr[own],
        )


def _ones(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> sparse.csr_array:
    """A matrix of ones at these places, however often they are given."""
    matrix = sparse.csr_array((np.ones(len(rows), np.int32), (rows, columns)), shape=shape)
    matrix.data[:] = 1
    return matrix
