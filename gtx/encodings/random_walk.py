"""Return probabilities of random walks (RWSE)."""

import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

import numpy as np
import scipy.sparse

from gtx.data.columns import offsets
from gtx.data.spec import Column, Continuous
from gtx.encodings.algebra.products import diagonal, matmul
from gtx.encodings.base import Key

# In a large graph, walks from _SOURCES nodes are followed together as a sparse matrix. When they
# reach more than the share _REACH of all nodes, dense matrices are faster. These have at least
# _DENSE_COLUMNS columns, and about _DENSE_ENTRIES entries.
_SOURCES, _REACH, _DENSE_ENTRIES, _DENSE_COLUMNS = 1024, 1 / 24, 2**17, 8
# The sources are split in two while a sparse matrix of their walks would have more entries.
_WALK_ENTRIES = 2**17
# Number of powers of a dense matrix that are kept. More would only help walks of over 36 steps.
_KEPT = 6
# Number of matrix entries of the small graphs that are encoded at once.
_BLOCK_ENTRIES = 2**16


@dataclasses.dataclass(frozen=True)
class RandomWalk:
    """Return probabilities of a random walk: p_i = [(T^1)_ii, ..., (T^K)_ii] with T = D^-1 A.

    Li et al. (2020), "Distance encoding"; RWSE in Dwivedi et al. (2022) and GraphGPS, with the same
    values. A step follows an edge from its sender to its receiver, and each outgoing edge of the
    sender has the same probability. A duplicate edge therefore counts twice, and a self-loop is a
    return. A walk ends at a node without outgoing edges. An isolated node has the encoding 0, and
    so has every node of a graph without edges. (GraphGPS returns an integer array for a graph
    without edges.) Walks never leave a component.

    With weights w_ij a step has the probability w_ij / sum_k w_kj. PyTorch Geometric
    (`AddRandomWalkPE`) has 1 / max(1, sum_k w_kj) instead: the weights are only in the denominator,
    so that the values are probabilities only if all weights are 1. In graphs of up to 2,000 nodes
    it also counts repeated edges and self-loops several times in the denominator, but once as a
    step: a node with two self-loops and one edge has the return probability 1/3 there, and 2/3
    here and in its larger graphs. GraphGPS (`get_rw_landing_probs`) has no weights in the numerator
    either.

    Cost: about 2 sqrt(K) products of matrices (K / 6 for long walks), O(n^3). `apply` uses the
    sparsity of graphs and gives the same values. It needs K / 2 products of the edges with a row of
    n numbers for each node, O(n * K * edges). In large graphs a row holds only the nodes that a
    walk of K / 2 steps can reach. This takes seconds at 10,000 nodes of mean degree 10; at a
    million nodes only short walks are practical.

    Attributes:
      walk_length: K, the number of columns.
    """

    walk_length: int = 20
    name: str = "rwse"
    # The default encoder of its columns in a model.
    encoder: ClassVar[dict[str, Any]] = {"name": "random_walk"}
    level: ClassVar[Literal["node"]] = "node"
    symmetry: ClassVar[Literal["exact"]] = "exact"
    version: ClassVar[int] = 2
    dense_matrices: ClassVar[int] = _KEPT + 4

    def __post_init__(self):
        if self.walk_length < 1:
            raise ValueError(f"walk_length must be at least 1, got {self.walk_length}.")

    def columns(self) -> dict[Key, Column]:
        return {("node", self.name): Continuous(self.walk_length)}

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        out_degree = adjacency.sum(axis=1, keepdims=True)
        step = adjacency / xp.where(out_degree > 0, out_degree, 1)  # [receiver, sender]
        # diag(T^(a + b))_i = sum_j (T^a)_ij (T^b)_ji costs n^2 where the product costs n^3:
        # with powers 1 to m, and m, 2m, ..., 6 products give the diagonals of 20 powers.
        stride = min(_KEPT, int(np.ceil(np.sqrt(self.walk_length))))
        powers = [step]
        while len(powers) < min(stride, self.walk_length):
            powers.append(matmul(powers[-1], step, xp))
        diagonals = [xp.einsum("gii->gi", power) for power in powers]
        giant = powers[-1]
        while len(diagonals) < self.walk_length:
            for power in powers[: self.walk_length - len(diagonals)]:
                diagonals.append(diagonal(giant, power, xp))
            if len(diagonals) < self.walk_length:
                giant = matmul(giant, powers[-1], xp)
        return {("node", self.name): xp.stack(diagonals, axis=-1)}

    def union(self, adjacency: scipy.sparse.csr_array, n_node: np.ndarray) -> dict[Key, np.ndarray]:
        backward, forward = _steps(adjacency)
        values = np.empty((self.walk_length, adjacency.shape[0]))
        undirected, node_ptr, graph = forward is backward, offsets(n_node), 0
        while graph < len(n_node):
            stop = graph + max(1, _BLOCK_ENTRIES // max(1, int(n_node[graph]) ** 2))
            nodes = slice(node_ptr[graph], node_ptr[min(stop, len(n_node))])
            _block_returns(
                _block(backward, nodes), n_node[graph:stop], undirected, values[:, nodes]
            )
            graph = stop
        return {("node", self.name): values.T}

    def sparse(self, adjacency: scipy.sparse.csr_array) -> dict[Key, np.ndarray]:
        n = adjacency.shape[0]
        backward, forward = _steps(adjacency)
        values = np.empty((n, self.walk_length))
        for start in range(0, n, _SOURCES):
            sources = np.arange(start, min(start + _SOURCES, n))
            walks = (forward[sources], backward[sources])
            for rows, length, returned in _returns(
                backward, forward, *walks, sources, 1, self.walk_length
            ):
                values[rows, length] = returned
        return {("node", self.name): values}

    def sparse_bytes(self, n_node: Any, n_edge: Any) -> Any:
        walks: Any = 4 * 16 * _WALK_ENTRIES
        if self.walk_length > 2:
            walks = walks + 32 * np.maximum(_DENSE_ENTRIES, _DENSE_COLUMNS * n_node)
        return walks + (8 * self.walk_length + 64) * n_node + 48 * n_edge


def _steps(adjacency: scipy.sparse.csr_array) -> tuple[Any, Any]:
    """T and its transpose. For undirected edges, both are the same symmetric matrix S instead.

    S = D^-1/2 A D^-1/2 has powers with the same diagonals, as S^k = D^-1/2 (A D^-1)^k D^1/2.
    """
    transposed = adjacency.T.tocsr()  # its columns are sorted
    adjacency = adjacency.copy() if adjacency.has_sorted_indices else transposed.T.tocsr()
    degree = adjacency.sum(axis=0)
    inverse = 1 / np.where(degree > 0, degree, 1)
    undirected = (
        np.array_equal(adjacency.indptr, transposed.indptr)
        and np.array_equal(adjacency.indices, transposed.indices)
        and np.array_equal(adjacency.data, transposed.data)
        and adjacency.data.min(initial=0) >= 0
    )
    if undirected:
        scale = np.sqrt(inverse)
        adjacency.data *= np.repeat(scale, np.diff(adjacency.indptr)) * scale[adjacency.indices]
        return adjacency, adjacency
    adjacency.data *= inverse[adjacency.indices]
    return adjacency, adjacency.T.tocsr()


def _block(matrix: scipy.sparse.csr_array, nodes: slice) -> scipy.sparse.csr_array:
    """The diagonal block of some nodes. Their rows have no entries outside of it."""
    start, stop = matrix.indptr[nodes.start], matrix.indptr[nodes.stop]
    entries = (
        matrix.data[start:stop],
        matrix.indices[start:stop] - nodes.start,
        matrix.indptr[nodes.start : nodes.stop + 1] - start,
    )
    return scipy.sparse.csr_array(entries, shape=(nodes.stop - nodes.start,) * 2)


def _block_returns(step: Any, n_node: np.ndarray, undirected: bool, values: np.ndarray) -> None:
    """Fill in the probabilities [walk_length, nodes] of graphs of similar sizes.

    Row i of a power is a node, and column j of this row is node j of the same graph.
    """
    nodes, width = np.arange(step.shape[0]), int(n_node.max(initial=0))
    position = nodes - np.repeat(np.cumsum(n_node) - n_node, n_node)
    entry = np.repeat(nodes * width, np.diff(step.indptr)) + position[step.indices]
    power: Any = np.bincount(entry, step.data, minlength=len(nodes) * width)
    power = power.astype(np.float64, copy=False).reshape(len(nodes), width)  # int without entries
    diagonal = nodes * width + position
    walk_length = len(values)
    half = -(-walk_length // 2) if undirected else walk_length
    previous = power
    for length in range(1, half + 1):
        # mode="raise" is slow, because it buffers the output.
        np.take(power.reshape(-1), diagonal, out=values[length - 1], mode="clip")
        # Beyond half of the length, the diagonal of a power follows from two smaller powers. Only
        # the last two are kept.
        for total, other in ((2 * length - 1, previous), (2 * length, power)):
            if half < total <= walk_length:
                np.einsum("ij,ij->i", other, power, out=values[total - 1])
        if length < half:
            previous, power = power, step @ power


def _returns(
    backward: Any,
    forward: Any,
    ahead: Any,
    behind: Any,
    sources: np.ndarray,
    length: int,
    walk_length: int,
) -> Iterator[tuple[np.ndarray, int, np.ndarray]]:
    """Yields sources, number of steps minus 1, and the probabilities to be back at the sources.

    Row i of `ahead` holds the probabilities of the nodes after some steps from source i. Row i of
    `behind` holds, for every node, the probability to reach source i from there. The sum of their
    products is the probability to return after the steps of both.
    """
    # Both halves grow in turn, so that a walk of K steps needs only K / 2 products.
    n = backward.shape[0]
    if length == 1:
        yield sources, 0, ahead[np.arange(len(sources)), sources]
        length = 2
    while length <= walk_length:
        if scipy.sparse.issparse(ahead) and ahead.nnz > _REACH * n * len(sources):
            width = max(_DENSE_COLUMNS, _DENSE_ENTRIES // n)
            for start in range(0, len(sources), width):
                part = slice(start, start + width)
                yield from _dense_returns(
                    backward, forward, ahead[part], behind[part], sources[part], length, walk_length
                )
            return
        ways = np.diff(forward.indptr)[ahead.indices].sum()
        if ways > _WALK_ENTRIES and len(sources) > 1 and length < walk_length:
            half = len(sources) // 2
            for part in (slice(0, half), slice(half, None)):
                yield from _returns(
                    backward, forward, ahead[part], behind[part], sources[part], length, walk_length
                )
            return
        yield sources, length - 1, (ahead * behind).sum(axis=1)
        if length == walk_length:
            return
        longer = ahead @ forward
        yield sources, length, (longer * behind).sum(axis=1)
        behind = longer if forward is backward else behind @ backward
        ahead, length = longer, length + 2


def _dense_returns(
    backward: Any,
    forward: Any,
    ahead: Any,
    behind: Any,
    sources: np.ndarray,
    length: int,
    walk_length: int,
) -> Iterator[tuple[np.ndarray, int, np.ndarray]]:
    """The remaining steps of `_returns`, on dense matrices [n, sources]."""
    shared = forward is backward
    ahead = ahead.T.toarray()
    behind = ahead if shared else behind.T.toarray()
    while length <= walk_length:
        yield sources, length - 1, np.einsum("ij,ij->j", ahead, behind)
        if length == walk_length:
            return
        longer = backward @ ahead
        yield sources, length, np.einsum("ij,ij->j", longer, behind)
        behind = longer if shared else forward @ behind
        ahead, length = longer, length + 2
