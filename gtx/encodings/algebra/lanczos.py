"""The smallest eigenpairs of the Laplacian of a large graph, without gaps. Host, scipy."""

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

# Up to this number of nodes a dense matrix is faster.
_DENSE = 256
# Number of entries of the dense matrices of components that are decomposed at once.
_DENSE_ENTRIES = 2**18
# Eigenvalues count as equal if they differ by less, relative to themselves or to the matrix.
_SAME, _SAME_SCALE = 1e-8, 1e-12
# Tolerance of the search for missed eigenvectors, relative to the matrix.
_CHECK = 1e-6
# Number of restarts of a run, and number of runs: all but the first use a polynomial of the matrix.
# It has the value _GROWTH at the largest eigenvalue, and at most the degree _MAX_DEGREE.
_RESTARTS, _STAGES, _GROWTH, _MAX_DEGREE = 20, 3, 1e3, 256
# Shift of the diagonal, relative to the matrix, if the elimination fails without one.
_SHIFT = 1e-10
# Largest residual, relative to the matrix, of a returned vector.
_RESIDUAL = 1e-9
_EPS = float(np.finfo(np.float64).eps)


def smallest_eigenpairs(
    laplacian: scipy.sparse.csr_array, kernel: np.ndarray, count: int, *, trivial: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues, ascending, and orthonormal eigenvectors [n, values]: `count`, or all.

    Every component has the eigenvalue 0 once, and its vector is known. If there are more
    components than requested vectors, the components of the first nodes are taken.

    The other vectors are found by Lanczos iterations with a fixed start vector. They use the
    inverse where a sparse factorization is cheap, as for trees, grids and road networks. Otherwise
    they use c - L, which converges fast where the spectrum has a gap, as for random graphs. A run
    can miss copies of a repeated eigenvalue, because its start has only one direction in each
    eigenspace. Further runs with other starts therefore search the complement of the vectors found
    so far, until they find no smaller eigenvalue. Small components are decomposed as dense
    matrices, those of equal size together.

    Args:
      laplacian: symmetric, positive semidefinite; an entry joins two nodes.
      kernel: [n], in each component proportional to the vector of the eigenvalue 0; without zeros.
      count: number of eigenpairs.
      trivial: whether the eigenvalue 0 of each component counts.

    Raises:
      EncodingError: the iterations did not converge.
    """
    # One thread: the products are small, and several threads would mostly wait for each other.
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
        # Merged by eigenvalue, and at equal eigenvalues by component, so that the result does not
        # depend on the order in which components were decomposed.
        for column, entry in enumerate(np.lexsort((owner, every))[: count - first], first):
            place = int(np.searchsorted(limits, entry, side="right")) - 1
            part = found[place]
            member, vector = divmod(int(entry - limits[place]), part.values.shape[1])
            values[column] = every[entry]
            vectors[part.nodes[member], column] = part.vectors[member, :, vector]
    return values, vectors


def needed_bytes(n_node: Any, n_edge: Any, count: int) -> Any:
    """Upper bound of the bytes that `smallest_eigenpairs` takes, with its largest factors."""
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
    """Eigenpairs of all components: `count` of each, because all may come from one component."""
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
            chosen = slice(1, count + 1)  # without the eigenvalue 0
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
    """The `count` smallest eigenpairs of a connected graph, without the eigenvalue 0."""
    # The null vector of L is positive. Therefore no eigenvalue exceeds twice the largest diagonal
    # entry.
    bound = 2 * float(laplacian.diagonal().max())
    order = affordable_order(laplacian)
    for shift in (0.0, _SHIFT * bound):
        solve = None if order is None else inverse(laplacian, kernel, order, shift)
        if solve is not None:
            # If the weights differ by many orders of magnitude, the factors are too inaccurate.
            # The next form of the matrix is then tried.
            with contextlib.suppress(EncodingError):
                return _complete(_Search(laplacian, bound, solve), kernel, count)
    return _complete(_Search(laplacian, bound), kernel, count)


def _complete(search: "_Search", kernel: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Runs the search until another run finds no smaller eigenvalue; returns the eigenpairs."""
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
    # Vectors of different runs are combined by a last Rayleigh-Ritz step.
    vectors = np.linalg.qr(known.T)[0][:, 1:]
    values, rotation = np.linalg.eigh(vectors.T @ (laplacian @ vectors))
    values, vectors = values[:count], vectors @ rotation[:, :count]
    residual = np.linalg.norm(laplacian @ vectors - vectors * values, axis=0).max()
    if not residual <= _RESIDUAL * bound:  # written so that NaN is refused too
        raise search.error(f"left a residual of {residual:.1g}")
    return np.maximum(values, 0), vectors


class _Search:
    """Lanczos iterations on a matrix M whose largest eigenvalues are the smallest of L.

    M is the inverse of L if there is one, and c - L otherwise. Neither has eigenvalues below 0. If
    a run does not converge, it continues with a Chebyshev polynomial of M for the interval [0, a],
    which is larger than 1 and increases above a. The number a is the smallest Ritz value. There
    are more Ritz values than requested vectors, so that a does not exceed the requested
    eigenvalues (Zhou and Saad, 2007).
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
        """Choose the polynomial that amplifies the eigenvalues of these approximate vectors."""
        projected = vectors @ np.stack([self._multiply(vector) for vector in vectors], axis=1)
        values = np.linalg.eigvalsh(projected)
        edge, top = max(float(values[0]), float(values[-1]) / 2), float(values[-1])
        growth = np.arccosh(max(2 * top / edge - 1, 1 + _EPS))
        degree = min(np.arccosh(_GROWTH) / growth, _MAX_DEGREE)
        self._edge, self._degree = edge, int(np.ceil(degree))

    def _apply(self, vector: np.ndarray) -> np.ndarray:
        if self._degree == 1:
            return self._multiply(vector)
        # The three-term recurrence of Chebyshev polynomials, in place: one array for each step.
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
