"""A row of the table: what is measured, the gates that were written before, the verdict."""

import dataclasses
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, Literal

from experiments.paper.results import Measurement

RELATIONS = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    ">": operator.gt,
}
SYMBOLS = {"<=": "≤", ">=": "≥", "==": "=", ">": ">"}
Role = Literal["claim", "wording", "limit"]
# From the best to the worst; each with what it means, for docs/paper.md.
VERDICTS = {
    "holds": "every gate is met, and they test the sentence as it stands.",
    "holds under a condition": "every gate is met, but the claim needs something that the sentence "
    "leaves out, and fails or means nothing without it.",
    "not as worded": "what the sentence rests on is met, but a gate on its very words (a size, a "
    "name, a formula that it gives) is missed.",
    "does not hold": "a gate on what the sentence rests on is missed.",
}
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
      role: "claim", what the sentence rests on; "wording", that its very words are right, as when
        it names a size; "limit", that it does not hold elsewhere, which shows where a condition
        bites and that the test can fail.
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


def wording(
    metric: str, relation: Literal["<=", ">=", "==", ">"], threshold: float, meaning: str
) -> Gate:
    """A gate on the words of a claim."""
    return Gate(metric, relation, threshold, meaning, "wording")


def equal(metric: str, meaning: str) -> tuple[Gate, Gate]:
    """Both precisions of a metric."""
    return (
        Gate(f"{metric}_x64", "<=", X64, f"{meaning}, float64"),
        Gate(f"{metric}_f32", "<=", F32, f"{meaning}, float32"),
    )


def verdict(claim: "Claim", measured: Measurement) -> tuple[str, str]:
    """What is to be said, and why: one of `VERDICTS` and a sentence, from the gates alone."""
    metrics = measured.metrics()
    missed: dict[Role, list[str]] = {"claim": [], "wording": [], "limit": []}
    for gate in claim.gates:
        if not gate.met(measured):
            found = f"{gate.meaning} is {metrics[gate.metric]:.2g}, not {gate}"
            missed[gate.role].append(found)
    if missed["claim"]:
        return "does not hold", "; ".join(missed["claim"])
    if missed["wording"]:
        argument = claim.words.format(**metrics) if claim.words else "; ".join(missed["wording"])
        return "not as worded", argument
    kind = "holds under a condition" if claim.conditional else "holds"
    if missed["limit"]:
        return kind, f"a limit that was expected was not seen: {'; '.join(missed['limit'])}"
    return kind, claim.argument.format(**metrics)


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
      argument: why the verdict is what it is if all gates are met; metrics in braces.
      conditional: whether the argument names a condition that the sentence leaves out.
      words: the argument if a gate of the wording is missed; metrics in braces.
      thin: options of the form that the default tests run.
      check: what tests run, if not `measure`.
      slow: options of the form that slow tests run; None for no such form.
      also: further measurements of the row, each recorded with its own time and date.
    """

    number: int
    place: str
    says: str
    test: str
    measure: Callable[..., Measurement]
    gates: tuple[Gate, ...]
    effect: str
    argument: str
    conditional: bool = False
    words: str | None = None
    thin: Options = dataclasses.field(default_factory=dict)
    check: Callable[..., Measurement] | None = None
    slow: Options | None = None
    also: tuple[Callable[..., Measurement], ...] = ()

    @property
    def name(self) -> str:
        return f"E{self.number}"

    @property
    def parts(self) -> dict[str, Callable[..., Measurement]]:
        """Every measurement of the row by the name of its function, the first one first."""
        return {part.__name__: part for part in (self.measure, *self.also)}

    @property
    def marker(self) -> str:
        return f"claim_E{self.number:02d}"

    @property
    def figure(self) -> str:
        """Beside docs/paper.md."""
        return f"figures/E{self.number:02d}.svg"
