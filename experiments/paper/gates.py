"""When a claim counts as shown: gates that were written before the run, and the verdict."""

import dataclasses
import operator
from collections.abc import Sequence
from typing import Literal

from experiments.paper.results import Measurement

RELATIONS = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    ">": operator.gt,
}
SYMBOLS = {"<=": "≤", ">=": "≥", "==": "=", ">": ">"}
Role = Literal["claim", "limit"]


@dataclasses.dataclass(frozen=True)
class Gate:
    """A metric and where it must lie.

    Of a metric with seeds the less favourable end of the 95 % confidence interval must.

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
        low, high = measured.interval(self.metric)
        compare = RELATIONS[self.relation]
        return bool(compare(low, self.threshold) and compare(high, self.threshold))

    def __str__(self) -> str:
        return f"{SYMBOLS[self.relation]} {self.threshold:g}"


def limit(
    metric: str, relation: Literal["<=", ">=", "==", ">"], threshold: float, meaning: str
) -> Gate:
    """A gate on where the claim ends."""
    return Gate(metric, relation, threshold, meaning, "limit")


def verdict(gates: Sequence[Gate], measured: Measurement, condition: str | None) -> str:
    """What is to be said, from the gates alone: holds, holds only under ..., does not hold.

    Args:
      gates: all of the claim.
      measured: every metric of theirs.
      condition: what the claim needs, if it needs something; metrics in braces are filled in.
    """
    missed = [gate for gate in gates if not gate.met(measured)]
    claims = [gate.meaning for gate in missed if gate.role == "claim"]
    if claims:
        return f"does not hold: {'; '.join(claims)}"
    if condition is None:
        return "holds"
    limits = [gate.meaning for gate in missed if gate.role == "limit"]
    if limits:
        return f"holds; the limit that was expected was not seen: {'; '.join(limits)}"
    return f"holds only under: {condition.format(**measured.metrics())}"
