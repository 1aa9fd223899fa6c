"""Mean absolute error, root mean squared error and R2 of each target."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from gtx.tasks.metrics.sums import Sums, known_columns, mean_of_known, ratio, same_kind


@dataclasses.dataclass(frozen=True, eq=False)
class RegressionSums(Sums):
    """Sums of errors, each [targets].

    Attributes:
      count: number of known labels.
      weight: sum of their weights.
      absolute, squared: weighted sums of |error| and of error squared.
      mean: weighted mean of the labels.
      spread: weighted sum of their squared distances from this mean.
      low, high: smallest and largest label, infinite without any.
    """

    count: np.ndarray
    weight: np.ndarray
    absolute: np.ndarray
    squared: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, predictions: Any, labels: Any, weights: Any = None) -> "RegressionSums":
        """The sums of rows.

        Args:
          predictions: [rows, targets].
          labels: [rows, targets], NaN for a missing label.
          weights: [rows], 0 for a row to leave out; 1 each if None.
        """
        rows = []
        for truth, guess, weight in known_columns(predictions, labels, weights):
            total, error = weight.sum(), guess - truth
            mean = (weight * truth).sum() / total if len(truth) else 0.0
            spread = (weight * (truth - mean) ** 2).sum()
            low, high = truth.min(initial=np.inf), truth.max(initial=-np.inf)
            sums = (weight * np.abs(error)).sum(), (weight * error**2).sum()
            rows.append((len(truth), total, *sums, mean, spread, low, high))
        columns = np.array(rows, np.float64).reshape(-1, len(dataclasses.fields(cls))).T
        return cls(columns[0].astype(np.int64), *columns[1:])

    def __add__(self, other: Any) -> "RegressionSums":
        """The sums of both; mean and spread by the formula of Chan et al. (1979)."""
        same_kind(self, other)
        weight = self.weight + other.weight
        share = np.nan_to_num(ratio(other.weight, weight))
        apart = other.mean - self.mean
        return RegressionSums(
            count=self.count + other.count,
            weight=weight,
            absolute=self.absolute + other.absolute,
            squared=self.squared + other.squared,
            mean=self.mean + apart * share,
            spread=self.spread + other.spread + apart**2 * self.weight * share,
            low=np.minimum(self.low, other.low),
            high=np.maximum(self.high, other.high),
        )

    @property
    def mae(self) -> np.ndarray:
        return ratio(self.absolute, self.weight)

    @property
    def rmse(self) -> np.ndarray:
        return np.sqrt(ratio(self.squared, self.weight))

    @property
    def r2(self) -> np.ndarray:
        """1 - squared errors / spread. Undefined for fewer than two labels, or if all are equal."""
        defined = (self.count >= 2) & (self.low < self.high)
        return 1 - ratio(self.squared, np.where(defined, self.spread, 0.0))

    @property
    def std(self) -> np.ndarray:
        """Standard deviation of the labels; NaN without any, 0 if all are equal."""
        spread = np.where(self.low < self.high, self.spread, 0.0)
        return np.sqrt(ratio(spread, self.weight))

    def scores(self) -> dict[str, float]:
        """`mae`, `rmse` and `r2`, each the mean over the targets for which it is defined."""
        return {name: mean_of_known(getattr(self, name)) for name in ("mae", "rmse", "r2")}

    def scaled(self, spread: Sequence[float] = ()) -> dict[str, float]:
        """`scaled_mae` and `scaled_rmse`: errors divided by the spread of each target, then a mean.

        A mean over targets with different units is meaningless. In units of their own spread,
        errors are comparable. A model that predicts the mean of every target has a `scaled_rmse`
        of about 1.

        Args:
          spread: the standard deviation of each target over the training part. Without it, that
            of the known labels here, or 1 if these are all equal.
        """
        given = np.asarray(spread, np.float64) if len(spread) else self.std
        unit = np.where(given > 0, given, 1.0)
        return {f"scaled_{name}": mean_of_known(getattr(self, name) / unit) for name in _ERRORS}

    def by_target(self, names: Sequence[str]) -> dict[str, float]:
        """The scores of each target, by keys such as `logS/mae`."""
        return {
            f"{name}/{metric}": float(getattr(self, metric)[column])
            for column, name in enumerate(names)
            for metric in ("mae", "rmse", "r2")
        }


_ERRORS = ("mae", "rmse")
