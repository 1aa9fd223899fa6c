"""The graphs of the claims, as adjacency matrices [receiver, sender], and batches made of them."""

from collections.abc import Iterable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from gtx import batching
from gtx.batch import Batch
from gtx.data import Dataset
from gtx.encodings import Encoding
from gtx.ops import split_pairs


def path(n: int) -> np.ndarray:
    return np.eye(n, k=1) + np.eye(n, k=-1)


def ring(n: int) -> np.ndarray:
    """A cycle of n >= 3 nodes."""
    return circulant(n, (1,))


def circulant(n: int, steps: Sequence[int]) -> np.ndarray:
    """Each node joined to those so many steps ahead and behind; CSL graphs are (1, skip)."""
    adjacency = np.zeros((n, n))
    for step in steps:
        rows = np.arange(n)
        adjacency[rows, (rows + step) % n] = adjacency[rows, (rows - step) % n] = 1
    return adjacency


def complete(n: int, *, loops: bool = False) -> np.ndarray:
    return np.ones((n, n)) - (0 if loops else np.eye(n))


def product(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """The Cartesian product; node (i, j) has number i * len(two) + j."""
    return np.kron(one, np.eye(len(two))) + np.kron(np.eye(len(one)), two)


def grid(rows: int, columns: int) -> np.ndarray:
    return product(path(rows), path(columns))


def binary_tree(depth: int) -> np.ndarray:
    """The complete binary tree; node 0 is the root, the last 2^depth nodes are the leaves."""
    n = 2 ** (depth + 1) - 1
    adjacency = np.zeros((n, n))
    child = np.arange(1, n)
    adjacency[child, (child - 1) // 2] = adjacency[(child - 1) // 2, child] = 1
    return adjacency


def union(*parts: np.ndarray) -> np.ndarray:
    """Side by side, not joined."""
    n = sum(map(len, parts))
    adjacency, start = np.zeros((n, n)), 0
    for part in parts:
        stop = start + len(part)
        adjacency[start:stop, start:stop] = part
        start = stop
    return adjacency


def with_edges(n: int, edges: Sequence[tuple[int, int]]) -> np.ndarray:
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
    """Undirected, each pair joined with this chance; no self-loops."""
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
    """With an edge from every node to itself."""
    return np.maximum(adjacency, np.eye(len(adjacency)))


def distances(adjacency: np.ndarray) -> np.ndarray:
    """Edges of a shortest path between any two nodes, infinite where there is none."""
    n = len(adjacency)
    distance, reached, within = np.full((n, n), np.inf), np.eye(n, dtype=bool), 0
    while True:
        distance[reached & np.isinf(distance)] = within
        further = reached | (reached.astype(float) @ adjacency.T > 0)
        if (further == reached).all():
            return distance
        reached, within = further, within + 1


def edge_list(
    adjacency: np.ndarray, rng: np.random.Generator | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Senders and receivers, int32: receivers in order, or shuffled by `rng`."""
    receivers, senders = np.nonzero(adjacency)
    if rng is not None:
        order = rng.permutation(len(senders))
        senders, receivers = senders[order], receivers[order]
    return senders.astype(np.int32), receivers.astype(np.int32)


def batch_of(adjacencies: Sequence[np.ndarray]) -> Batch:
    """One batch without columns: nodes in order, one padding node behind them."""
    lists = [edge_list(adjacency) for adjacency in adjacencies]
    senders, receivers = (np.concatenate(side) for side in zip(*lists, strict=True))
    dataset = Dataset.from_columns(
        node_ptr=np.cumsum([0, *map(len, adjacencies)]),
        edge_ptr=np.cumsum([0, *(len(one) for one, _ in lists)]),
        senders=senders,
        receivers=receivers,
    )
    return batching.batch_graphs(dataset)


def with_columns(batch: Batch, columns: Sequence[dict[tuple[str, str], np.ndarray]]) -> Batch:
    """Columns of encodings, in their own precision.

    Args:
      batch: of `batch_of`.
      columns: for each graph (level, name) -> [nodes, ...], [nodes, nodes, ...] or [...].
    """
    found: dict[str, dict[str, Any]] = dict(node={}, pair={}, graph={})
    for level, name in columns[0]:
        parts = [np.asarray(own[level, name]) for own in columns]
        if level == "graph":
            rows = np.stack([*parts, np.zeros_like(parts[0])])
        elif level == "node":
            padding = np.zeros((len(batch.node_mask) - sum(map(len, parts)), *parts[0].shape[1:]))
            rows = np.concatenate([*parts, padding])
        else:
            rows = np.zeros((len(batch.pair_mask), *parts[0].shape[2:]), parts[0].dtype)
            (tier,) = split_pairs(rows, batch.layout.tiers)
            for place, part in zip(tier, parts, strict=True):
                place[: len(part), : len(part)] = part
        found[level][name] = jnp.asarray(rows)
    graph = batch.graph._replace(nodes=found["node"], globals=found["graph"])
    return batch.replace(graph=graph, pairs=found["pair"])


def encoded(encoding: Encoding, adjacencies: Iterable[np.ndarray]) -> list[dict]:
    """The columns of an encoding for each graph."""
    return [
        {key: values[0] for key, values in encoding(adjacency[None]).items()}
        for adjacency in adjacencies
    ]
