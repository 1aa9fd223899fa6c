"""Scores over a whole split, on the host, by scikit-learn. An undefined score is NaN.

Missing labels (NaN, or -1 for classes) are left out. Scores of several targets are means over
the targets for which the score is defined. scikit-learn is imported late because its import is
slow.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np


def regression(predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """`mae`, `rmse` and `r2`, each the mean over targets.

    r2 of a constant target, or of fewer than two labels, is undefined.
    """
    from sklearn import metrics

    columns = list(_known_columns(predictions, labels))
    constant = constant_columns(labels)
    varying = [pair for column, pair in enumerate(columns) if column not in constant]
    filled = [pair for pair in columns if len(pair[0])]
    return {
        "mae": _mean(metrics.mean_absolute_error, filled),
        "rmse": _mean(metrics.root_mean_squared_error, filled),
        "r2": _mean(metrics.r2_score, varying),
    }


def scaled_regression(
    predictions: np.ndarray, labels: np.ndarray, spread: Sequence[float] = ()
) -> dict[str, float]:
    """`scaled_mae` and `scaled_rmse`: errors divided by the spread of each target, then averaged.

    A mean over targets with different units is meaningless. In units of their own spread, errors
    are comparable. A model that predicts the mean of every target has a `scaled_rmse` of about 1.

    Args:
      predictions: [rows, targets].
      labels: [rows, targets], NaN for a missing label.
      spread: the standard deviation of each target over the training part. Without it, that of
        the known labels here, or 1 if these are all equal.
    """
    labels = np.asarray(labels, np.float64)
    if not len(spread):
        spread = [_spread(truth) for truth, _ in _known_columns(labels, labels)]
    scores = regression(np.asarray(predictions, np.float64) / spread, labels / spread)
    return {f"scaled_{name}": scores[name] for name in ("mae", "rmse")}


def by_target(
    score: Callable[[np.ndarray, np.ndarray], dict[str, float]],
    predictions: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str],
) -> dict[str, float]:
    """The scores of each target separately, by keys such as `logS/mae`. NaN if undefined."""
    found = {}
    for column, name in enumerate(names):
        alone = score(predictions[:, column : column + 1], labels[:, column : column + 1])
        found.update({f"{name}/{metric}": value for metric, value in alone.items()})
    return found


def binary(predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """`roc_auc`, `average_precision`, `accuracy`, `weighted_accuracy`, `f1`, mean over columns.

    All but accuracy are averaged over the columns that have both classes, as in OGB (Hu et al.,
    2020). Accuracies and f1 use the threshold 0.5. Weighted accuracy is the mean over the two
    classes of the share that is recognised.
    """
    from sklearn import metrics

    columns = list(_known_columns(predictions, labels))
    single = one_class_columns(labels)
    both = [pair for column, pair in enumerate(columns) if column not in single]
    filled = [pair for pair in columns if len(pair[0])]

    def f1(truth: np.ndarray, probability: np.ndarray) -> float:
        return float(metrics.f1_score(truth, probability > 0.5, zero_division=0.0))

    def accuracy(truth: np.ndarray, probability: np.ndarray) -> float:
        return float(metrics.accuracy_score(truth, probability > 0.5))

    def weighted(truth: np.ndarray, probability: np.ndarray) -> float:
        return float(metrics.balanced_accuracy_score(truth, probability > 0.5))

    return {
        "roc_auc": _mean(metrics.roc_auc_score, both),
        "average_precision": _mean(metrics.average_precision_score, both),
        "accuracy": _mean(accuracy, filled),
        "weighted_accuracy": _mean(weighted, both),
        "f1": _mean(f1, both),
    }


def multiclass(predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """`accuracy`, `weighted_accuracy` and macro `f1` of class probabilities [rows, classes].

    Weighted accuracy is the mean recall of the classes (Dwivedi et al., 2023) that occur among the
    labels.
    """
    from sklearn import metrics

    labels = np.asarray(labels)
    if labels.ndim != 1 or len(labels) != len(predictions):
        raise ValueError(f"expected labels [{len(predictions)}], got {list(labels.shape)}.")
    known = labels >= 0
    if not known.any():
        return dict.fromkeys(("accuracy", "weighted_accuracy", "f1"), float("nan"))
    truth, guess = labels[known], np.argmax(predictions[known], axis=1)
    present = np.unique(truth)
    return {
        "accuracy": float(metrics.accuracy_score(truth, guess)),
        "weighted_accuracy": float(
            metrics.recall_score(truth, guess, labels=present, average="macro", zero_division=0.0)
        ),
        "f1": float(metrics.f1_score(truth, guess, average="macro", zero_division=0.0)),
    }


def constant_columns(labels: np.ndarray) -> dict[int, str]:
    """The regression targets for which r2 is undefined, with the reasons."""
    reasons = {}
    for column, (truth, _) in enumerate(_known_columns(labels, labels)):
        if len(truth) < 2:
            reasons[column] = f"it has {len(truth) or 'no'} known label{'' if len(truth) else 's'}"
        elif np.all(truth == truth[0]):
            reasons[column] = "its labels are all equal"
    return reasons


def one_class_columns(labels: np.ndarray) -> dict[int, str]:
    """The binary targets for which ranking scores are undefined, with the reasons."""
    reasons = {}
    for column, (truth, _) in enumerate(_known_columns(labels, labels)):
        if len(truth) == 0:
            reasons[column] = "it has no known labels"
        elif np.all(truth == truth[0]):
            reasons[column] = f"all its known labels are {truth[0]:g}"
    return reasons


def _spread(truth: np.ndarray) -> float:
    std = float(truth.std()) if len(truth) else 0.0
    return std if std > 0 else 1.0


def _known_columns(
    predictions: np.ndarray, labels: np.ndarray
) -> Iterable[tuple[np.ndarray, np.ndarray]]:
    labels = np.asarray(labels, np.float64)
    predictions = np.asarray(predictions, np.float64)
    if labels.ndim != 2 or labels.shape != predictions.shape:
        raise ValueError(
            f"predictions {list(predictions.shape)} and labels {list(labels.shape)} must both "
            "be [rows, targets]."
        )
    for truth, guess in zip(labels.T, predictions.T, strict=True):
        known = ~np.isnan(truth)
        yield truth[known], guess[known]


def _mean(
    score: Callable[[np.ndarray, np.ndarray], float],
    columns: list[tuple[np.ndarray, np.ndarray]],
) -> float:
    if not columns:
        return float("nan")
    return float(np.mean([float(score(truth, guess)) for truth, guess in columns]))
