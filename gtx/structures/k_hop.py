"""Edges between nodes that are a few edges apart."""

import dataclasses
from typing import ClassVar

import numpy as np
from scipy import sparse

from gtx.data import Categorical, Column, Dataset, exact
from gtx.structures.structure import check_name, check_room, edge_graph, node_graph, with_edges


@dataclasses.dataclass(frozen=True)
class KHop:
    """Edges from each node to all nodes at a distance of 2 to `hops` edges.

    Together with the graph's own edges, `edges=("graph", "k_hop")`, each node is joined once to
    every node that is at most `hops` edges away. The categorical column "hop" of the edge set is
    the distance from sender to receiver.

    Attributes:
      hops: the largest distance, at least 2.
      name: name of the edge set.
    """

    hops: int
    name: str = "k_hop"

    reads_columns: ClassVar[bool] = False

    def __post_init__(self) -> None:
        exact.count(self.hops, "k_hop: hops", low=2, high=exact.INT32_MAX - 1)
        check_name(self.name)

    def columns(self) -> dict[str, Column]:
        return dict(hop=Categorical((self.hops + 1,)))

    def __call__(self, dataset: Dataset) -> Dataset:
        senders, receivers, hop = self._walks(dataset)
        graph = node_graph(dataset)[receivers]
        first = dataset.node_ptr[graph]
        return with_edges(self, dataset, graph, senders - first, receivers - first, hop=hop)

    def _walks(self, dataset: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Senders and receivers as node numbers of the whole dataset, and their distances."""
        total = int(dataset.node_ptr[-1])
        start = dataset.node_ptr[edge_graph(dataset)]
        ends = (start + dataset.receivers, start + dataset.senders)
        step = sparse.csr_array((np.ones(len(start), np.int32), ends), shape=(total, total))
        step.data[:] = 1
        out_degree = np.bincount(step.indices, minlength=total)
        sizes, graph = dataset.num_nodes, node_graph(dataset)
        frontier = known = sparse.csr_array(sparse.eye_array(total, dtype=np.int32))
        found: list[list[np.ndarray]] = [[np.zeros(0, np.int64)], [np.zeros(0, np.int64)], []]
        found[2].append(np.zeros(0, np.int32))
        for hop in range(1, self.hops + 1):
            # Checked before the product, whose number of entries this bounds from above.
            reached = np.diff(frontier.indptr) * out_degree
            reached = np.bincount(graph, weights=reached, minlength=len(dataset))
            check_room(dataset, self.name, np.minimum(reached, sizes**2))
            frontier = step @ frontier
            frontier.data[:] = 1
            # `known` holds ones: this removes the nodes that a shorter walk has reached.
            frontier = frontier - frontier.multiply(known)
            frontier.eliminate_zeros()
            if frontier.nnz == 0:
                break
            known = known + frontier
            if hop > 1:
                receivers, senders = frontier.nonzero()
                new = (senders, receivers, np.full(len(senders), hop, np.int32))
                for part, values in zip(found, new, strict=True):
                    part.append(values)
        senders, receivers, hops = (np.concatenate(part) for part in found)
        return senders, receivers, hops
