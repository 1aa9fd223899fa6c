"""Accuracy, recall, precision, F1 and Matthews correlation from counts of class against class."""

import dataclasses
from typing import Any

import numpy as np

from gtx.tasks.metrics.sums import Sums, mean_of_known, ratio


@dataclasses.dataclass(frozen=True, eq=False)
class ConfusionSums(Sums):
    """The weight of the rows of each true and each predicted class.

    Attributes:
      table: [classes, classes], true class first.
    """

    table: np.ndarray

    @classmethod
    def of(
        cls, truth: Any, guess: Any, num_classes: int, weights: np.ndarray | None = None
    ) -> "ConfusionSums":
        """The sums of rows.

        Args:
          truth, guess: [rows], integers below `num_classes`.
          num_classes: number of classes.
          weights: [rows], 1 each if None.
        """
        codes = np.asarray(truth, np.int64) * num_classes + np.asarray(guess, np.int64)
        table = np.bincount(codes, weights, num_classes**2).astype(np.float64)
        return cls(table.reshape(num_classes, num_classes))

    @property
    def support(self) -> np.ndarray:
        """Weight of the rows of each class."""
        return self.table.sum(axis=1)

    @property
    def guessed(self) -> np.ndarray:
        """Weight of the rows for which each class is predicted."""
        return self.table.sum(axis=0)

    @property
    def right(self) -> np.ndarray:
        """Weight of the rows of each class for which it is predicted."""
        return self.table.diagonal()

    @property
    def accuracy(self) -> float:
        return float(ratio(self.right.sum(), self.table.sum()))

    @property
    def recall(self) -> np.ndarray:
        """Share of each class that is recognised; NaN for a class without rows."""
        return ratio(self.right, self.support)

    @property
    def precision(self) -> np.ndarray:
        """Share of the predictions of each class that are right; NaN if it is never predicted."""
        return ratio(self.right, self.guessed)

    @property
    def f1(self) -> np.ndarray:
        """Harmonic mean of precision and recall of each class.

        0 if a class is never recognised, and NaN if it neither has rows nor is predicted.
        """
        return ratio(2 * self.right, self.support + self.guessed)

    @property
    def balanced_accuracy(self) -> float:
        """The mean recall of the classes that have rows."""
        return mean_of_known(self.recall)

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the classes that have rows or are predicted."""
        return mean_of_known(self.f1)

    @property
    def micro_f1(self) -> float:
        """F1 of all decisions together; with one class for each row it is the accuracy."""
        return self.accuracy

    @property
    def mcc(self) -> float:
        """Matthews correlation coefficient, for several classes R_K of Gorodkin (2004).

        NaN if all rows have the same class. 0 if the same class is predicted for all rows, which
        is no better than chance.
        """
        total, right = self.table.sum(), self.right.sum()
        spread_of_truth = total**2 - (self.support**2).sum()
        spread_of_guess = total**2 - (self.guessed**2).sum()
        if not np.count_nonzero(self.support) > 1:
            return float("nan")
        if not np.count_nonzero(self.guessed) > 1:
            return 0.0
        together = right * total - (self.support * self.guessed).sum()
        return float(together / np.sqrt(spread_of_truth * spread_of_guess))

    def scores(self) -> dict[str, float]:
        """`accuracy`, `weighted_accuracy` (balanced), macro `f1`, `micro_f1` and `mcc`."""
        return {
            "accuracy": self.accuracy,
            "weighted_accuracy": self.balanced_accuracy,
            "f1": self.macro_f1,
            "micro_f1": self.micro_f1,
            "mcc": self.mcc,
        }
