"""The smallest eigenpairs of the Laplacian of a large graph, none of them missed. Host, scipy."""

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
import threadpoolctl
from scipy.sparse import csgraph

from gtx.encodings.algebra.elimination import (
    ENTRY_BYTES,
    FACTOR_ENTRIES,
    SMALL_FACTOR,
    Solve,
    affordable_order,
    inverse,
)
from gtx.encodings.algebra.krylov import NotConvergedError, largest_eigenvectors
from gtx.encodings.base import EncodingError

# Up to so many nodes a dense matrix is faster.
_DENSE = 256
# Entries of the dense matrices of components that are decomposed at once.
_DENSE_ENTRIES = 2**18
# Eigenvalues closer than this, relative to themselves and to the matrix, count as one.
_SAME, _SAME_SCALE = 1e-8, 1e-12
# How well the search for what was missed converges, relative to the matrix; 0 is to rounding.
_CHECK = 1e-6
# Restarts of a run, and how often it is tried again with a polynomial, which is so large at the
# largest eigenvalue, of at most so high a degree.
_RESTARTS, _STAGES, _GROWTH, _MAX_DEGREE = 20, 3, 1e3, 256
# What is added to the diagonal, relative to the matrix, where elimination fails without.
_SHIFT = 1e-10
# Largest residual, relative to the matrix, of a vector that is handed out.
_RESIDUAL = 1e-9
_EPS = float(np.finfo(np.float64).eps)


def smallest_eigenpairs(
    laplacian: scipy.sparse.csr_array, kernel: np.ndarray, count: int, *, trivial: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues, ascending, and orthonormal eigenvectors [n, values], `count` or all there are.

    Every component has the eigenvalue 0 once, and its vector is known. If there are more
    components than vectors asked for, the components of the first nodes count.

    The other vectors are found by Lanczos iterations with a fixed start. They work on the inverse
    where a sparse factorization is cheap, as for trees, grids and road networks. Elsewhere they
    work on c - L, which is quick where the spectrum has a gap, as for random graphs. A run can
    miss a repeated eigenvalue, because its start has only one direction in each eigenspace. So
    another run searches the complement of what was found, from another start, until it finds
    nothing smaller. Small components are decomposed as dense matrices, those of one size together.

    Args:
      laplacian: symmetric, positive semidefinite; an entry joins two nodes.
      kernel: [n] what the vector of the eigenvalue 0 is proportional to in each component; not 0.
      count: how many.
      trivial: whether to count the eigenvalue 0.

    Raises:
      EncodingError: the iterations did not converge.
    """
    # One thread, because several would wait for each other longer than they work.
    with threadpoolctl.threadpool_limits(1, "blas"):
        return _smallest(laplacian, kernel, count, trivial)


def _smallest(
    laplacian: scipy.sparse.csr_array, kernel: np.ndarray, count: int, trivial: bool
) -> tuple[np.ndarray, np.ndarray]:
    n = laplacian.shape[0]
    num_components, component = csgraph.connected_components(laplacian, directed=False)
    square = np.bincount(component, kernel**2, minlength=num_components)
    kernel = kernel / np.sqrt(square)[component]
    first = min(num_components, count) if trivial else 0
    count = min(count, n if trivial else n - num_components)
    values, vectors = np.zeros(count), np.zeros((n, count))
    inside = np.nonzero(component < first)[0]
    vectors[inside, component[inside]] = kernel[inside]
    if first < count:
        found = list(_nontrivial(laplacian, kernel, component, count - first))
        every = np.concatenate([part.values.ravel() for part in found])
        owner = np.concatenate([np.repeat(part.number, part.values.shape[1]) for part in found])
        limits = np.cumsum([0, *(part.values.size for part in found)])
        for column, entry in enumerate(np.lexsort((owner, every))[: count - first], first):
            place = int(np.searchsorted(limits, entry, side="right")) - 1
            part = found[place]
            member, vector = divmod(int(entry - limits[place]), part.values.shape[1])
            values[column] = every[entry]
            vectors[part.nodes[member], column] = part.vectors[member, :, vector]
    return values, vectors


def needed_bytes(n_node: Any, n_edge: Any, count: int) -> Any:
    """Bytes that `smallest_eigenpairs` takes at most, the largest factors it makes among them."""
    small = np.maximum(_DENSE, 4 * count)
    dense = 24 * np.maximum(_DENSE_ENTRIES, np.minimum(n_node, small) ** 2)
    linked = np.minimum(n_node, n_edge)  # nodes without edges are never iterated
    factor = ENTRY_BYTES * np.maximum(SMALL_FACTOR, FACTOR_ENTRIES * linked)
    vectors = 8 * (2 * count + 17 + 4 * (count + 1)) * linked
    return dense + factor + vectors + 300 * linked + (20 * count + 48) * n_node + 120 * n_edge


class _Part(NamedTuple):
    """Some components of one size: their numbers [parts], nodes [parts, size] and eigenpairs."""

    number: np.ndarray
    nodes: np.ndarray
    values: np.ndarray
    vectors: np.ndarray


def _nontrivial(
    laplacian: scipy.sparse.csr_array, kernel: np.ndarray, component: np.ndarray, count: int
) -> Iterator[_Part]:
    """Eigenpairs of all components, as many of each as could be needed."""
    order = np.argsort(component, kind="stable")
    size = np.bincount(component)
    start = np.cumsum(size) - size
    blocks = laplacian[order][:, order].tocsr()
    large = size > max(_DENSE, 4 * count)
    for one in np.unique(size[(size > 1) & ~large]).tolist():
        numbers = np.flatnonzero(size == one)
        step = max(1, _DENSE_ENTRIES // one**2)
        for part in np.split(numbers, np.arange(step, len(numbers), step)):
            rows = start[part][:, None] + np.arange(one)
            dense = _dense(blocks, rows)
            values, vectors = np.linalg.eigh(dense)
            chosen = slice(1, count + 1)
            values = np.maximum(values[:, chosen], 0)
            yield _Part(part, order[rows], values, vectors[:, :, chosen])
    for number in np.flatnonzero(large):
        block = slice(start[number], start[number] + size[number])
        nodes = order[block]
        values, vectors = _connected(blocks[block, block].tocsr(), kernel[nodes], count)
        yield _Part(np.array([number]), nodes[None], values[None], vectors[None])


def _dense(matrix: scipy.sparse.csr_array, rows: np.ndarray) -> np.ndarray:
    """The diagonal blocks [parts, size, size] of these rows [parts, size] as dense matrices."""
    parts, size = rows.shape
    chosen = matrix[rows.ravel()].tocoo()
    column = chosen.col - np.repeat(rows[:, 0], size)[chosen.row]
    result = np.zeros((parts * size, size))
    result[chosen.row, column] = chosen.data
    return result.reshape(parts, size, size)


def _connected(
    laplacian: scipy.sparse.csr_array, kernel: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """The `count` smallest eigenpairs of a connected graph besides that of 0."""
    # As L sends a positive vector to 0, no eigenvalue is above twice the diagonal.
    bound = 2 * float(laplacian.diagonal().max())
    order = affordable_order(laplacian)
    for shift in (0.0, _SHIFT * bound):
        solve = None if order is None else inverse(laplacian, kernel, order, shift)
        if solve is not None:
            with contextlib.suppress(EncodingError):  # weights may be too unlike to eliminate
                return _complete(_Search(laplacian, bound, solve), kernel, count)
    return _complete(_Search(laplacian, bound), kernel, count)


def _complete(search: "_Search", kernel: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """What the runs find, repeated until a run finds nothing smaller beside it."""
    laplacian, bound = search.laplacian, search.bound
    known = kernel[None]
    more = count
    while True:
        known = np.concatenate([known, search.run(known, more)])
        values = np.sort(np.einsum("ji,ij->j", known[1:], laplacian @ known[1:].T))
        left = search.run(known, 1, _CHECK)[0]
        if left @ (laplacian @ left) >= values[count - 1] * (1 - _SAME) - _SAME_SCALE * bound:
            break
        more = 1
    vectors = np.linalg.qr(known.T)[0][:, 1:]
    values, rotation = np.linalg.eigh(vectors.T @ (laplacian @ vectors))
    values, vectors = values[:count], vectors @ rotation[:, :count]
    residual = np.linalg.norm(laplacian @ vectors - vectors * values, axis=0).max()
    if not residual <= _RESIDUAL * bound:  # nor is NaN
        raise search.error(f"left a residual of {residual:.1g}")
    return np.maximum(values, 0), vectors


class _Search:
    """Runs of Lanczos iterations on a matrix M with the smallest eigenvalues of L as largest.

    M is the inverse if there is one, and c - L otherwise. Neither has eigenvalues below 0. If a
    run takes long, it goes on with a polynomial of M, that of Chebyshev for [0, a]. Above a it is
    larger than 1 and rises. There are more Ritz values than vectors wanted, and a is the least
    of them, so that a is not above the eigenvalues that are wanted (Zhou and Saad, 2007).
    """

    def __init__(self, laplacian: scipy.sparse.csr_array, bound: float, solve: Solve | None = None):
        self.laplacian, self.bound = laplacian, bound
        self._multiply = solve or (lambda vector: bound * vector - laplacian @ vector)
        self._edge, self._degree = 0.0, 1

    def run(self, known: np.ndarray, count: int, tolerance: float = 0.0) -> np.ndarray:
        for _ in range(_STAGES):
            try:
                return largest_eigenvectors(
                    self._apply, known, count, restarts=_RESTARTS, tolerance=tolerance
                )
            except NotConvergedError as error:
                last = error
            self._sharpen(last.vectors)
        raise self.error(f"found {last.found} of {count} vectors") from last

    def error(self, problem: str) -> EncodingError:
        return EncodingError(_FAILED.format(n=self.laplacian.shape[0], problem=problem))

    def _sharpen(self, vectors: np.ndarray) -> None:
        """Take the polynomial that rises above the eigenvalues that these vectors approach."""
        projected = vectors @ np.stack([self._multiply(vector) for vector in vectors], axis=1)
        values = np.linalg.eigvalsh(projected)
        edge, top = max(float(values[0]), float(values[-1]) / 2), float(values[-1])
        growth = np.arccosh(max(2 * top / edge - 1, 1 + _EPS))
        degree = min(np.arccosh(_GROWTH) / growth, _MAX_DEGREE)
        self._edge, self._degree = edge, int(np.ceil(degree))

    def _apply(self, vector: np.ndarray) -> np.ndarray:
        if self._degree == 1:
            return self._multiply(vector)
        half = self._edge / 2
        before, now = vector, self._multiply(vector) / half - vector
        for _ in range(self._degree - 1):
            after = self._multiply(now)
            after *= 2 / half
            after -= 2 * now
            after -= before
            before, now = now, after
        return now


_FAILED = (
    "the Lanczos iterations on a component of {n:,} nodes {problem}. Ask for fewer vectors, or "
    "take normalization 'sym', whose spectrum is not stretched by nodes of high degree."
)
