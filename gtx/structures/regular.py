"""Random regular graphs with a wide spectral gap: expanders."""

import math
from typing import Literal

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph, linalg

Method = Literal["permutations", "hamiltonian"]

# Up to this size, a dense eigenvalue solver is faster than Lanczos iterations.
_DENSE_NODES = 32
# As in Exphormer's code, graphs of up to this size are joined completely.
_COMPLETE_NODES = 10
_SLACK = 0.1


def expander(
    num_nodes: int, degree: int, method: Method, rng: np.random.Generator, max_tries: int
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Senders and receivers of a random expander, in both directions, and whether it is good.

    It is good if it is connected and its `spectral_gap` is at least `gap_bound`. Graphs are drawn
    until one is good, at most `max_tries` times. If none is good, the one with the widest gap is
    taken. Self-loops and repeated edges are removed afterwards. Graphs of up to ten or
    `degree + 1` nodes are joined completely.
    """
    if num_nodes <= max(_COMPLETE_NODES, degree + 1):
        receivers, senders = np.nonzero(~np.eye(num_nodes, dtype=bool))
        return senders, receivers, True
    best, widest = np.zeros((2, 0), np.int64), -1.0  # below 0, so that the first draw is taken
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
    """The ends of num_nodes * degree / 2 undirected edges, `degree` at each node.

    A self-loop counts as two of them.


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
    """Exphormer's bound of the spectral gap: Ramanujan's bound minus 0.1.

    Large random regular graphs meet it (Friedman, 2003).
    """
    return degree - 2 * math.sqrt(degree - 1) - _SLACK


def spectral_gap(num_nodes: int, one: np.ndarray, two: np.ndarray) -> float:
    """The second smallest eigenvalue of the Laplacian D - A; 0 if the graph is disconnected.

    Args:
      num_nodes: at least 2.
      one, two: the ends of each undirected edge. Repeated edges count. Self-loops cancel in D - A.
    """
    ends = (np.concatenate([one, two]), np.concatenate([two, one]))
    weights = np.ones(len(ends[0]))
    adjacency = sparse.csr_array((weights, ends), shape=(num_nodes, num_nodes))
    if csgraph.connected_components(adjacency, directed=False, return_labels=False) > 1:
        return 0.0  # exactly 0, where a solver would return a rounding error
    degree = np.asarray(adjacency.sum(axis=1)).reshape(-1)
    if num_nodes <= _DENSE_NODES:
        laplacian = np.diag(degree) - adjacency.toarray()
        return float(max(0.0, np.linalg.eigvalsh(laplacian)[1]))
    # Lanczos iterations find the largest eigenvalue of c - L, after the constant vector (the
    # eigenvalue 0 of L) is projected out.
    top = 2 * degree.max()

    def flipped(vector):
        vector = vector.reshape(-1)
        return (top - degree) * vector + adjacency @ vector - top * vector.mean()

    shape = (num_nodes, num_nodes)
    operator = linalg.LinearOperator(shape, matvec=flipped, dtype=np.float64)
    # A fixed start vector: that of scipy is random and would make results differ between runs.
    start = np.random.default_rng(0).standard_normal(num_nodes)
    values = linalg.eigsh(operator, 1, which="LA", v0=start, tol=1e-4, return_eigenvectors=False)
    return float(max(0.0, top - values[0]))
