"""A row of the table: what is measured, the gates that were written before, the verdict."""

import dataclasses
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from experiments.paper.results import Measurement

RELATIONS = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    ">": operator.gt,
}
SYMBOLS = {"<=": "≤", ">=": "≥", "==": "=", ">": ">"}
Role = Literal["claim", "limit"]
Options = Mapping[str, Any]
X64, F32 = 1e-12, 1e-5  # the gates of errors, by precision


@dataclasses.dataclass(frozen=True)
class Gate:
    """A metric and where it must lie.

    Of a metric with seeds the less favourable end of the 95 % confidence interval must. What is
    not finite meets no gate.

    Attributes:
      metric: its name in the `Measurement`.
      relation: "<=", ">=", "==" or ">".
      threshold: the other side.
      meaning: of the metric, in words.
      role: "claim", what the paper says; "limit", that it does not hold elsewhere, which makes
        the verdict conditional (and guards against a test that cannot fail).
    """

    metric: str
    relation: Literal["<=", ">=", "==", ">"]
    threshold: float
    meaning: str
    role: Role = "claim"

    def met(self, measured: Measurement) -> bool:
        ends, compare = measured.interval(self.metric), RELATIONS[self.relation]
        return all(math.isfinite(end) and compare(end, self.threshold) for end in ends)

    def __str__(self) -> str:
        return f"{SYMBOLS[self.relation]} {self.threshold:g}"


def limit(
    metric: str, relation: Literal["<=", ">=", "==", ">"], threshold: float, meaning: str
) -> Gate:
    """A gate on where the claim ends."""
    return Gate(metric, relation, threshold, meaning, "limit")


def equal(metric: str, meaning: str) -> tuple[Gate, Gate]:
    """Both precisions of a metric."""
    return (
        Gate(f"{metric}_x64", "<=", X64, f"{meaning}, float64"),
        Gate(f"{metric}_f32", "<=", F32, f"{meaning}, float32"),
    )


def verdict(gates: Sequence[Gate], measured: Measurement, condition: str | None) -> str:
    """What is to be said, from the gates alone: holds, holds only under ..., does not hold.

    Args:
      gates: all of the claim.
      measured: every metric of theirs.
      condition: what the claim needs, if it needs something; metrics in braces are filled in.
    """
    metrics = measured.metrics()
    missed: dict[Role, list[str]] = {"claim": [], "limit": []}
    for gate in gates:
        if not gate.met(measured):
            found = f"{gate.meaning} is {metrics[gate.metric]:.2g}, not {gate}"
            missed[gate.role].append(found)
    if missed["claim"]:
        return f"does not hold: {'; '.join(missed['claim'])}"
    if missed["limit"]:
        return f"holds; a limit that was expected was not seen: {'; '.join(missed['limit'])}"
    return "holds" if condition is None else f"holds only under: {condition.format(**metrics)}"


@dataclasses.dataclass(frozen=True)
class Claim:
    """A row.

    Attributes:
      number: of the row.
      place: section and equations of the paper.
      says: what the paper says, in our words.
      test: what is measured.
      measure: the whole measurement, which `make claims` runs.
      gates: where its metrics must lie.
      effect: what the table prints of the metrics, which stand in braces.
      thin: options of the form that the default tests run.
      check: what tests run, if not `measure`.
      slow: options of the form that slow tests run; None for no such form.
      condition: what the claim needs, if it needs something; metrics in braces.
    """

    number: int
    place: str
    says: str
    test: str
    measure: Callable[..., Measurement]
    gates: tuple[Gate, ...]
    effect: str
    thin: Options = dataclasses.field(default_factory=dict)
    check: Callable[..., Measurement] | None = None
    slow: Options | None = None
    condition: str | None = None

    @property
    def name(self) -> str:
        return f"E{self.number}"

    @property
    def marker(self) -> str:
        return f"claim_E{self.number:02d}"

    @property
    def figure(self) -> str:
        """Beside docs/paper.md."""
        return f"figures/E{self.number:02d}.svg"
