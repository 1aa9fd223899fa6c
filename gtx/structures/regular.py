"""Random regular graphs that mix fast: expanders."""

import math
from typing import Literal

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph, linalg

Method = Literal["permutations", "hamiltonian"]

# Up to here the whole spectrum is quicker than a search for its end.
_DENSE_NODES = 32
# Exphormer's: smaller graphs are joined completely.
_COMPLETE_NODES = 10
_SLACK = 0.1


def expander(
    num_nodes: int, degree: int, method: Method, rng: np.random.Generator, max_tries: int
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Senders and receivers of a random expander, both directions, and whether it is a good one.

    Drawn until it is connected and its `spectral_gap` is at least `gap_bound`, or `max_tries`
    times; then the draw with the widest gap is taken. Loops and repeated edges of the draw are
    left out afterwards. Up to ten nodes, or `degree + 1`, all pairs are joined.
    """
    if num_nodes <= max(_COMPLETE_NODES, degree + 1):
        receivers, senders = np.nonzero(~np.eye(num_nodes, dtype=bool))
        return senders, receivers, True
    best, widest = np.zeros((2, 0), np.int64), -1.0
    for _ in range(max_tries):
        ends = draw(num_nodes, degree, method, rng)
        gap = spectral_gap(num_nodes, *ends)
        if gap > widest:
            best, widest = np.stack(ends), gap
        if gap > 0 and gap >= gap_bound(degree):
            break
    pairs = np.concatenate([best, best[::-1]], axis=1)
    senders, receivers = np.unique(pairs[:, pairs[0] != pairs[1]], axis=1)
    return senders, receivers, widest > 0 and widest >= gap_bound(degree)


def draw(
    num_nodes: int, degree: int, method: Method, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The ends of num_nodes * degree / 2 undirected edges, `degree` at each node (a loop two).

    "permutations" joins i and p(i) for degree / 2 random permutations p (Friedman, 2003);
    "hamiltonian" joins the neighbours of degree / 2 random cycles through all nodes.
    """
    one, two = [], []
    for _ in range(degree // 2):
        order = rng.permutation(num_nodes)
        one.append(np.arange(num_nodes) if method == "permutations" else order)
        two.append(order if method == "permutations" else np.roll(order, 1))
    return np.concatenate(one), np.concatenate(two)


def gap_bound(degree: int) -> float:
    """Exphormer's: Ramanujan's bound less 0.1, which large random graphs meet (Friedman, 2003)."""
    return degree - 2 * math.sqrt(degree - 1) - _SLACK


def spectral_gap(num_nodes: int, one: np.ndarray, two: np.ndarray) -> float:
    """The second smallest eigenvalue of the Laplacian D - A; 0 if the graph is in pieces.

    Args:
      num_nodes: at least 2.
      one, two: the ends of each undirected edge. Repeated edges count, loops cancel in D - A.
    """
    ends = (np.concatenate([one, two]), np.concatenate([two, one]))
    weights = np.ones(len(ends[0]))
    adjacency = sparse.csr_array((weights, ends), shape=(num_nodes, num_nodes))
    if csgraph.connected_components(adjacency, directed=False, return_labels=False) > 1:
        return 0.0  # exactly, whatever a solver finds
    degree = np.asarray(adjacency.sum(axis=1)).reshape(-1)
    if num_nodes <= _DENSE_NODES:
        laplacian = np.diag(degree) - adjacency.toarray()
        return float(max(0.0, np.linalg.eigvalsh(laplacian)[1]))
    # Lanczos finds the largest eigenvalue of c - L, from which the constant vector is taken.
    top = 2 * degree.max()

    def flipped(vector):
        vector = vector.reshape(-1)
        return (top - degree) * vector + adjacency @ vector - top * vector.mean()

    shape = (num_nodes, num_nodes)
    operator = linalg.LinearOperator(shape, matvec=flipped, dtype=np.float64)
    start = np.random.default_rng(0).standard_normal(num_nodes)
    values = linalg.eigsh(operator, 1, which="LA", v0=start, tol=1e-4, return_eigenvectors=False)
    return float(max(0.0, top - values[0]))
