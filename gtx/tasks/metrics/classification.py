"""The scores of yes-or-no targets and of classes, from sums."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from gtx.tasks.metrics.calibration import CalibrationSums
from gtx.tasks.metrics.confusion import ConfusionSums
from gtx.tasks.metrics.sums import (
    Sums,
    known_columns,
    mean_of_known,
    ratio,
    row_weights,
    same_kind,
)
from gtx.tasks.metrics.thresholds import ThresholdSums


@dataclasses.dataclass(frozen=True, eq=False)
class BinaryTarget(Sums):
    """The sums of one yes-or-no target. Label 1 is predicted where the probability exceeds 0.5."""

    confusion: ConfusionSums
    thresholds: ThresholdSums
    calibration: CalibrationSums

    @property
    def known(self) -> bool:
        return bool(self.confusion.table.any())

    def scores(self) -> dict[str, float]:
        """NaN where a score needs both classes and one is missing."""
        table, both = self.confusion, self.thresholds.both_classes
        of_both = {
            **self.thresholds.scores(),
            "accuracy": table.accuracy,
            "weighted_accuracy": table.balanced_accuracy if both else float("nan"),
            "f1": float(table.f1[1]) if both else float("nan"),
            "mcc": table.mcc,
        }
        return {**of_both, **self.calibration.scores()}


@dataclasses.dataclass(frozen=True, eq=False)
class BinarySums(Sums):
    """The sums of independent yes-or-no targets.

    Attributes:
      targets: one for each.
    """

    targets: tuple[BinaryTarget, ...]

    @classmethod
    def of(cls, predictions: Any, labels: Any, weights: Any = None) -> "BinarySums":
        """The sums of rows.

        Args:
          predictions: probabilities of label 1, [rows, targets].
          labels: 0, 1, or NaN for a missing label, [rows, targets].
          weights: [rows], 0 for a row to leave out; 1 each if None.
        """
        found = []
        for truth, guess, weight in known_columns(predictions, labels, weights):
            found.append(
                BinaryTarget(
                    ConfusionSums.of(truth, guess > 0.5, 2, weight),
                    ThresholdSums.of(truth, guess, weight),
                    CalibrationSums.of(guess, truth == 1, weight),
                )
            )
        return cls(tuple(found))

    def __add__(self, other: Any) -> "BinarySums":
        same_kind(self, other)
        return BinarySums(
            tuple(one + two for one, two in zip(self.targets, other.targets, strict=True))
        )

    def scores(self) -> dict[str, float]:
        """Means over the targets for which a score is defined, as OGB has them (Hu et al., 2020).

        For several targets there is also `micro_f1`, the F1 of all decisions together.
        """
        each = [target.scores() for target in self.targets]
        names = each[0] if each else BinarySums.of(np.zeros((0, 1)), np.zeros((0, 1))).scores()
        found = {name: mean_of_known([scores[name] for scores in each]) for name in names}
        if len(self.targets) == 1:
            return found
        together = np.sum([target.confusion.table for target in self.targets], axis=0)
        micro = ratio(2 * together[1, 1], together[1].sum() + together[:, 1].sum())
        return {**found, "micro_f1": float(micro)}

    def by_target(self, names: Sequence[str]) -> dict[str, float]:
        """The scores of each target, by keys such as `NR-AR/roc_auc`."""
        return {
            f"{name}/{metric}": value
            for name, target in zip(names, self.targets, strict=True)
            for metric, value in target.scores().items()
        }


@dataclasses.dataclass(frozen=True, eq=False)
class ClassSums(Sums):
    """The sums of one class of several. The class with the largest probability is predicted."""

    confusion: ConfusionSums
    calibration: CalibrationSums

    @classmethod
    def of(cls, predictions: Any, labels: Any, weights: Any = None) -> "ClassSums":
        """The sums of rows.

        Args:
          predictions: probabilities [rows, classes].
          labels: integers [rows], -1 for a missing label.
          weights: [rows], 0 for a row to leave out; 1 each if None.
        """
        predictions, labels = np.asarray(predictions, np.float64), np.asarray(labels)
        if labels.ndim != 1 or len(labels) != len(predictions):
            raise ValueError(f"expected labels [{len(predictions)}], got {list(labels.shape)}.")
        weights = row_weights(weights, len(labels))
        known = (labels >= 0) & (weights > 0)
        truth, weights, predictions = labels[known], weights[known], predictions[known]
        guess = np.argmax(predictions, axis=1)
        confidence = np.take_along_axis(predictions, guess[:, None], axis=1)[:, 0]
        return cls(
            ConfusionSums.of(truth, guess, predictions.shape[1], weights),
            CalibrationSums.of(confidence, truth == guess, weights),
        )

    def scores(self) -> dict[str, float]:
        scores = {**self.confusion.scores(), **self.calibration.scores()}
        return {name: value for name, value in scores.items() if name != "micro_f1"}

    def by_class(self, names: Sequence[str]) -> dict[str, float]:
        """Recall, precision and F1 of each class, by keys such as `theory/recall`."""
        table = self.confusion
        columns = dict(recall=table.recall, precision=table.precision, f1=table.f1)
        return {
            f"{name}/{metric}": float(values[place])
            for place, name in enumerate(names)
            for metric, values in columns.items()
        }
