"""The base class of sums, and the checks of what is summed."""

import abc
import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Sums(abc.ABC):
    """Sums over rows from which scores follow. Host, numpy, float64.

    The sums of two sets of rows add up to those of both (`one + two`), so rows may be scored batch
    by batch, shard by shard or host by host. The scores are then those of all rows at once, up to
    the rounding of sums in float64. A row with weight 0, such as padding, changes nothing.
    """

    def __add__(self, other: Any) -> Any:
        """Sums of the rows of both. Subclasses with fields that do not add up have their own."""
        same_kind(self, other)
        added = {
            field.name: getattr(self, field.name) + getattr(other, field.name)
            for field in dataclasses.fields(self)
        }
        return type(self)(**added)

    @abc.abstractmethod
    def scores(self) -> dict[str, float]:
        """Scores by name. One that is not defined for these rows is NaN."""


def same_kind(one: Any, two: Any) -> None:
    """Raise a TypeError unless both are sums of the same kind, which can be added."""
    if type(one) is not type(two):
        raise TypeError(f"{type(one).__name__} cannot be added to {type(two).__name__}.")


def matrices(predictions: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and labels [rows, targets] in float64.

    Raises:
      ValueError: their shapes differ, or they do not have two axes.
    """
    labels = np.asarray(labels, np.float64)
    predictions = np.asarray(predictions, np.float64)
    if labels.ndim != 2 or labels.shape != predictions.shape:
        raise ValueError(
            f"predictions {list(predictions.shape)} and labels {list(labels.shape)} must both "
            "be [rows, targets]."
        )
    return predictions, labels


def row_weights(weights: Any, rows: int) -> np.ndarray:
    """The weights of rows in float64, 1 each if None.

    Raises:
      ValueError: their number is wrong, or one is negative or not finite.
    """
    if weights is None:
        return np.ones(rows)
    weights = np.asarray(weights, np.float64)
    if weights.shape != (rows,):
        raise ValueError(f"weights {list(weights.shape)} must be [rows] = [{rows}].")
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(f"weights[{row}] is {weights[row]}. A weight is finite and at least 0.")
    return weights


def known_columns(
    predictions: Any, labels: Any, weights: Any = None
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """For each target the known labels, and the predictions and weights of these rows.

    A label is known if it is not NaN and its row has a weight above 0.
    """
    predictions, labels = matrices(predictions, labels)
    weights = row_weights(weights, len(labels))
    for truth, guess in zip(labels.T, predictions.T, strict=True):
        known = ~np.isnan(truth) & (weights > 0)
        yield truth[known], guess[known], weights[known]


def ratio(above: Any, below: Any) -> Any:
    """`above / below`, NaN where `below` is 0."""
    above, below = np.broadcast_arrays(np.asarray(above, np.float64), below)
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below != 0)


def mean_of_known(values: Any) -> float:
    """The mean of the values that are not NaN; NaN if there are none."""
    values = np.asarray(values, np.float64).reshape(-1)
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
