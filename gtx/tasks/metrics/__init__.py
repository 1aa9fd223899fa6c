"""Scores over rows, on the host, from sums that add up over batches and devices.

Missing labels (NaN, or -1 for classes) are left out. Scores of several targets are means over the
targets for which the score is defined. An undefined score is NaN. All scores equal those of
scikit-learn in float64.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gtx.tasks.metrics.calibration import CalibrationSums as CalibrationSums
from gtx.tasks.metrics.classification import BinarySums as BinarySums
from gtx.tasks.metrics.classification import BinaryTarget as BinaryTarget
from gtx.tasks.metrics.classification import ClassSums as ClassSums
from gtx.tasks.metrics.confusion import ConfusionSums as ConfusionSums
from gtx.tasks.metrics.regression import RegressionSums as RegressionSums
from gtx.tasks.metrics.subtokens import SubtokenSums as SubtokenSums
from gtx.tasks.metrics.sums import Sums as Sums
from gtx.tasks.metrics.sums import known_columns
from gtx.tasks.metrics.thresholds import ThresholdSums as ThresholdSums


def regression(predictions: Any, labels: Any, weights: Any = None) -> dict[str, float]:
    """`mae`, `rmse` and `r2` of rows, each the mean over targets. See `RegressionSums.of`."""
    return RegressionSums.of(predictions, labels, weights).scores()


def scaled_regression(
    predictions: Any, labels: Any, spread: Sequence[float] = ()
) -> dict[str, float]:
    """`scaled_mae` and `scaled_rmse` of rows. See `RegressionSums.scaled`."""
    return RegressionSums.of(predictions, labels).scaled(spread)


def binary(predictions: Any, labels: Any, weights: Any = None) -> dict[str, float]:
    """Scores of probabilities of yes-or-no targets, means over targets. See `BinarySums`.

    `roc_auc`, `average_precision`, `weighted_accuracy` (balanced: the mean over the two classes of
    the share that is recognised), `f1` and `mcc` are of the targets that have both classes;
    `accuracy` and `calibration_error` of all.
    """
    return BinarySums.of(predictions, labels, weights).scores()


def multiclass(predictions: Any, labels: Any, weights: Any = None) -> dict[str, float]:
    """Scores of class probabilities [rows, classes]. See `ClassSums`.

    `accuracy`, `weighted_accuracy` (balanced: the mean recall of the classes that have rows, as
    Dwivedi et al., 2023, score PATTERN and CLUSTER), macro `f1`, `mcc`, `calibration_error`.
    """
    return ClassSums.of(predictions, labels, weights).scores()


def constant_columns(labels: np.ndarray) -> dict[int, str]:
    """The regression targets for which r2 is undefined, with the reasons."""
    reasons = {}
    for column, (truth, _, _) in enumerate(known_columns(labels, labels)):
        if len(truth) < 2:
            reasons[column] = f"it has {len(truth) or 'no'} known label{'' if len(truth) else 's'}"
        elif np.all(truth == truth[0]):
            reasons[column] = "its labels are all equal"
    return reasons


def one_class_columns(labels: np.ndarray) -> dict[int, str]:
    """The binary targets for which ranking scores are undefined, with the reasons."""
    reasons = {}
    for column, (truth, _, _) in enumerate(known_columns(labels, labels)):
        if len(truth) == 0:
            reasons[column] = "it has no known labels"
        elif np.all(truth == truth[0]):
            reasons[column] = f"all its known labels are {truth[0]:g}"
    return reasons
