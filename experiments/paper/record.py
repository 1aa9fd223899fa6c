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
ABOUT = ("machine", "versions", "date")


def entry(claim: Claim, measured: Measurement, seconds: float, about: Mapping[str, str]) -> dict:
    """A row of claims.json: metrics with their intervals, gates, verdict, circumstances."""
    metrics: dict[str, dict[str, Any]] = {}
    for name, value in sorted(measured.metrics().items()):
        metrics[name] = {"value": value}
        if name in measured.per_seed:
            low, high = measured.interval(name)
            seeds = list(measured.per_seed[name])
            metrics[name] |= {"low": low, "high": high, "per_seed": seeds}
    command = f"python -m experiments.paper --only={claim.name}"
    row = {"metrics": metrics, "command": command, "seconds": seconds, **about}
    return judged(claim, _plain(row))


def judged(claim: Claim, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with gates, effect and verdict as the table has them now, from its metrics."""
    measured = measurement(row)
    return {
        "verdict": verdict(claim.gates, measured, claim.condition),
        "effect": claim.effect.format(**measured.metrics()),
        "gates": [{**vars(gate), "met": gate.met(measured)} for gate in claim.gates],
        **{key: row[key] for key in ("metrics", "command", "seconds", *ABOUT)},
    }


def measurement(row: Mapping[str, Any]) -> Measurement:
    """The metrics of a row; null was not finite."""
    metrics = row["metrics"].items()
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
