"""ROC-AUC and average precision of one yes-or-no target."""

import dataclasses
from typing import Any

import numpy as np

from gtx.tasks.metrics.sums import Sums, same_kind


@dataclasses.dataclass(frozen=True, eq=False)
class ThresholdSums(Sums):
    """The weight of the positives and negatives with each score.

    Both scores of the ranking depend on these weights alone, with ties counted exactly. The arrays
    are as long as there are different scores.

    Attributes:
      score: [scores], all different, rising.
      positive, negative: [scores], weight of the rows with each score.
    """

    score: np.ndarray
    positive: np.ndarray
    negative: np.ndarray

    @classmethod
    def of(
        cls, truth: np.ndarray, score: np.ndarray, weights: np.ndarray | None = None
    ) -> "ThresholdSums":
        """The sums of rows.

        Args:
          truth: [rows], 0 or 1.
          score: [rows], larger where 1 is more likely.
          weights: [rows], 1 each if None.
        """
        weights = np.ones(len(truth)) if weights is None else weights
        return cls._joined(score, weights * (truth == 1), weights * (truth == 0))

    @classmethod
    def _joined(
        cls, score: np.ndarray, positive: np.ndarray, negative: np.ndarray
    ) -> "ThresholdSums":
        there = (positive > 0) | (negative > 0)
        score, positive, negative = score[there], positive[there], negative[there]
        different, place = np.unique(score, return_inverse=True)
        length = len(different)
        return cls(
            different,
            np.bincount(place, positive, length).astype(np.float64),
            np.bincount(place, negative, length).astype(np.float64),
        )

    def __add__(self, other: Any) -> "ThresholdSums":
        same_kind(self, other)
        both = [
            np.concatenate([getattr(self, name), getattr(other, name)])
            for name in ("score", "positive", "negative")
        ]
        return self._joined(*both)

    @property
    def both_classes(self) -> bool:
        return bool(self.positive.any() and self.negative.any())

    @property
    def roc_auc(self) -> float:
        """The probability that a positive scores higher than a negative; a tie counts half.

        NaN without positives or without negatives.
        """
        if not self.both_classes:
            return float("nan")
        below = np.cumsum(self.negative) - self.negative
        won = (self.positive * (below + self.negative / 2)).sum()
        return float(won / (self.positive.sum() * self.negative.sum()))

    @property
    def average_precision(self) -> float:
        """The precision at each score, weighted by the share of the positives with this score.

        NaN without positives or without negatives, as OGB leaves out such targets.
        """
        if not self.both_classes:
            return float("nan")
        right = np.cumsum(self.positive[::-1])
        wrong = np.cumsum(self.negative[::-1])
        precision = right / (right + wrong)
        return float((self.positive[::-1] * precision).sum() / right[-1])

    def scores(self) -> dict[str, float]:
        return {"roc_auc": self.roc_auc, "average_precision": self.average_precision}
