"""Intervals and sets of classes from folds: CV+, where each fold is left out by one model.

Barber, Candès, Ramdas and Tibshirani (2021), "Predictive inference with the jackknife+", section 3,
and for classes Romano, Sesia and Candès (2020), with the scores of `class_sets`; Vovk (2015) has
cross-conformal predictors. A score R_i is the error of the model k(i) that did not see target i.
For a new target x the prediction of k(i) for x, and not that of all models, goes with R_i.

The guarantee is for new targets like those of the folds, as a mean over them: with K folds of n
targets a coverage of 1 - a is at least 1 - 2a - min(2 (1 - 1/K) / (n/K + 1), (1 - K/n) / (K + 1)),
theorem 4. In practice it is about 1 - a. Folds of scaffolds are not like each other, and there is
no guarantee.
"""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from gtx.uncertainty import conformal

_ENTRIES = 2**22  # numbers that are in memory at a time


def interval(
    scores: Sequence[Sequence[float]],
    predictions: Float[np.ndarray, "folds targets"],
    coverage: float,
) -> tuple[Float[np.ndarray, " targets"], Float[np.ndarray, " targets"]]:
    """The ends of intervals, float64: CV+ with |y - f| as the score.

    The k-th largest of f_k(i)(x) - R_i and the k-th smallest of f_k(i)(x) + R_i over all i,
    k = ceil((n + 1) coverage).

    Args:
      scores: of each fold, R_i of its targets.
      predictions: of new targets by the model that did not see this fold.
      coverage: 1 - a.

    Raises:
      conformal.TooFewError: there are too few scores for this coverage.
      ValueError: there is not a model for each fold.
    """
    errors, model = _flat(scores, len(predictions))
    conformal.bound(errors, coverage)  # refuses too few
    place = _place(len(errors), coverage)
    low, high = np.zeros(predictions.shape[1]), np.zeros(predictions.shape[1])
    rows = max(1, _ENTRIES // len(errors))
    for first in range(0, predictions.shape[1], rows):
        part = slice(first, first + rows)
        centers = predictions[:, part].astype(np.float64)[model].T
        high[part] = np.partition(centers + errors, place, axis=1)[:, place]
        low[part] = -np.partition(errors - centers, place, axis=1)[:, place]
    return low, high


def within(
    scores: Sequence[Sequence[float]],
    of_classes: Float[np.ndarray, "folds targets classes"],
    coverage: float,
) -> Bool[np.ndarray, "targets classes"]:
    """The classes of each set: those whose score is not too often larger than a known one.

    A class y is in the set if fewer than (n + 1) coverage of the known scores R_i are below the
    score that model k(i) gives to y.

    Args:
      scores: of each fold, R_i of its targets.
      of_classes: the score of each class of new targets by the model that did not see this fold.
      coverage: 1 - a.

    Raises:
      conformal.TooFewError: there are too few scores for this coverage.
      ValueError: there is not a model for each fold.
    """
    errors, _ = _flat(scores, len(of_classes))
    conformal.bound(errors, coverage)  # refuses too few
    below = sum(
        np.searchsorted(np.sort(np.asarray(known, np.float64)), found, side="left")
        for known, found in zip(scores, of_classes, strict=True)
    )
    return np.asarray(below <= _place(len(errors), coverage))


def _flat(scores: Sequence[Sequence[float]], num_models: int) -> tuple[np.ndarray, np.ndarray]:
    """All scores, and for each the model that goes with it."""
    if len(scores) != num_models:
        raise ValueError(f"there are {num_models} models, and scores of {len(scores)} folds.")
    errors = np.concatenate([np.asarray(each, np.float64) for each in scores])
    return errors, np.repeat(np.arange(num_models), [len(each) for each in scores])


def _place(count: int, coverage: float) -> int:
    """The place of the bound among the rising scores, from 0; as in `conformal.bound`."""
    return min(count, math.ceil((count + 1) * coverage - 1e-9)) - 1
