"""How far a graph is from those of the training part, in the vectors from which a model predicts.

Janet et al. (2019), "A quantitative uncertainty metric controls error in neural network-driven
chemical discovery": errors grow with the mean distance to the nearest training points in the last
layer. They take ten neighbours, as here. A distance has no unit that one could know, so it is told
as the share of validation graphs that are as near or nearer.
"""

import numpy as np
from jaxtyping import Float

NEIGHBOURS = 10
_ENTRIES = 2**24  # distances that are in memory at a time


def to_nearest(
    vectors: Float[np.ndarray, "targets dim"],
    known: Float[np.ndarray, "others dim"],
    neighbours: int = NEIGHBOURS,
) -> Float[np.ndarray, " targets"]:
    """The mean Euclidean distance to the nearest known vectors, float64.

    Args:
      vectors: of the targets.
      known: those of the training part, at least one.
      neighbours: how many are the nearest; all if there are fewer.
    """
    count = min(neighbours, len(known))
    # Distances do not depend on the origin, and rounding is smallest near it.
    origin = known.mean(axis=0, dtype=np.float64)
    a, b = vectors - origin, known - origin
    squares = (b**2).sum(axis=1)
    found, rows = np.zeros(len(a)), max(1, _ENTRIES // len(b))
    for first in range(0, len(a), rows):
        part = a[first : first + rows]
        distance = (part**2).sum(axis=1)[:, None] + squares - 2 * part @ b.T
        near = np.partition(distance, count - 1, axis=1)[:, :count]
        found[first : first + rows] = np.sqrt(np.maximum(near, 0.0)).mean(axis=1)
    return found


def as_quantile(
    distances: Float[np.ndarray, " targets"], of_valid: Float[np.ndarray, " others"]
) -> Float[np.ndarray, " targets"]:
    """The share of validation distances that are at most as large; 1 is farther than all."""
    return np.searchsorted(np.sort(of_valid), distances, side="right") / len(of_valid)
