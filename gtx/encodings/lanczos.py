"""The smallest eigenpairs of the Laplacian of a large graph, none of them missed. Host, scipy."""

from collections.abc import Callable

import numpy as np
import scipy.sparse
from scipy.sparse import csgraph, linalg

from gtx.encodings.base import EncodingError

# Up to so many nodes a dense matrix is faster.
_DENSE = 256
# A factorization in the order of Cuthill and McKee is made if it has at most so many entries
# (12 bytes each, twice) and needs so many operations.
_FACTOR_ENTRIES, _FACTOR_WORK = 2**24, 2 * 10**9
# Restarts of a Lanczos run, each of as many products as there are vectors.
_RESTARTS = 1000
# Eigenvalues closer than this, relative to themselves and to the matrix, count as one.
_SAME, _SAME_SCALE = 1e-8, 1e-12
# How well the search for what was missed converges, relative to the matrix; 0 is to rounding.
_CHECK = 1e-6
# Largest residual, relative to the matrix, of a vector that is handed out.
_RESIDUAL = 1e-9

_Solve = Callable[[np.ndarray], np.ndarray]


def smallest_eigenpairs(
    laplacian: scipy.sparse.csr_array, kernel: np.ndarray, count: int, *, trivial: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues, ascending, and orthonormal eigenvectors [n, values], `count` or all there are.

    Every component has the eigenvalue 0 once, and its vector is known. If there are more of
    them than vectors asked for, it is those of the components that the first nodes are in.

    The others are found by Lanczos iterations (ARPACK) with a fixed start. They work on the
    inverse where a sparse factorization is cheap, as in trees, grids and road networks, else on
    c - L, which is quick where the spectrum has a gap, as in random graphs. A run can miss a
    repeated eigenvalue, as its start has only one direction of each eigenspace. So another
    looks at the complement of what was found, from another start, until nothing smaller is
    left there.

    Args:
      laplacian: symmetric, positive semidefinite; an entry joins two nodes.
      kernel: [n] what the vector of the eigenvalue 0 is proportional to in each component; not 0.
      count: how many.
      trivial: whether to count the eigenvalue 0.

    Raises:
      EncodingError: the iterations did not converge.
    """
    n = laplacian.shape[0]
    num_components, component = csgraph.connected_components(laplacian, directed=False)
    square = np.bincount(component, kernel**2, minlength=num_components)
    kernel = kernel / np.sqrt(square)[component]
    first = min(num_components, count) if trivial else 0
    count = min(count, n if trivial else n - num_components)
    values, vectors = np.zeros(count), np.zeros((n, count))
    inside = np.nonzero(component < first)[0]
    vectors[inside, component[inside]] = kernel[inside]
    found = _nontrivial(laplacian, kernel, component, count - first) if first < count else []
    every = np.concatenate([np.zeros(0), *(part[1] for part in found)])
    column = np.full(len(every), count)
    column[np.argsort(every, kind="stable")] = np.arange(first, first + len(every))
    start = 0
    for nodes, part_values, part_vectors in found:
        place = column[start : start + len(part_values)]
        chosen = place < count
        values[place[chosen]] = part_values[chosen]
        vectors[np.ix_(nodes, place[chosen])] = part_vectors[:, chosen]
        start += len(part_values)
    return values, vectors


def _nontrivial(
    laplacian: scipy.sparse.csr_array, kernel: np.ndarray, component: np.ndarray, count: int
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Nodes, eigenvalues and eigenvectors of each component, as many as could be needed."""
    order = np.argsort(component, kind="stable")
    blocks = laplacian[order][:, order].tocsr()
    limits = np.concatenate([[0], np.cumsum(np.bincount(component))])
    found = []
    for number in np.nonzero(np.diff(limits) > 1)[0]:
        part = slice(limits[number], limits[number + 1])
        nodes = order[part]
        pairs = _connected(blocks[part, part].tocsr(), kernel[nodes], min(count, len(nodes) - 1))
        found.append((nodes, *pairs))
    return found


def _connected(
    laplacian: scipy.sparse.csr_array, kernel: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """The `count` smallest eigenpairs of a connected graph besides that of 0."""
    n = len(kernel)
    if n <= _DENSE or count > n // 4:
        values, vectors = np.linalg.eigh(laplacian.toarray())
        return np.maximum(values[1 : count + 1], 0), vectors[:, 1 : count + 1]
    bound = float(abs(laplacian).sum(axis=1).max())
    apply = _inverse(laplacian, bound) or (lambda vector: bound * vector - laplacian @ vector)
    basis = np.concatenate([kernel[:, None], _lanczos(apply, kernel[:, None], count)], axis=1)
    while True:
        values = np.sort(np.einsum("ij,ij->j", basis[:, 1:], laplacian @ basis[:, 1:]))
        largest = values[count - 1]
        left = _lanczos(apply, basis, 1, tolerance=_CHECK)
        smallest = float((left.T @ (laplacian @ left))[0, 0])
        if smallest >= largest * (1 - _SAME) - _SAME_SCALE * bound:
            break
        basis = np.concatenate([basis, _lanczos(apply, basis, 1)], axis=1)
    vectors = np.linalg.qr(basis)[0][:, 1:]
    values, rotation = np.linalg.eigh(vectors.T @ (laplacian @ vectors))
    values, vectors = values[:count], (vectors @ rotation)[:, :count]
    residual = np.linalg.norm(laplacian @ vectors - vectors * values, axis=0).max()
    if residual > _RESIDUAL * bound:
        raise EncodingError(_FAILED.format(n=n, problem=f"left a residual of {residual:.1g}"))
    return np.maximum(values, 0), vectors


_FAILED = (
    "the Lanczos iterations on a component of {n:,} nodes {problem}. Ask for fewer vectors, or "
    "take normalization 'sym', whose spectrum is not stretched by nodes of high degree"
)


def _lanczos(apply: _Solve, basis: np.ndarray, count: int, *, tolerance: float = 0.0) -> np.ndarray:
    """Eigenvectors of the largest eigenvalues of `apply` that are orthogonal to `basis`."""
    n = len(basis)

    def project(vector: np.ndarray) -> np.ndarray:
        return vector - basis @ (basis.T @ vector)

    operator = linalg.LinearOperator(
        (n, n), matvec=lambda vector: project(apply(project(vector.ravel()))), dtype=np.float64
    )
    start = np.random.default_rng(basis.shape[1]).standard_normal(n)
    try:
        _, vectors = linalg.eigsh(
            operator,
            count,
            which="LA",
            v0=project(start),
            ncv=min(n - 1, 2 * count + 16),
            maxiter=_RESTARTS,
            tol=tolerance,
        )
    except linalg.ArpackNoConvergence as error:
        problem = f"found {len(error.eigenvalues)} of {count} vectors in {_RESTARTS} restarts"
        raise EncodingError(_FAILED.format(n=n, problem=problem)) from error
    return project(vectors)


def _inverse(laplacian: scipy.sparse.csr_array, scale: float) -> _Solve | None:
    """The inverse of the matrix, shifted to be positive, or None if it takes too much."""
    n = laplacian.shape[0]
    order = csgraph.reverse_cuthill_mckee(laplacian, symmetric_mode=True)
    matrix = laplacian[order][:, order].tocoo()
    first = np.arange(n)
    np.minimum.at(first, matrix.row, matrix.col)
    width = np.arange(n) - first  # an elimination fills in nothing beyond it
    tree = laplacian.nnz == n + 2 * (n - 1)  # and in a tree nothing at all
    if not tree and (width.sum() > _FACTOR_ENTRIES or np.sum(width**2.0) > _FACTOR_WORK):
        return None
    shifted = (matrix + 1e-9 * scale * scipy.sparse.eye_array(n)).tocsc()
    factors = linalg.splu(
        shifted,
        permc_spec="NATURAL",
        diag_pivot_thresh=0.0,
        options=dict(SymmetricMode=True),
    )

    def solve(vector: np.ndarray) -> np.ndarray:
        result = np.empty_like(vector)
        result[order] = factors.solve(vector[order])
        return result

    return solve
