"""Scores of links by the rank of positives among negatives, as OGB defines them. Host, numpy.

Hu et al. (2020), `ogb.linkproppred.Evaluator`.
"""

import numpy as np


def hits_at(positive: np.ndarray, negative: np.ndarray, k: int) -> float:
    """The share of positives that score higher than the k-th highest negative.

    As in OGB it is 1 if there are fewer than k negatives. It is NaN if there is no positive.

    Args:
      positive: scores [positives].
      negative: scores [negatives], the same for all positives.
      k: at least 1.
    """
    if not len(positive):
        return float("nan")
    if len(negative) < k:
        return 1.0
    return float(np.mean(positive > np.sort(negative)[-k]))


def mean_reciprocal_rank(positive: np.ndarray, negative: np.ndarray) -> float:
    """The mean over positives of 1 / rank among negatives; NaN if there is no positive.

    As in OGB, half of the negatives with the same score count as ranked before the positive.

    Args:
      positive: scores [positives].
      negative: scores [negatives], the same for all positives, or [positives, negatives].
    """
    positive, negative = np.asarray(positive), np.asarray(negative)
    if not len(positive):
        return float("nan")
    if negative.ndim == 2:
        higher = (negative > positive[:, None]).sum(axis=1)
        at_least = (negative >= positive[:, None]).sum(axis=1)
    else:
        # Sorted once: a comparison of all pairs would take positives x negatives.
        ordered = np.sort(negative)
        higher = len(ordered) - np.searchsorted(ordered, positive, side="right")
        at_least = len(ordered) - np.searchsorted(ordered, positive, side="left")
    return float(np.mean(1 / (0.5 * (higher + at_least) + 1)))
