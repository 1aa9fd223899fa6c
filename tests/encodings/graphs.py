"""Adjacency matrices [n, n], receiver first, and datasets made of them."""

import hypothesis.strategies as st
import numpy as np

from gtx.data import Dataset


def path(n):
    return np.eye(n, k=1) + np.eye(n, k=-1)


def cycle(n):
    return np.roll(np.eye(n), 1, axis=0) + np.roll(np.eye(n), -1, axis=0)


def complete(n):
    return 1 - np.eye(n)


def star(leaves):
    adjacency = np.zeros((leaves + 1, leaves + 1))
    adjacency[0, 1:] = adjacency[1:, 0] = 1
    return adjacency


def product(one, two):
    """The Cartesian product: node (i, j) has number i * len(two) + j."""
    return np.kron(one, np.eye(len(two))) + np.kron(np.eye(len(one)), two)


def grid(rows, columns):
    return product(path(rows), path(columns))


def hypercube(dimension):
    adjacency = np.zeros((1, 1))
    for _ in range(dimension):
        adjacency = product(adjacency, path(2))
    return adjacency


def union(*parts):
    n = sum(len(part) for part in parts)
    adjacency, start = np.zeros((n, n)), 0
    for part in parts:
        adjacency[start : start + len(part), start : start + len(part)] = part
        start += len(part)
    return adjacency


def irregular(n=9, seed=9):
    """A connected graph without symmetries: all eigenvalues differ, all nodes too."""
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.random((n, n)) < 0.35, 1).astype(float)
    return np.minimum(upper + upper.T + path(n), 1)


def dataset_of(adjacencies):
    """One graph for each matrix of edge counts, its edges in random order."""
    rng = np.random.default_rng(0)
    senders, receivers, n_edge = [], [], []
    for adjacency in adjacencies:
        ends = np.argwhere(adjacency > 0)
        ends = np.repeat(ends, adjacency[tuple(ends.T)].astype(int), axis=0)
        ends = rng.permutation(ends)
        receivers.append(ends[:, 0])
        senders.append(ends[:, 1])
        n_edge.append(len(ends))
    return Dataset.from_columns(
        node_ptr=np.cumsum([0, *map(len, adjacencies)]),
        edge_ptr=np.cumsum([0, *n_edge]),
        senders=np.concatenate([np.zeros(0, int), *senders]),
        receivers=np.concatenate([np.zeros(0, int), *receivers]),
    )


@st.composite
def multigraphs(draw, max_nodes=8):
    """Directed, with self-loops and duplicates; isolated nodes and no nodes are likely."""
    n = draw(st.integers(0, max_nodes))
    seed, density = draw(st.integers(0, 10**6)), draw(st.sampled_from([0.0, 0.1, 0.4, 1.0]))
    rng = np.random.default_rng(seed)
    return rng.integers(1, 3, (n, n)) * (rng.random((n, n)) < density).astype(float)
