"""What a measurement returns, and how sure one can be of a mean over seeds."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats


@dataclasses.dataclass(frozen=True)
class Measurement:
    """The numbers that were measured for one claim.

    Attributes:
      values: metric -> number. A bool is 0 or 1.
      per_seed: metric -> one number for each seed. The value of the metric is their mean.
      curves: what a figure or a table shows besides: numbers, strings, lists, dicts.
    """

    values: Mapping[str, float]
    per_seed: Mapping[str, Sequence[float]] = dataclasses.field(default_factory=dict)
    curves: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def metrics(self) -> dict[str, float]:
        """The value of every metric."""
        means = {name: float(np.mean(samples)) for name, samples in self.per_seed.items()}
        return {**{name: float(value) for name, value in self.values.items()}, **means}

    def interval(self, name: str) -> tuple[float, float]:
        """The 95 % confidence interval of a metric, which is one point if it has no seeds."""
        if name not in self.per_seed:
            return self.values[name], self.values[name]
        return confidence(self.per_seed[name])


def confidence(samples: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """Student's t interval of a mean.

    It is infinite if there are fewer than two samples, or if one of them is not finite.
    """
    values = np.asarray(samples, float)
    if len(values) < 2 or not np.isfinite(values).all():
        return -np.inf, np.inf
    half = stats.t.ppf((1 + level) / 2, len(values) - 1) * stats.sem(values)
    return float(values.mean() - half), float(values.mean() + half)


def largest_difference(one: Any, other: Any) -> float:
    """Max |one - other|. It is infinite, and so meets no gate, if a number is not finite."""
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if one.shape != other.shape:
        raise ValueError(f"shapes {one.shape} and {other.shape} differ")
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return np.inf
    return float(np.abs(one - other).max(initial=0))
