"""How often predictions are as right as they say, as charts."""

import numpy as np

from gtx.report.charts import Series
from gtx.report.targets import Target
from gtx.uncertainty.conformal import TooFewError, bound

_BINS = 10
_COVERAGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


def reliability(target: Target) -> list[Series]:
    """The share of rows that are right against what their probabilities say, in ten ranges.

    Of several classes it is the probability of the most probable one. With uncertainty.json there
    is a second series, of calibrated probabilities.
    """
    said = {"as predicted": target.predicted}
    if target.fitted is not None and not target.fitted.folds:
        calibrated = target.fitted.calibrated(target.predicted[None])
        if calibrated is not None:
            said["calibrated on the validation part"] = calibrated
    return [_binned(name, target, values) for name, values in said.items()]


def _binned(name: str, target: Target, predicted: np.ndarray) -> Series:
    if target.kind == "binary":
        probability, right = predicted[:, 0], target.measured == 1
    else:
        probability = predicted.max(axis=1)
        right = predicted.argmax(axis=1) == target.measured
    bins = np.minimum((probability * _BINS).astype(int), _BINS - 1)
    there = [bins == number for number in range(_BINS) if (bins == number).any()]
    counts = [int(rows.sum()) for rows in there]
    x = [float(probability[rows].mean()) for rows in there]
    y = [float(right[rows].mean()) for rows in there]
    titles = [
        f"{name}: {says:.3f} predicted, {found:.3f} found, {count} rows"
        for says, found, count in zip(x, y, counts, strict=True)
    ]
    return Series(name, np.array(x), np.array(y), titles, line=True)


def coverage(target: Target) -> Series | None:
    """The share of rows in their interval, against what the interval promises; None without any.

    Intervals of folds come from the errors of these rows themselves, which would prove nothing.
    """
    fitted, errors = target.fitted, target.errors
    if fitted is None or fitted.folds or not len(errors):
        return None
    x, y, titles = [], [], []
    for wanted in _COVERAGES:
        half = np.full(len(errors), np.nan)
        try:
            if fitted.scaled and target.deviation is not None:
                half = bound(np.array(fitted.scaled), wanted) * (target.deviation + fitted.floor)
            else:
                half[:] = bound(np.array(fitted.scores), wanted)
        except TooFewError:
            continue
        held = float((errors <= half).mean())
        x.append(wanted)
        y.append(held)
        titles.append(
            f"intervals for {wanted:.0%} hold {held:.1%}; mean width {2 * half.mean():.4g}"
        )
    return Series("intervals", np.array(x), np.array(y), titles, line=True) if x else None
