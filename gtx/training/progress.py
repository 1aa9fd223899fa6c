"""How far a run has come, apart from its arrays: the part of a checkpoint that is JSON."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from gtx.training.step import StepReport


@dataclasses.dataclass
class Totals:
    """Sums over the steps of an epoch so far, in float64, step by step.

    One step at a time, so that the sums do not depend on where chunks or restarts cut.
    """

    loss_sum: float = 0.0
    count: float = 0.0
    grad_norm: float = 0.0
    steps: int = 0
    learning_rate: float = 0.0

    def add(self, report: StepReport) -> None:
        """Add the steps of a chunk that were taken. `report` is on the host."""
        for index in np.flatnonzero(report.taken):
            self.loss_sum += float(report.loss_sum[index])
            self.count += float(report.count[index])
            self.grad_norm += float(report.grad_norm[index])
            self.learning_rate = float(report.learning_rate[index])
            self.steps += 1

    @property
    def loss(self) -> float:
        return self.loss_sum / self.count if self.count > 0 else 0.0


@dataclasses.dataclass
class Progress:
    """Position, history and best score.

    Attributes:
      epoch: the epoch under way, or the number of epochs when all are done.
      position: steps of its plan that are done.
      totals: over these steps.
      history: one entry per finished epoch: `epoch` (from 1), `step`, `loss`, `learning_rate`
        (of its last step), `grad_norm` (mean), `valid` (metrics; None where not evaluated).
      best_score: the best main metric so far, and `best_epoch` its epoch; None before.
    """

    epoch: int = 0
    position: int = 0
    totals: Totals = dataclasses.field(default_factory=Totals)
    history: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    best_score: float | None = None
    best_epoch: int | None = None

    def finish_epoch(self, step: int, valid: Mapping[str, float] | None) -> dict[str, Any]:
        """Append the entry of the epoch under way, move to the next, and return the entry."""
        totals = self.totals
        entry = {
            "epoch": self.epoch + 1,
            "step": step,
            "loss": totals.loss,
            "learning_rate": totals.learning_rate,
            "grad_norm": totals.grad_norm / max(totals.steps, 1),
            "valid": None if valid is None else {k: json_float(v) for k, v in valid.items()},
        }
        self.history.append(entry)
        self.epoch, self.position, self.totals = self.epoch + 1, 0, Totals()
        return entry

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Progress":
        return cls(**{**data, "totals": Totals(**data["totals"])})


def json_float(value: float) -> float | None:
    """A float that JSON can hold: None for NaN and infinities."""
    return float(value) if math.isfinite(value) else None


def is_better(score: float, best: float | None, mode: str) -> bool:
    """Whether a score improves on the best; NaN never does."""
    if math.isnan(score):
        return False
    if best is None:
        return True
    return score < best if mode == "min" else score > best
