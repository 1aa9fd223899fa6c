"""What `make claims` leaves behind: docs/claims.json, and docs/curves.json for the figures."""

import json
import math
import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from experiments.paper.claim import Claim, verdict
from experiments.paper.measurement import Measurement
from experiments.paper.quotes import ROOT

CLAIMS_JSON = ROOT / "docs" / "claims.json"
CURVES_JSON = ROOT / "docs" / "curves.json"


class NotMeasured(Exception):
    """A figure needs a measurement that is not among the recorded ones."""


class Recorded(NamedTuple):
    """What was recorded of one claim: its metrics by name, and its curves."""

    metrics: Mapping[str, Any]
    curves: Mapping[str, Any]


def recorded(name: str) -> Recorded:
    """What `make claims` wrote of a claim such as "E11".

    Raises:
      NotMeasured: if it wrote nothing.
    """
    rows, curves = read(CLAIMS_JSON), read(CURVES_JSON)
    if name not in rows or name not in curves:
        raise NotMeasured(f"{name} is not in docs/curves.json: run `make claims`.")
    return Recorded(metrics_of(rows[name]), curves[name])


def entry(
    claim: Claim,
    part: str,
    measured: Measurement,
    seconds: float,
    about: Mapping[str, str],
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The row of claims.json after one of the claim's measurements.

    Args:
      claim: the row of the table.
      part: which measurement it was, a name in `claim.measurements`.
      measured: its metrics.
      seconds: the time that it took.
      about: machine, versions and date.
      before: the row as it was. The other measurements in it are kept.
    """
    metrics: dict[str, dict[str, Any]] = {}
    for name, value in sorted(measured.metrics().items()):
        metrics[name] = {"value": value}
        if name in measured.per_seed:
            low, high = measured.interval(name)
            seeds = list(measured.per_seed[name])
            metrics[name] |= {"low": low, "high": high, "per_seed": seeds}
    only = claim.name if len(claim.measurements) == 1 else f"{claim.name}.{part}"
    command = f"python -m experiments.paper --only={only}"
    run = _plain({"command": command, "seconds": seconds, **about, "metrics": metrics})
    runs = {**(before or {}).get("runs", {}), part: run}
    row = {"runs": {name: runs[name] for name in claim.measurements if name in runs}}
    # Gates ask for metrics of all the measurements, so there is no verdict before the last one.
    return judged(claim, row) if set(claim.measurements) <= set(runs) else row


def judged(claim: Claim, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with the gates, the effect and the verdict that the claim has now."""
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
    """The metrics of a row as a `Measurement`. null stands for a value that was not finite."""
    metrics = metrics_of(row).items()
    return Measurement(
        {name: math.inf if m["value"] is None else m["value"] for name, m in metrics},
        {name: m["per_seed"] for name, m in metrics if "per_seed" in m},
    )


def read(path: pathlib.Path) -> dict[str, Any]:
    """The rows of a file; none if there is no file."""
    return json.loads(path.read_text()) if path.exists() else {}


def write(path: pathlib.Path, data: Mapping[str, Any], *, indent: int | None) -> None:
    """Write rows in the order of the table.

    Numbers keep four digits, so that files do not change with the last bits. What is not finite
    becomes null, because JSON has no infinity.
    """
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
