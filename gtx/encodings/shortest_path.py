"""Distances and next steps along shortest paths: what Graphormer knows of a pair of nodes.

A path leads from the receiver of a pair to its sender, along edges from their senders to their
receivers, as in Graphormer's code: on a directed graph the two orders of a pair differ, and
class 1 marks the pairs whose receiver has an edge to the sender. Only whether there is an edge
counts, not how many or of what weight; self-loops are on no shortest path.

Both encodings have a definition for any array namespace, O(n^3 log n), and a breadth-first
search for the host that keeps the nodes reached from each node as bits of 64-bit words. They
are dense in pairs. For graphs too large for that, attend along the edges that
`gtx.structures.KHop` makes, instead of biasing attention over all pairs.
"""

import dataclasses
from typing import Any, ClassVar, Literal

import numpy as np

from gtx.data.spec import Categorical, Column
from gtx.encodings.base import MAX_NODES, Key


@dataclasses.dataclass(frozen=True)
class ShortestPathDistance:
    """The number of edges on a shortest path, as a class: Ying et al. (2021), section 3.1.2.

    Classes 0 to max_distance are distances, max_distance + 1 is any longer distance and
    max_distance + 2 says that there is no path. Every node has distance 0 from itself.
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
            if self.max_distance > limit:  # no distance is: these have no path
                classes[classes > limit] += self.max_distance - limit
        else:
            distance = _distance(adjacency, xp)
            near = xp.minimum(distance, self.max_distance + 1)
            classes = xp.where(xp.isinf(distance), self.max_distance + 2, near).astype(np.int32)
        return {("pair", self.name): classes[..., None]}


@dataclasses.dataclass(frozen=True)
class ShortestPaths:
    """The first node after the receiver on a shortest path to the sender.

    From it `gtx.nn.EdgePathEncoder` follows whole paths, of any length, and reads the features
    of their edges: Ying et al. (2021), section 3.1.3. Codes are 0 where there is no path or
    the two nodes are one, else 1 + the number of the node within its graph. Such a number
    means the same wherever the graph stands in a batch, one per pair is all that a path needs
    (the rest of the path is that of the next pair), and its vocabulary is known before any
    graph is: 1 + the largest number of nodes that encodings take. (Graphormer's code stores
    the features of every edge of every path, which cannot be differentiated and takes
    n^2 * longest path * features.)

    Of several shortest paths it takes the one whose nodes have the smallest numbers, the first
    one first. So the numbering matters even to an encoder that looks at edges only, and the
    symmetry is "none"; where all shortest paths are unique, as in trees, such an encoder does
    not depend on the numbering.

    Column: pair "<name>", Categorical, [pairs, 1].
    """

    name: str = "shortest_paths"
    # What learns from its columns, where a model does not say otherwise.
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
            distance = _distance(adjacency, xp)  # i to j, of [i, p, j] below
            nearer = (distance[:, None] + 1 == distance[:, :, None]) & ~xp.isinf(distance)[:, None]
            onward = nearer & (xp.swapaxes(adjacency, 1, 2) > 0)[..., None]
            number = np.arange(1, n + 1, dtype=np.int32)[:, None]
            codes = xp.where(onward, number, n + 1).min(axis=2, initial=n + 1) % (n + 1)
        return {("pair", self.name): codes.astype(np.int32)[..., None]}


def _distance(adjacency: Any, xp: Any) -> Any:
    """Distances [graphs, from, to], infinite where there is no path: min-plus squaring."""
    n = adjacency.shape[-1]
    edge = xp.where(xp.swapaxes(adjacency, 1, 2) > 0, 1.0, np.inf)
    distance = xp.where(np.eye(n, dtype=bool), 0.0, edge)
    for _ in range(max(n - 2, 0).bit_length()):  # paths of up to 1, 2, 4, ... edges
        distance = (distance[..., None] + distance[:, None]).min(axis=2)
    return distance


def _search(adjacency: np.ndarray, limit: int) -> np.ndarray:
    """Distances [graphs, from, to]; limit + 1 for longer ones, limit + 2 where no path is.

    A row of `reached` has a bit for each node within so many steps of one node; a step joins
    to it the rows of the node's successors. Each bit of the distances is such a matrix too.
    """
    graphs, n, _ = adjacency.shape
    if adjacency.size == 0:
        return np.zeros(adjacency.shape, np.uint8)
    links = _links(adjacency)
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
    """Bool [rows, n] as [rows, words]: one word of up to 64 bits, or as many of 64 as needed."""
    rows, n = pairs.shape
    bits = next((bits for bits in (8, 16, 32) if n <= bits), 64)
    padded = np.zeros((rows, -(-n // bits) * bits), bool)
    padded[:, :n] = pairs
    words = np.packbits(padded, bitorder="little").view(np.dtype(f"u{bits // 8}"))
    return words.reshape(rows, -1)


def _links(adjacency: np.ndarray) -> np.ndarray:
    """Whether there is an edge, bool [graphs, from, to], in this order in memory; no loops."""
    links = np.ascontiguousarray(np.swapaxes(adjacency > 0, 1, 2))
    np.einsum("gii->gi", links)[...] = False  # a view of the diagonals
    return links


def _successors(links: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """The rows (a node of a graph each) with most successors first, and their successors.

    Returns the rows in this order, the place of each row in it, and a list whose entry s has
    the s-th successor of all rows that have so many, as a place.
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
    distance[distance > n] = -2  # nothing is one step nearer than no path
    codes = np.zeros((graphs * n, n), np.int16)
    for successors in slots[::-1]:  # the smallest last
        count = len(successors)
        nearer = distance.take(successors, axis=0) + 1 == distance[:count]
        number = (order[successors] % n + 1).astype(codes.dtype)
        np.copyto(codes[:count], number[:, None], where=nearer)
    return codes.take(place, axis=0).reshape(adjacency.shape)
