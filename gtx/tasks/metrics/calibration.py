"""The expected calibration error of probabilities (Naeini et al., 2015; Guo et al., 2017)."""

import dataclasses

import numpy as np

from gtx.tasks.metrics.sums import Sums, ratio

NUM_BINS = 15


@dataclasses.dataclass(frozen=True, eq=False)
class CalibrationSums(Sums):
    """Sums over the rows of each bin of confidence, each [bins].

    The bins divide [0, 1] into equal parts. A value on an edge belongs to the bin below it.

    Attributes:
      weight: weight of the rows.
      confidence: weighted sum of the predicted probabilities.
      right: weight of the rows of which the predicted event is true.
    """

    weight: np.ndarray
    confidence: np.ndarray
    right: np.ndarray

    @classmethod
    def of(
        cls,
        confidence: np.ndarray,
        right: np.ndarray,
        weights: np.ndarray | None = None,
        *,
        num_bins: int = NUM_BINS,
    ) -> "CalibrationSums":
        """The sums of rows.

        Args:
          confidence: [rows], predicted probability of an event: of label 1, or of the class that
            is predicted.
          right: [rows], bool, whether the event is true.
          weights: [rows], 1 each if None.
          num_bins: number of bins.
        """
        weights = np.ones(len(confidence)) if weights is None else weights
        edges = np.linspace(0, 1, num_bins + 1)[1:-1]
        place = np.searchsorted(edges, confidence, side="left")

        def binned(values: np.ndarray) -> np.ndarray:
            return np.bincount(place, values, num_bins).astype(np.float64)

        return cls(binned(weights), binned(weights * confidence), binned(weights * right))

    @property
    def error(self) -> float:
        """The mean over rows of |mean confidence in its bin - share of its bin that is true|."""
        return float(ratio(np.abs(self.confidence - self.right).sum(), self.weight.sum()))

    def scores(self) -> dict[str, float]:
        return {"calibration_error": self.error}
