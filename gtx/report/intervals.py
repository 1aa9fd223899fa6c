"""Bootstrap intervals of scores: what they would be on other rows like these.

Efron and Tibshirani (1993), chapter 13: the percentiles of a score over resamples of the rows with
replacement. They say nothing of other seeds of training, nor of another kind of molecules.
"""

from collections.abc import Callable, Mapping

import numpy as np

RESAMPLES, COVERAGE = 1000, 0.95
FEWEST, MOST = 10, 20_000  # rows: with fewer it says nothing, with more it takes long
_AT_ONCE = 2_000_000  # counts that are held in memory

Statistic = Callable[[np.ndarray], Mapping[str, np.ndarray]]


def intervals(
    kind: str, measured: np.ndarray, predicted: np.ndarray, *, seed: int = 0
) -> dict[str, tuple[float, float, float]]:
    """The score, and the ends of its interval, by metric.

    A resample in which a score is undefined, such as one with a single class, is left out.

    Args:
      kind: regression (`mae`, `rmse`, `r2`), binary (`roc_auc`, `average_precision`, `accuracy`)
        or multiclass (`accuracy`).
      measured: [rows]; of multiclass the number of the class.
      predicted: [rows, outputs]: a value, the probability of 1, or that of each class.
      seed: of the resamples.

    Returns:
      Nothing for fewer than `FEWEST` or more than `MOST` rows.
    """
    count = len(measured)
    if not FEWEST <= count <= MOST:
        return {}
    of = {"regression": _regression, "binary": _binary, "multiclass": _multiclass}[kind]
    statistic = of(measured, predicted)
    rng, step = np.random.default_rng(seed), max(1, _AT_ONCE // count)
    shares = np.full(count, 1 / count)
    drawn = []
    with np.errstate(divide="ignore", invalid="ignore"):
        point = statistic(np.ones((1, count)))
        for start in range(0, RESAMPLES, step):
            size = min(step, RESAMPLES - start)
            drawn.append(statistic(rng.multinomial(count, shares, size=size).astype(np.float64)))
    found = {}
    tail = 100 * (1 - COVERAGE) / 2
    for metric, value in point.items():
        values = np.concatenate([each[metric] for each in drawn])
        values = values[np.isfinite(values)]
        if len(values) > RESAMPLES / 2:
            low, high = np.percentile(values, [tail, 100 - tail])
            found[metric] = float(value[0]), float(low), float(high)
    return found


def _regression(measured: np.ndarray, predicted: np.ndarray) -> Statistic:
    error = predicted[:, 0] - measured
    centred = measured - measured.mean()

    def of(counts: np.ndarray) -> Mapping[str, np.ndarray]:
        total = counts.sum(axis=1)
        squared = counts @ error**2
        spread = counts @ centred**2 - (counts @ centred) ** 2 / total
        return {
            "mae": counts @ np.abs(error) / total,
            "rmse": np.sqrt(squared / total),
            "r2": 1 - squared / spread,
        }

    return of


def _binary(measured: np.ndarray, predicted: np.ndarray) -> Statistic:
    score, truth = predicted[:, 0], measured == 1
    right = (score > 0.5) == truth
    order = np.argsort(-score, kind="stable")
    # Rows of equal probability are passed by a threshold together.
    starts = np.flatnonzero(np.diff(-score[order], prepend=-np.inf))

    def of(counts: np.ndarray) -> Mapping[str, np.ndarray]:
        sorted_counts = counts[:, order]
        yes = np.add.reduceat(sorted_counts * truth[order], starts, axis=1)
        no = np.add.reduceat(sorted_counts * ~truth[order], starts, axis=1)
        all_yes, all_no = yes.sum(axis=1), no.sum(axis=1)
        found, wrong = yes.cumsum(axis=1), no.cumsum(axis=1)
        # A pair is in order if the yes has the larger probability; an equal one counts half.
        below = all_no[:, None] - wrong + no / 2
        precision = found / np.maximum(found + wrong, 1)
        return {
            "roc_auc": (yes * below).sum(axis=1) / (all_yes * all_no),
            "average_precision": (yes * precision).sum(axis=1)
            / np.where(all_no > 0, all_yes, np.nan),
            "accuracy": counts @ right / counts.sum(axis=1),
        }

    return of


def _multiclass(measured: np.ndarray, predicted: np.ndarray) -> Statistic:
    right = (np.argmax(predicted, axis=1) == measured).astype(np.float64)
    return lambda counts: {"accuracy": counts @ right / counts.sum(axis=1)}
