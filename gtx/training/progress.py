"""The progress of a run without its arrays: the JSON part of a checkpoint."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gtx.training.checkpoint import CheckpointError
from gtx.training.step import StepReport


@dataclasses.dataclass
class Totals:
    """Sums over the steps of an epoch so far, in float64.

    Steps are added one by one. The sums therefore do not depend on the limits of chunks or on
    restarts.
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
      epoch: the current epoch, or the number of epochs when all are done.
      position: number of steps of its plan that are done.
      totals: sums over these steps.
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
        """Append the entry of the current epoch, move to the next epoch, and return the entry."""
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
    def from_json(cls, data: Any) -> "Progress":
        """The progress that `to_json` wrote.

        A field of a later version gets its default if the checkpoint lacks it. The fields of the
        first version are required.

        Raises:
          CheckpointError: names the field that is missing, unknown or of another type.
        """
        fields = _fields(data, "progress", cls, _PROGRESS)
        fields["totals"] = Totals(**_fields(fields["totals"], "progress.totals", Totals, _TOTALS))
        return cls(**fields)


def _whole(value: Any) -> bool:
    return type(value) is int and value >= 0


def _finite(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


# The fields of the first version, each with a check of its value.
_TOTALS: dict[str, Callable[[Any], bool]] = dict(
    loss_sum=_finite, count=_finite, grad_norm=_finite, steps=_whole, learning_rate=_finite
)
_PROGRESS: dict[str, Callable[[Any], bool]] = dict(
    epoch=_whole,
    position=_whole,
    totals=lambda value: isinstance(value, dict),
    history=lambda value: isinstance(value, list) and all(isinstance(x, dict) for x in value),
    best_score=lambda value: value is None or _finite(value),
    best_epoch=lambda value: value is None or _whole(value),
)


def _fields(
    data: Any, name: str, kind: type, rules: Mapping[str, Callable[[Any], bool]]
) -> dict[str, Any]:
    hint = "Another version of gtx wrote this checkpoint, or another program; go on with that one."
    if not isinstance(data, Mapping):
        raise CheckpointError(f"{name} is a {type(data).__name__} and no dict. {hint}")
    missing = sorted(set(rules) - set(data))
    unknown = sorted(set(data) - {field.name for field in dataclasses.fields(kind)})
    if missing or unknown:
        raise CheckpointError(f"{name} lacks {missing} and has the unknown {unknown}. {hint}")
    for field, rule in rules.items():
        if not rule(data[field]):
            raise CheckpointError(
                f"{name}.{field} is {data[field]!r:.100}, which it cannot be. {hint}"
            )
    return dict(data)


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
