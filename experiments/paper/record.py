"""What a run of the table leaves behind: docs/claims.json, and docs/curves.json for figures."""

import json
import math
import pathlib
from collections.abc import Mapping
from typing import Any

from experiments.paper.gates import Claim, verdict
from experiments.paper.results import Measurement
from experiments.paper.source import ROOT

CLAIMS_JSON = ROOT / "docs" / "claims.json"
CURVES_JSON = ROOT / "docs" / "curves.json"


def entry(
    claim: Claim,
    part: str,
    measured: Measurement,
    seconds: float,
    about: Mapping[str, str],
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A row of claims.json: a measurement of it and, from `before`, what else was measured.

    Args:
      claim: the row of the table.
      part: the name of the measurement, one of `claim.parts`.
      measured: its metrics.
      seconds: that it took.
      about: machine, versions and date.
      before: the row as it was.
    """
    metrics: dict[str, dict[str, Any]] = {}
    for name, value in sorted(measured.metrics().items()):
        metrics[name] = {"value": value}
        if name in measured.per_seed:
            low, high = measured.interval(name)
            seeds = list(measured.per_seed[name])
            metrics[name] |= {"low": low, "high": high, "per_seed": seeds}
    only = claim.name if len(claim.parts) == 1 else f"{claim.name}.{part}"
    command = f"python -m experiments.paper --only={only}"
    run = _plain({"command": command, "seconds": seconds, **about, "metrics": metrics})
    runs = {**(before or {}).get("runs", {}), part: run}
    row = {"runs": {name: runs[name] for name in claim.parts if name in runs}}
    # The first of several measurements leaves metrics out that gates ask for.
    return judged(claim, row) if set(claim.parts) <= set(runs) else row


def judged(claim: Claim, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with gates, effect and verdict as the table has them now, from its runs."""
    measured = measurement(row)
    kind, argument = verdict(claim, measured)
    return {
        "verdict": kind,
        "argument": argument,
        "effect": claim.effect.format(**measured.metrics()),
        "gates": [{**vars(gate), "met": gate.met(measured)} for gate in claim.gates],
        "runs": row["runs"],
    }


def metrics_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The metrics of all runs of a row."""
    return {name: m for run in row["runs"].values() for name, m in run["metrics"].items()}


def measurement(row: Mapping[str, Any]) -> Measurement:
    """The metrics of a row; null was not finite."""
    metrics = metrics_of(row).items()
    return Measurement(
        {name: math.inf if m["value"] is None else m["value"] for name, m in metrics},
        {name: m["per_seed"] for name, m in metrics if "per_seed" in m},
    )


def read(path: pathlib.Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.exists() else {}


def write(path: pathlib.Path, data: Mapping[str, Any], *, indent: int | None) -> None:
    """Rows in the order of the table; numbers to four digits, what is not finite as null."""
    ordered = {name: _plain(data[name]) for name in sorted(data, key=lambda name: int(name[1:]))}
    if indent is None:
        rows = ",\n".join(f"{json.dumps(n)}: {json.dumps(row)}" for n, row in ordered.items())
        text = f"{{\n{rows}\n}}\n"
    else:
        text = json.dumps(ordered, indent=indent) + "\n"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, bool | str | int) or value is None:
        return value
    value = float(value)
    return float(f"{value:.4g}") if math.isfinite(value) else None
