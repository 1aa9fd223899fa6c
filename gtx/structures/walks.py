"""Random walks along the edges of a graph, as the visits that they pay to nodes."""

import dataclasses
from typing import ClassVar

import numpy as np

from gtx.data import Categorical, Column, Dataset, DatasetError, exact
from gtx.data.columns import offsets
from gtx.structures.structure import (
    MAX_EDGES,
    check_name,
    check_room,
    content,
    edge_graph,
    node_graph,
    own_nodes,
    with_edges,
)

# Bits of a number in the column "adjacency".
_BITS = 16
# Up to this number of pairs of nodes, whether an edge joins two is looked up in a table of all.
_TABLE = 2**28


@dataclasses.dataclass(frozen=True)
class Walks:
    """One random walk from each of the graph's own nodes, for models that read walks as sequences.

    NeuralWalker (Chen et al., 2025). A walk follows edges from sender to receiver, and takes one
    at random that does not lead back to the node it came from, unless no other does. It stops
    early at a node without outgoing edges. Repeated edges are drawn as often as they are there.

    The edge set has an edge for each visit, from the node where the walk starts to the one that
    it visits. Its columns, of which a layer makes the sequences:
      - "position": at which place of the walk, from 0.
      - "edge": 1 + the number in the graph of the edge by which the walk goes on; 0 at its end.
      - "adjacency": bit s - 1 says whether an edge leads to this node from the one that the walk
        visited 1 + s places before, for s from 1 to `window` - 1; 16 bits in a number.

    The draw of a graph depends on `seed`, its nodes and its edges. So it is the same in every
    dataset, in every epoch and at prediction. The authors draw anew whenever they read a graph,
    and average the test score over five draws.

    Attributes:
      length: nodes of a walk.
      window: to how many nodes before it a visited node is compared, at least 2.
      rate: probability that a walk starts at a node.
      seed: of all draws, together with the content of each graph.
      name: name of the edge set.
    """

    length: int = 50
    window: int = 8
    rate: float = 1.0
    seed: int = 0
    name: str = "walks"

    reads_columns: ClassVar[bool] = False

    def __post_init__(self) -> None:
        exact.count(self.length, "walks: length", high=2**16)
        exact.count(self.window, "walks: window", low=2, high=2**10)
        exact.count(self.seed, "walks: seed", low=0, high=2**63)
        if not 0 < self.rate <= 1:
            raise DatasetError(f"walks: rate must be above 0 and at most 1, got {self.rate}.")
        check_name(self.name)

    def columns(self) -> dict[str, Column]:
        whole, rest = divmod(self.window - 1, _BITS)
        bits = [2**_BITS] * whole + [2**rest] * (rest > 0)
        return dict(
            position=Categorical((self.length,)),
            edge=Categorical((MAX_EDGES + 1,), fill=0),
            adjacency=Categorical(tuple(bits)),
        )

    def __call__(self, dataset: Dataset) -> Dataset:
        own = own_nodes(dataset)
        sizes = np.bincount(node_graph(dataset)[own], minlength=len(dataset))
        check_room(dataset, self.name, sizes * self.length)
        starts, uniform = self._draws(dataset, own)
        nodes, edges = _walk(dataset, starts, uniform)
        adjacency = _adjacent(dataset, nodes, self.window - 1)
        real = nodes >= 0
        row, place = np.nonzero(real)
        graph = node_graph(dataset)[starts[row]]
        first = dataset.node_ptr[graph]
        own_edge = edges[real] - dataset.edge_ptr[graph]
        return with_edges(
            self,
            dataset,
            graph,
            starts[row] - first,
            nodes[real] - first,
            position=place,
            edge=np.where(edges[real] < 0, 0, 1 + own_edge),
            adjacency=adjacency[real],
        )

    def _draws(self, dataset: Dataset, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The nodes where walks start, and uniform numbers [walks, length - 1] for their steps."""
        starts, uniform = [np.zeros(0, np.int64)], [np.zeros((0, self.length - 1))]
        for number in range(len(dataset)):
            first, end = dataset.node_ptr[number : number + 2]
            nodes = first + np.nonzero(own[first:end])[0]
            rng = np.random.default_rng((self.seed, content(dataset, number, len(nodes))))
            nodes = nodes[rng.random(len(nodes)) < self.rate]
            starts.append(nodes)
            uniform.append(rng.random((len(nodes), self.length - 1)))
        return np.concatenate(starts), np.concatenate(uniform)


def _walk(
    dataset: Dataset, starts: np.ndarray, uniform: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and edges of the walks as numbers of the whole dataset, -1 where there is none.

    int64 [walks, length] each; an edge stands at the node that it leaves.
    """
    shape = len(starts), uniform.shape[1] + 1
    nodes, edges = np.full(shape, -1), np.full(shape, -1)
    order, keys, targets, degree = _outgoing(dataset)
    total, first = len(degree), offsets(degree)
    nodes[:, 0], before = starts, np.full(len(starts), -1)
    for step in range(shape[1] - 1):
        at = nodes[:, step]
        # Outgoing edges are sorted by receiver, so that those back to the last node are adjacent.
        back = (
            np.searchsorted(keys, at * total + before),
            np.searchsorted(keys, at * total + before, side="right"),
        )
        count = np.where(before < 0, 0, back[1] - back[0])
        moves = (at >= 0) & (degree[at] > 0)
        free = degree[at] - count
        skips = moves & (count > 0) & (free > 0)
        options = np.where(free > 0, free, count)
        choice = np.minimum((uniform[:, step] * options).astype(np.int64), options - 1)
        place = np.where(free > 0, first[at], back[0]) + choice
        place = np.where(skips & (place >= back[0]), place + count, place)
        place = np.where(moves, place, 0)
        if not moves.any():
            break
        edges[:, step] = np.where(moves, order[place], -1)
        nodes[:, step + 1] = np.where(moves, targets[place], -1)
        before = at
    return nodes, edges


def _outgoing(dataset: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Edges sorted by sender and receiver: their numbers, keys and receivers; out-degrees."""
    start, total = dataset.node_ptr[edge_graph(dataset)], int(dataset.node_ptr[-1])
    senders, receivers = start + dataset.senders, start + dataset.receivers
    order = np.lexsort((receivers, senders))
    keys = (senders * total + receivers)[order]
    return order, keys, receivers[order], np.bincount(senders, minlength=total)


def _adjacent(dataset: Dataset, nodes: np.ndarray, window: int) -> np.ndarray:
    """Whether an edge leads to a visited node from that of 2, 3, ... places before.

    Args:
      dataset: the graphs.
      nodes: int64 [walks, length], -1 where a walk has stopped.
      window: how many places there are, each a bit.

    Returns:
      int32 [walks, length, numbers of 16 bits], the nearest place in the lowest bit of the first.
    """
    total = int(dataset.node_ptr[-1])
    sizes, graph, keys = dataset.num_nodes, node_graph(dataset), _outgoing(dataset)[1]
    if (sizes**2).sum() <= _TABLE:
        # A table of all pairs; `row` is where that of a sender begins, less its first node.
        first = offsets(sizes**2)[:-1] - dataset.node_ptr[:-1] * (1 + sizes)
        row = first[graph] + np.arange(total) * sizes[graph]
        table = np.zeros(int((sizes**2).sum()), bool)
        table[row[keys // max(total, 1)] + keys % max(total, 1)] = True
    else:
        row, table = np.arange(total) * total, None
    found = np.zeros((*nodes.shape, -(-window // _BITS)), np.int32)
    for place in range(2, nodes.shape[1]):
        rows = np.nonzero(nodes[:, place] >= 0)[0]  # the nodes before it are then visited too
        for back in range(1, min(window + 1, place)):
            pairs = row[nodes[rows, place - 1 - back]] + nodes[rows, place]
            if table is None:
                nearest = np.minimum(np.searchsorted(keys, pairs), len(keys) - 1)
                adjacent = keys[nearest] == pairs
            else:
                adjacent = table[pairs]
            number, bit = divmod(back - 1, _BITS)
            found[rows, place, number] |= adjacent.astype(np.int32) << bit
    return found
