"""Distances and next steps along shortest paths: Graphormer's encodings of a pair of nodes.

A path leads from the receiver of a pair to its sender, and follows each edge from its sender to its
receiver, as in Graphormer's code. On a directed graph the two orders of a pair therefore differ,
and class 1 marks the pairs whose receiver has an edge to the sender. The number of edges between
two nodes and their weights do not matter. Self-loops are not part of any shortest path.

Both encodings have a definition in terms of arrays, O(n^3 log n), which also runs in a compiled
step. On the host they use a breadth-first search that stores the nodes reached from each node as
bits of 64-bit words. They have one value for every pair of nodes. For graphs that are too large for
this, let attention run along the edges of `gtx.structures.KHop` instead.
"""

import dataclasses
from typing import Any, ClassVar, Literal

import numpy as np

from gtx.data.spec import Categorical, Column
from gtx.encodings.base import MAX_NODES, Key


@dataclasses.dataclass(frozen=True)
class ShortestPathDistance:
    """The number of edges on a shortest path, as a class: Ying et al. (2021), section 3.1.2.

    Classes 0 to max_distance are distances, max_distance + 1 is any longer distance, and
    max_distance + 2 means that there is no path. Every node has distance 0 from itself.
    (Graphormer's code has one number, 510, for no path and for every path of 510 edges or more.)

    Column: pair "<name>", Categorical, [pairs, 1].

    Attributes:
      max_distance: the largest distance with a class of its own.
    """

    max_distance: int = 20
    name: str = "spd"
    level: ClassVar[Literal["pair"]] = "pair"
    symmetry: ClassVar[Literal["exact"]] = "exact"
    version: ClassVar[int] = 1

    def __post_init__(self):
        if self.max_distance < 1:
            raise ValueError(f"max_distance must be at least 1, got {self.max_distance}.")

    def columns(self) -> dict[Key, Column]:
        return {("pair", self.name): Categorical((self.max_distance + 3,))}

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        if xp is np:
            limit = min(self.max_distance, adjacency.shape[-1])
            classes = _search(adjacency, limit).astype(np.int32)
            # No distance exceeds the number of nodes. Classes above `limit` here mean no path, and
            # move to the class of no path.
            if self.max_distance > limit:
                classes[classes > limit] += self.max_distance - limit
        else:
            distance = _distance(adjacency, xp)
            near = xp.minimum(distance, self.max_distance + 1)
            classes = xp.where(xp.isinf(distance), self.max_distance + 2, near).astype(np.int32)
        return {("pair", self.name): classes[..., None]}


@dataclasses.dataclass(frozen=True)
class ShortestPaths:
    """The first node after the receiver on a shortest path to the sender.

    `gtx.nn.EdgePathEncoder` uses it to follow whole paths of any length and to read the features
    of their edges: Ying et al. (2021), section 3.1.3. The code is 0 if there is no path or if the
    two nodes are the same, otherwise 1 + the number of the node within its graph. One number per
    pair is enough, because the rest of the path is the path of the next pair. The number does not
    depend on the position of the graph in a batch. Its vocabulary is known in advance: 1 + the
    largest number of nodes that encodings accept. (Graphormer's code stores the features of every
    edge of every path. This cannot be differentiated and takes n^2 * longest path * features.)

    If there are several shortest paths, the one with the smallest node numbers is taken, compared
    from its first node on. The result therefore depends on the numbering, and the symmetry is
    "none". Where all shortest paths are unique, as in trees, an encoder that reads only the edges
    of paths does not depend on the numbering.

    Column: pair "<name>", Categorical, [pairs, 1].
    """

    name: str = "shortest_paths"
    # The default encoder of its columns in a model.
    encoder: ClassVar[dict[str, Any]] = {"name": "edge_path"}
    level: ClassVar[Literal["pair"]] = "pair"
    symmetry: ClassVar[Literal["none"]] = "none"
    version: ClassVar[int] = 1

    def columns(self) -> dict[Key, Column]:
        return {("pair", self.name): Categorical((MAX_NODES + 1,), fill=0)}

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        if xp is np:
            codes = _first_steps(adjacency)
        else:
            n = adjacency.shape[-1]
            # Axes [graph, i, p, j]: p is a successor of i that is one step nearer to j.
            distance = _distance(adjacency, xp)
            nearer = (distance[:, None] + 1 == distance[:, :, None]) & ~xp.isinf(distance)[:, None]
            onward = nearer & (xp.swapaxes(adjacency, 1, 2) > 0)[..., None]
            number = np.arange(1, n + 1, dtype=np.int32)[:, None]
            codes = xp.where(onward, number, n + 1).min(axis=2, initial=n + 1) % (n + 1)
        return {("pair", self.name): codes.astype(np.int32)[..., None]}


def _distance(adjacency: Any, xp: Any) -> Any:
    """Distances [graphs, from, to] by min-plus squaring; infinite where there is no path."""
    n = adjacency.shape[-1]
    edge = xp.where(xp.swapaxes(adjacency, 1, 2) > 0, 1.0, np.inf)
    distance = xp.where(np.eye(n, dtype=bool), 0.0, edge)
    for _ in range(max(n - 2, 0).bit_length()):  # paths of up to 1, 2, 4, ... edges
        distance = (distance[..., None] + distance[:, None]).min(axis=2)
    return distance


def _search(adjacency: np.ndarray, limit: int) -> np.ndarray:
    """Distances [graphs, from, to]; limit + 1 for longer ones, limit + 2 if there is no path.

    Row i of `reached` has one bit for each node, set if node i reaches it within the current number
    of steps. One more step is the bitwise OR with the rows of the successors of i. The distances
    are collected in the same form: one matrix of bits (`planes`) for each binary digit.
    """
    graphs, n, _ = adjacency.shape
    if adjacency.size == 0:
        return np.zeros(adjacency.shape, np.uint8)
    links = _links(adjacency)
    # Rows are sorted by their number of successors: slot s is then a prefix of the rows, and no
    # index array of rows is needed.
    order, place, slots = _successors(links)
    start, everything = _pack(np.eye(n, dtype=bool)), _pack(np.ones((1, n), bool))
    reached = np.tile(start, (graphs, 1))[order]
    further = _pack(links.reshape(-1, n))[order] | reached
    planes = np.zeros((int(limit + 2).bit_length(), *reached.shape), reached.dtype)
    step = 1
    while (fresh := further ^ reached).any():
        _mark(planes, fresh, min(step, limit + 1))
        reached, further, step = further, further.copy(), step + 1
        for successors in slots:
            rows = further[: len(successors)]
            np.bitwise_or(rows, reached.take(successors, axis=0), out=rows)
    _mark(planes, everything ^ reached, limit + 2)

    distance = np.zeros(8 * reached.nbytes, np.min_scalar_type(limit + 2))
    for plane in planes[::-1]:
        distance += distance
        distance += np.unpackbits(plane.view(np.uint8).reshape(-1), bitorder="little")
    rows = distance.reshape(len(place), -1).take(place, axis=0)
    return rows.reshape(graphs, n, -1)[:, :, :n]


def _mark(planes: np.ndarray, pairs: np.ndarray, value: int) -> None:
    for place, plane in enumerate(planes):
        if value >> place & 1:
            plane |= pairs


def _pack(pairs: np.ndarray) -> np.ndarray:
    """Bool [rows, n] as [rows, words]: one word of 8 to 64 bits, or several of 64 bits."""
    rows, n = pairs.shape
    bits = next((bits for bits in (8, 16, 32) if n <= bits), 64)
    padded = np.zeros((rows, -(-n // bits) * bits), bool)
    padded[:, :n] = pairs
    words = np.packbits(padded, bitorder="little").view(np.dtype(f"u{bits // 8}"))
    return words.reshape(rows, -1)


def _links(adjacency: np.ndarray) -> np.ndarray:
    """Whether there is an edge, bool [graphs, from, to], contiguous and without self-loops."""
    links = np.ascontiguousarray(np.swapaxes(adjacency > 0, 1, 2))
    np.einsum("gii->gi", links)[...] = False  # a view of the diagonals
    return links


def _successors(links: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """The rows (one for each node of each graph) by falling number of successors.

    Returns the rows in this order, the place of each row in it, and a list. Entry s of the list
    holds the place of the s-th successor of every row that has more than s successors.
    """
    graphs, n, _ = links.shape
    pair = np.flatnonzero(links)
    row = pair // n
    successor = pair - row * n + row // n * n
    degree = np.bincount(row, minlength=graphs * n)
    order = np.argsort((n - degree).astype(np.uint16), kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    first, degree = (np.cumsum(degree) - degree)[order], degree[order]
    counts = np.searchsorted(-degree, -np.arange(degree.max(initial=0)))
    slots = [place[successor[first[:count] + slot]] for slot, count in enumerate(counts)]
    return order, place, slots


def _first_steps(adjacency: np.ndarray) -> np.ndarray:
    """1 + the smallest successor of i that is one step nearer to j, else 0: [graphs, i, j]."""
    graphs, n, _ = adjacency.shape
    if adjacency.size == 0:
        return np.zeros(adjacency.shape, np.int32)
    order, place, slots = _successors(_links(adjacency))
    distance = _search(adjacency, n).reshape(graphs * n, n)[order].astype(np.int16)
    distance[distance > n] = -2  # no path: no successor can have this distance minus one
    codes = np.zeros((graphs * n, n), np.int16)
    for successors in slots[::-1]:  # the smallest successor comes last and overwrites the others
        count = len(successors)
        nearer = distance.take(successors, axis=0) + 1 == distance[:count]
        number = (order[successors] % n + 1).astype(codes.dtype)
        np.copyto(codes[:count], number[:, None], where=nearer)
    return codes.take(place, axis=0).reshape(adjacency.shape)
