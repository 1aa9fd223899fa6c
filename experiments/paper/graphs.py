"""The graphs of the claims, as adjacency matrices [receiver, sender] of zeros and ones."""

from collections.abc import Sequence

import numpy as np


def path(n: int) -> np.ndarray:
    """Nodes 0 to n - 1 in a row."""
    return np.eye(n, k=1) + np.eye(n, k=-1)


def ring(n: int) -> np.ndarray:
    """A cycle of n >= 3 nodes."""
    return circulant(n, (1,))


def circulant(n: int, steps: Sequence[int]) -> np.ndarray:
    """Each node is joined to the nodes `steps` ahead and behind. CSL graphs have (1, skip)."""
    adjacency = np.zeros((n, n))
    for step in steps:
        rows = np.arange(n)
        adjacency[rows, (rows + step) % n] = adjacency[rows, (rows - step) % n] = 1
    return adjacency


def complete(n: int, *, loops: bool = False) -> np.ndarray:
    """All pairs of nodes, with `loops` also each node with itself."""
    return np.ones((n, n)) - (0 if loops else np.eye(n))


def product(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """The Cartesian product; node (i, j) has number i * len(two) + j."""
    return np.kron(one, np.eye(len(two))) + np.kron(np.eye(len(one)), two)


def grid(rows: int, columns: int) -> np.ndarray:
    """The square lattice; node (i, j) has number i * columns + j."""
    return product(path(rows), path(columns))


def binary_tree(depth: int) -> np.ndarray:
    """The complete binary tree; node 0 is the root, the last 2^depth nodes are the leaves."""
    n = 2 ** (depth + 1) - 1
    adjacency = np.zeros((n, n))
    child = np.arange(1, n)
    adjacency[child, (child - 1) // 2] = adjacency[(child - 1) // 2, child] = 1
    return adjacency


def union(*parts: np.ndarray) -> np.ndarray:
    """The disjoint union: the graphs side by side, without an edge between them."""
    n = sum(map(len, parts))
    adjacency, start = np.zeros((n, n)), 0
    for part in parts:
        stop = start + len(part)
        adjacency[start:stop, start:stop] = part
        start = stop
    return adjacency


def with_edges(n: int, edges: Sequence[tuple[int, int]]) -> np.ndarray:
    """N nodes and the undirected edges between the pairs that are listed."""
    adjacency = np.zeros((n, n))
    for one, two in edges:
        adjacency[one, two] = adjacency[two, one] = 1
    return adjacency


def decalin() -> np.ndarray:
    """Two six-rings that share a bond."""
    return with_edges(10, [*((i, (i + 1) % 10) for i in range(10)), (0, 5)])


def bicyclopentyl() -> np.ndarray:
    """Two five-rings joined by a bond."""
    rings = [(s + i, s + (i + 1) % 5) for s in (0, 5) for i in range(5)]
    return with_edges(10, [*rings, (0, 5)])


def rook() -> np.ndarray:
    """The 4 x 4 rook's graph, strongly regular (16, 6, 2, 2)."""
    return product(complete(4), complete(4))


def shrikhande() -> np.ndarray:
    """The other graph with these parameters: Z4 x Z4 with steps (1, 0), (0, 1) and (1, 1)."""
    one = np.roll(np.eye(4), 1, axis=1)
    steps = [np.kron(one, np.eye(4)), np.kron(np.eye(4), one), np.kron(one, one)]
    return sum(step + step.T for step in steps)


def random_graph(rng: np.random.Generator, n: int, density: float) -> np.ndarray:
    """Undirected and without self-loops. Each pair is joined with probability `density`."""
    upper = np.triu(rng.random((n, n)) < density, 1).astype(float)
    return upper + upper.T


def block_model(
    rng: np.random.Generator, sizes: Sequence[int], inside: float, outside: float
) -> np.ndarray:
    """A stochastic block model, made connected by a path through all nodes."""
    block = np.repeat(np.arange(len(sizes)), sizes)
    chance = np.where(block[:, None] == block, inside, outside)
    upper = np.triu(rng.random(chance.shape) < chance, 1).astype(float)
    return np.minimum(upper + upper.T + path(len(block)), 1)


def looped(adjacency: np.ndarray) -> np.ndarray:
    """The graph with an edge from every node to itself."""
    return np.maximum(adjacency, np.eye(len(adjacency)))


def distances(adjacency: np.ndarray) -> np.ndarray:
    """The length of a shortest path between any two nodes; infinite where there is none."""
    n = len(adjacency)
    distance, reached, within = np.full((n, n), np.inf), np.eye(n, dtype=bool), 0
    while True:
        distance[reached & np.isinf(distance)] = within
        further = reached | (reached.astype(float) @ adjacency.T > 0)
        if (further == reached).all():
            return distance
        reached, within = further, within + 1
