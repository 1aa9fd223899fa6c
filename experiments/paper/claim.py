"""What a claim is: a sentence of the paper, how it is measured, its gates, and its verdict."""

import dataclasses
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, Literal

from matplotlib.figure import Figure

from experiments.paper.measurement import Measurement

RELATIONS = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    ">": operator.gt,
}
SYMBOLS = {"<=": "≤", ">=": "≥", "==": "=", ">": ">"}
Relation = Literal["<=", ">=", "==", ">"]
Role = Literal["claim", "wording", "limit"]
# From the best to the worst. docs/paper.md prints what each of them means.
VERDICTS = {
    "holds": "every gate is met, and they test the sentence as it stands.",
    "holds under a condition": "every gate is met, but the claim needs something that the sentence "
    "leaves out, and fails or means nothing without it.",
    "not as worded": "what the sentence rests on is met, but a gate on its very words (a size, a "
    "name, a formula that it gives) is missed.",
    "does not hold": "a gate on what the sentence rests on is missed.",
}
# Largest errors that a gate on equality allows, by precision.
X64, F32 = 1e-12, 1e-5


@dataclasses.dataclass(frozen=True)
class Gate:
    """A metric and the side of a threshold on which it must lie.

    Where a metric was measured with several seeds, both ends of its 95 % confidence interval must
    lie there. A value that is not finite meets no gate.

    Attributes:
      metric: the name of the metric in the `Measurement`.
      relation: how the metric must compare with the threshold.
      threshold: the number that it is compared with.
      meaning: the metric in words, for tables and for verdicts.
      role: "claim" if the sentence rests on this gate. "wording" if it tests the very words of the
        sentence, such as a size that it names. "limit" if it shows that the claim does not hold
        elsewhere: this is where a condition bites, and it shows that the test can fail.
    """

    metric: str
    relation: Relation
    threshold: float
    meaning: str
    role: Role = "claim"

    def met(self, measured: Measurement) -> bool:
        ends, compare = measured.interval(self.metric), RELATIONS[self.relation]
        return all(math.isfinite(end) and compare(end, self.threshold) for end in ends)

    def __str__(self) -> str:
        return f"{SYMBOLS[self.relation]} {self.threshold:g}"


def limit(metric: str, relation: Relation, threshold: float, meaning: str) -> Gate:
    """A gate that shows where the claim ends."""
    return Gate(metric, relation, threshold, meaning, "limit")


def wording(metric: str, relation: Relation, threshold: float, meaning: str) -> Gate:
    """A gate on the very words of the claim."""
    return Gate(metric, relation, threshold, meaning, "wording")


def equal(metric: str, meaning: str) -> tuple[Gate, Gate]:
    """Two gates on an error that is measured in float64 and in float32."""
    return (
        Gate(f"{metric}_x64", "<=", X64, f"{meaning}, float64"),
        Gate(f"{metric}_f32", "<=", F32, f"{meaning}, float32"),
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Claim:
    """A sentence of the paper and its test: one row of the table in docs/paper.md.

    Attributes:
      number: the number of the row.
      place: sections and equations of the paper.
      says: what the paper says, in our words.
      test: what is measured, in words.
      measure: the whole measurement, which `make claims` runs.
      gates: what the metrics must meet.
      effect: what the table prints as measured. Names of metrics stand in braces.
      argument: why the verdict is what it is if every gate is met; metrics in braces.
      draw: draws the figure. It takes no arguments, or what was recorded (see `draws_record`).
      conditional: whether `argument` names a condition that the sentence leaves out.
      words: the argument if a gate on the wording is missed; metrics in braces.
      also: further measurements. Each is recorded with its own time and date.
      draws_record: whether `draw` takes the recorded measurement (`record.Recorded`), because the
        measurement trains models or takes time. Otherwise it computes what it draws.
      table: lines of Markdown below the gates, from the curves and the name of the machine.
      notebook: the notebook that shows the claim; None if there is none.
      in_readme: whether the README shows the row.
    """

    number: int
    place: str
    says: str
    test: str
    measure: Callable[..., Measurement]
    gates: tuple[Gate, ...]
    effect: str
    argument: str
    draw: Callable[..., Figure]
    conditional: bool = False
    words: str | None = None
    also: tuple[Callable[..., Measurement], ...] = ()
    draws_record: bool = False
    table: Callable[[Mapping[str, Any], str], list[str]] | None = None
    notebook: str | None = None
    in_readme: bool = False

    @property
    def name(self) -> str:
        """Such as "E1", as in the table."""
        return f"E{self.number}"

    @property
    def measurements(self) -> dict[str, Callable[..., Measurement]]:
        """Every measurement by the name of its function, the main one first."""
        return {part.__name__: part for part in (self.measure, *self.also)}


def verdict(claim: Claim, measured: Measurement) -> tuple[str, str]:
    """One of `VERDICTS` and a sentence that says why. They follow from the gates alone."""
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
