"""Scores of predicted words against the words of a sequence, as OGB has them for ogbg-code2."""

import dataclasses
from typing import Any

import numpy as np

from gtx.tasks.metrics.sums import Sums, ratio, row_weights


@dataclasses.dataclass(frozen=True, eq=False)
class SubtokenSums(Sums):
    """Sums over rows of the scores of each row, whose words count as a set.

    Hu et al. (2020), `ogb.graphproppred.Evaluator`. A row without a predicted word has precision 0.

    Attributes:
      weight: of the rows.
      precision: weighted sum of the share of the predicted words that are right.
      recall: likewise of the share of the words that are predicted.
      f1: of the harmonic mean of both, 0 if both are 0.
    """

    weight: float
    precision: float
    recall: float
    f1: float

    @classmethod
    def of(cls, predictions: Any, labels: Any, words: int, weights: Any = None) -> "SubtokenSums":
        """The sums of rows.

        Args:
          predictions: numbers of words [rows, positions]; `words` is the unknown word, and
            `words` + 1 ends the sequence.
          labels: [rows, longest], NaN after the last word; a row of NaN is missing. A number of
            `words` + 2 or more is a word that cannot be predicted.
          words: how many words there are.
          weights: [rows], 1 each if None.
        """
        predictions, labels = np.asarray(predictions), np.asarray(labels)
        weights = row_weights(weights, len(labels))
        sums = np.zeros(4)
        for guess, truth, weight in zip(predictions, labels, weights, strict=True):
            wanted = set(truth[~np.isnan(truth)].astype(np.int64).tolist())
            if not wanted or not weight:
                continue
            found = set(before_end(guess, words))
            right = len(wanted & found)
            precision = right / len(found) if found else 0.0
            recall = right / len(wanted)
            both = precision + recall
            f1 = 2 * precision * recall / both if both else 0.0
            sums += weight * np.array([1.0, precision, recall, f1])
        return cls(*map(float, sums))

    def scores(self) -> dict[str, float]:
        """`f1`, `precision` and `recall`, means over rows; NaN without rows."""
        return {
            name: float(ratio(getattr(self, name), self.weight))
            for name in ("f1", "precision", "recall")
        }


def before_end(numbers: Any, words: int) -> list[int]:
    """The numbers before the first that ends the sequence."""
    found = np.asarray(numbers).astype(np.int64).tolist()
    return found[: found.index(words + 1)] if words + 1 in found else found
