"""Lanczos iterations with thick restarts that continue after a breakdown."""

from collections.abc import Callable

import numpy as np

_EPS = float(np.finfo(np.float64).eps)
# Number of vectors kept besides the requested ones, and of columns that are combined at once.
_MORE, _COLUMNS = 16, 2**13


class NotConvergedError(Exception):
    """The iterations ended before they found as many vectors as requested.

    Attributes:
      found: number of vectors found.
      vectors: [rows, n] orthonormal, the best so far; more rows than requested.
    """

    def __init__(self, found: int, vectors: np.ndarray):
        super().__init__(found)
        self.found, self.vectors = found, vectors


def largest_eigenvectors(
    apply: Callable[[np.ndarray], np.ndarray],
    known: np.ndarray,
    count: int,
    *,
    restarts: int,
    tolerance: float = 0.0,
) -> np.ndarray:
    """Eigenvectors [count, n] of the largest eigenvalues that are orthogonal to `known`.

    Thick restarts as in Wu and Simon (2000). Every vector is orthogonalised against all others,
    twice. If the vectors already span the whole Krylov space of the start vector, the search
    continues with another random direction. This happens early if few eigenvalues are distinct.

    A start vector has only one direction in each eigenspace. The other directions are found only
    through rounding, or after such a breakdown. Copies of a repeated eigenvalue may therefore be
    missing.

    Args:
      apply: the product of a symmetric matrix with a vector [n].
      known: [rows, n] orthonormal; the space orthogonal to them has more than `count` dimensions.
      count: number of vectors; at least 1.
      restarts: the number of restarts after which the search ends.
      tolerance: largest residual relative to its eigenvalue; 0 for rounding errors only.

    Raises:
      NotConvergedError: fewer vectors were found within this number of restarts.
    """
    n = known.shape[1]
    size = min(n - len(known), 2 * count + _MORE)
    rng = np.random.default_rng(len(known))
    space = np.empty((size + 1, n))
    matrix = np.zeros((size, size))

    def orthogonalise(vector: np.ndarray, rows: int) -> np.ndarray:
        """Project `vector` in place onto the complement of the first rows; return the parts."""
        part = np.zeros(rows)
        for _ in range(2):  # one pass leaves rounding errors that later iterations would amplify
            vector -= (known @ vector) @ known
            step = space[:rows] @ vector
            vector -= step @ space[:rows]
            part += step
        return part

    def another(rows: int) -> np.ndarray:
        vector: np.ndarray = rng.standard_normal((n,))
        orthogonalise(vector, rows)
        return vector / np.linalg.norm(vector)

    space[0] = another(0)
    kept = 0
    for _ in range(restarts):
        for row in range(kept, size):
            vector = np.asarray(apply(space[row]))
            matrix[: row + 1, row] = matrix[row, : row + 1] = orthogonalise(vector, row + 1)
            # A length within rounding is a breakdown: its direction would be noise.
            length = float(np.linalg.norm(vector))
            if length > 10 * _EPS * np.abs(matrix).max():
                space[row + 1] = vector / length
                continue
            length = 0.0
            if row + 1 < n - len(known):
                space[row + 1] = another(row + 1)
        values, rotation = np.linalg.eigh(matrix)
        values, rotation = values[::-1], rotation[:, ::-1]
        residual = length * np.abs(rotation[-1])
        enough = residual <= max(tolerance, 16 * _EPS) * np.abs(values)
        # A restart keeps more vectors than requested, which makes the next ones converge faster.
        kept = count if enough[:count].all() else count + (size - count) // 2
        _combine(space, rotation[:, :kept])
        if enough[:count].all():
            return space[:count].copy()
        space[kept] = space[size]
        matrix[:] = 0
        matrix[np.arange(kept), np.arange(kept)] = values[:kept]
    raise NotConvergedError(int(enough[:count].sum()), space[:kept])


def _combine(space: np.ndarray, rotation: np.ndarray) -> None:
    """Replace the first `kept` rows by the linear combinations `rotation` of the first rows.

    Blocks of columns avoid a second copy of the whole space.
    """
    rows, kept = rotation.shape
    for start in range(0, space.shape[1], _COLUMNS):
        part = slice(start, start + _COLUMNS)
        space[:kept, part] = rotation.T @ space[:rows, part]
