"""Stop when the validation score no longer improves."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from gtx.training.hooks.base import Hook, RunInfo
from gtx.training.progress import is_better


@dataclasses.dataclass
class EarlyStopping(Hook):
    """Stop after `patience` evaluations in a row without a better main metric.

    Attributes:
      patience: at least 1.
      min_delta: the smallest improvement that counts.
    """

    patience: int
    min_delta: float = 0.0

    def __post_init__(self) -> None:
        if self.patience < 1:
            raise ValueError(f"patience must be at least 1, got {self.patience}.")

    def start(self, run: RunInfo) -> None:
        self._metric, self._mode = run.main_metric, run.mode

    def stop(self, history: Sequence[Mapping[str, Any]]) -> str | None:
        best, waited = None, 0
        for entry in history:
            # Without known labels the score is undefined, which is neither better nor worse.
            if entry["valid"] is None or entry["valid"][self._metric] is None:
                continue
            score = entry["valid"][self._metric]
            # To require min_delta, the score is made worse by it before the comparison.
            shifted = score + self.min_delta * (1 if self._mode == "min" else -1)
            if is_better(score if best is None else shifted, best, self._mode):
                best, waited = score, 0
            else:
                waited += 1
        if waited >= self.patience:
            return f"no better {self._metric} in {waited} evaluations"
        return None
