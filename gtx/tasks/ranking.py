"""Scores of links: how positives rank among negatives, as OGB defines them. Host, numpy.

Hu et al. (2020), `ogb.linkproppred.Evaluator`.
"""

import numpy as np


def hits_at(positive: np.ndarray, negative: np.ndarray, k: int) -> float:
    """The share of positives that score higher than the k-th highest negative.

    As in OGB it is 1 if there are fewer than k negatives; NaN if there is no positive.

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

    Of negatives with the same score half stand before the positive, as in OGB.

    Args:
      positive: scores [positives].
      negative: scores [negatives], the same for all, or [positives, negatives], a list of each.
    """
    positive, negative = np.asarray(positive), np.asarray(negative)
    if not len(positive):
        return float("nan")
    if negative.ndim == 2:
        higher = (negative > positive[:, None]).sum(axis=1)
        at_least = (negative >= positive[:, None]).sum(axis=1)
    else:
        ordered = np.sort(negative)
        higher = len(ordered) - np.searchsorted(ordered, positive, side="right")
        at_least = len(ordered) - np.searchsorted(ordered, positive, side="left")
    return float(np.mean(1 / (0.5 * (higher + at_least) + 1)))
