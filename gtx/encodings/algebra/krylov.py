"""Lanczos iterations that restart from what they found, and continue after a breakdown."""

from collections.abc import Callable

import numpy as np

_EPS = float(np.finfo(np.float64).eps)
# Vectors that are kept beside those that are asked for, and columns that are combined at once.
_MORE, _COLUMNS = 16, 2**13


class NotConvergedError(Exception):
    """The iterations ended before they found as many vectors as were asked for.

    Attributes:
      found: how many vectors were found.
      vectors: [rows, n] orthonormal, the best so far; more rows than were asked for.
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

    Thick restarts after Wu and Simon (2000). Every vector is orthogonalised against all others,
    twice. If the vectors already span all that products with the start can reach, the search
    goes on with another random direction. This happens soon where a few eigenvalues are repeated
    often.

    A start vector has only one direction in each eigenspace. The other directions are found only
    through rounding, or after such a break. So copies of a repeated eigenvalue may be missing.

    Args:
      apply: the product of a symmetric matrix with a vector [n].
      known: [rows, n] orthonormal; more than `count` directions are left beside them.
      count: how many; at least 1.
      restarts: the number of restarts after which the search is given up.
      tolerance: of a residual, relative to its eigenvalue; to rounding if 0.

    Raises:
      NotConvergedError: fewer were found in so many restarts.
    """
    n = known.shape[1]
    size = min(n - len(known), 2 * count + _MORE)
    rng = np.random.default_rng(len(known))
    space = np.empty((size + 1, n))
    matrix = np.zeros((size, size))

    def orthogonalise(vector: np.ndarray, rows: int) -> np.ndarray:
        """Take out of `vector` what is in the first rows, in place; how much of each it was."""
        part = np.zeros(rows)
        for _ in range(2):
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
        kept = count if enough[:count].all() else count + (size - count) // 2
        _combine(space, rotation[:, :kept])
        if enough[:count].all():
            return space[:count].copy()
        space[kept] = space[size]
        matrix[:] = 0
        matrix[np.arange(kept), np.arange(kept)] = values[:kept]
    raise NotConvergedError(int(enough[:count].sum()), space[:kept])


def _combine(space: np.ndarray, rotation: np.ndarray) -> None:
    """Write the combinations [rows, kept] of the first rows over the first of them."""
    rows, kept = rotation.shape
    for start in range(0, space.shape[1], _COLUMNS):
        part = slice(start, start + _COLUMNS)
        space[:kept, part] = rotation.T @ space[:rows, part]
