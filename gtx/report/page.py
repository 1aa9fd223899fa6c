"""Writes the page of one run or of several: one file that needs no other, and no network."""

import importlib.resources
import json
import os
import pathlib
from collections.abc import Sequence
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from gtx.report import calibration, molecules, scores
from gtx.report.charts import Series, chart
from gtx.report.run import MOST_BYTES, Run, read
from gtx.report.targets import Target, targets

MOST_TARGETS = 24  # of a run, that have a part of their own
MOST_POINTS = 2000  # of a chart; of more a random choice is drawn
MOST_CLASSES = 20  # of a table of what was taken for what
WORST = 10


def write(folders: Sequence[pathlib.Path], output: pathlib.Path) -> None:
    """Write the page of some runs.

    Args:
      folders: of finished runs; of several there is a table that compares them.
      output: the file.

    Raises:
      ReportError: a folder is not that of a finished run.
    """
    alone = len(folders) == 1
    runs = [read(folder, folder.resolve().name if alone else str(folder)) for folder in folders]
    aside = output.with_name(f".{output.name}.tmp")
    aside.write_text(page(runs), encoding="utf-8")
    os.replace(aside, output)


def page(runs: Sequence[Run]) -> str:
    """The page as HTML."""
    files = importlib.resources.files("gtx.report")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string((files / "page.html").read_text(encoding="utf-8"))
    return template.render(
        title=runs[0].name if len(runs) == 1 else f"{len(runs)} runs",
        # A file of the package, in which nothing comes from a run.
        style=Markup((files / "style.css").read_text(encoding="utf-8")),
        compared=scores.compared(list(runs)) if len(runs) > 1 else None,
        runs=[_run(run) for run in runs],
    )


def _run(run: Run) -> dict[str, Any]:
    """What the template shows of a run."""
    found = targets(run)
    shown = found[:MOST_TARGETS]
    parts = [_target(run, target) for target in shown]
    alone = len(shown) == 1 and not shown[0].prefix
    ends = scores.ends_of(run, shown[0]) if alone else {}
    metrics = run.metrics
    return {
        "name": run.name,
        "metrics": metrics,
        "scores": scores.of_prefix(run, "", ends),
        "intervals": bool(ends) or any(part["intervals"] for part in parts),
        "others": scores.of_others(run, [target.prefix for target in shown]),
        "seeds": scores.of_members(run),
        "members": "folds" if run.folds else "seeds",
        "diverged": [seed for seed, said in run.seeds.items() if said.get("diverged")],
        "curves": _curves(run),
        "where": run.where,
        "targets": parts,
        "left_out": len(found) - len(shown),
        "why_no_targets": _why_no_targets(run) if not found else "",
        "seconds": _seconds(run),
        "rate": _rate(run),
        "padding": {
            name: ratio
            for name, ratio in metrics.get("padding_waste", {}).items()
            if ratio is not None  # graphs without edges
        },
        "content": run.content,
        "config": json.dumps(metrics.get("config", {}), indent=2, sort_keys=True),
    }


def _why_no_targets(run: Run) -> str:
    if run.too_large:
        return (
            f"predictions.csv has more than {MOST_BYTES >> 20} MiB, so predictions are not shown."
        )
    if not run.rows:
        return "The folder has no predictions.csv, so predictions are not shown."
    if run.label is None:
        return (
            "No checkpoint in the folder says what the columns of predictions.csv are, so "
            "predictions are not shown."
        )
    return f"Predictions of the kind {run.label.kind} are not drawn; predictions.csv has them."


def _curves(run: Run) -> list[Markup]:
    """Training loss and validation score over epochs, a line for each seed or fold."""
    word = "fold" if run.folds else "seed"
    by_seed: dict[Any, list[dict[str, Any]]] = {}
    for entry in run.history:
        by_seed.setdefault(entry.get(word), []).append(entry)
    metric = run.metrics.get("main_metric", "")

    def series(value: Any) -> list[Series]:
        found = []
        for seed, entries in by_seed.items():
            values = [(entry["epoch"], value(entry)) for entry in entries]
            points = [(epoch, score) for epoch, score in values if score is not None]
            name = "one seed" if seed is None else f"{word} {seed}"
            titles = [f"{name}, epoch {epoch}: {score:.6g}" for epoch, score in points]
            x, y = np.array(points, np.float64).reshape(-1, 2).T
            found.append(Series(name, x, y, titles, line=True, dots=len(points) <= 40))
        return found if any(len(each.x) for each in found) else []

    loss, score = series(lambda e: e["loss"]), series(lambda e: (e["valid"] or {}).get(metric))
    drawn = []
    if loss:
        drawn.append(chart(loss, x_label="epoch", y_label="training loss", log=True, whole=True))
    if score:
        drawn.append(chart(score, x_label="epoch", y_label=f"validation {metric}", whole=True))
    return drawn


def _target(run: Run, target: Target) -> dict[str, Any]:
    """What the template shows of a target."""
    ends = scores.ends_of(run, target) if target.prefix else {}
    return {
        "name": target.name,
        "kind": target.kind,
        "count": len(target.measured),
        "scores": scores.of_prefix(run, target.prefix, ends) if target.prefix else None,
        "intervals": bool(ends),
        "chart": _scatter(target),
        "drawn": min(len(target.measured), MOST_POINTS),
        "confusion": _confusion(target),
        "worst": _worst(target),
        "calibration": _calibration(target),
        "fitted": target.fitted is not None,
        "of_valid": run.last_part == "valid",
    }


def _scatter(target: Target) -> Markup | None:
    """Predicted against measured; of a yes or no the probability of yes."""
    if target.kind == "multiclass" or not len(target.measured):
        return None
    rng = np.random.default_rng(0)
    rows = np.arange(len(target.measured))
    if len(rows) > MOST_POINTS:
        rows = np.sort(rng.choice(rows, MOST_POINTS, replace=False))
    x, y = target.measured[rows], target.predicted[rows, 0]
    titles = [
        f"{target.rows[row]}: measured {a:.6g}, predicted {b:.6g}"
        for row, a, b in zip(rows.tolist(), x, y, strict=True)
    ]
    if target.kind == "binary":
        # Side by side, or all points of a class would lie on one line.
        apart = x + rng.uniform(-0.2, 0.2, len(x))
        series = [Series(target.name, apart, y, titles)]
        return chart(series, x_label="measured (0 or 1)", y_label="probability of 1", whole=True)
    series = [Series(target.name, x, y, titles)]
    measured, predicted = f"measured {target.name}", f"predicted {target.name}"
    return chart(series, x_label=measured, y_label=predicted, diagonal=True)


def _confusion(target: Target) -> dict[str, Any] | None:
    """How many rows of each class were taken for which."""
    if target.kind != "multiclass" or len(target.classes) > MOST_CLASSES:
        return None
    counts = np.zeros((len(target.classes),) * 2, int)
    np.add.at(counts, (target.measured.astype(int), target.predicted.argmax(axis=1)), 1)
    return {"classes": target.classes, "counts": counts.tolist()}


def _worst(target: Target) -> list[dict[str, Any]]:
    """The rows with the largest errors."""
    found = []
    for row in np.argsort(-target.errors, kind="stable")[:WORST].tolist():
        predicted = target.predicted[row]
        if target.kind == "multiclass":
            guess = int(predicted.argmax())
            measured = target.classes[int(target.measured[row])]
            said = f"{target.classes[guess]} ({predicted[guess]:.3f})"
        else:
            measured, said = f"{target.measured[row]:.6g}", f"{predicted[0]:.6g}"
        name = target.rows[row]
        found.append(
            {
                "name": name,
                "measured": measured,
                "predicted": said,
                "error": f"{target.errors[row]:.4g}",
                "drawing": molecules.drawn(name) if target.molecules else None,
            }
        )
    return found


def _calibration(target: Target) -> Markup | None:
    """Whether probabilities or intervals are right as often as they say."""
    if not len(target.measured):
        return None
    if target.kind == "regression":
        found = calibration.coverage(target)
        return None if found is None else chart(
            [found], x_label="promised share", y_label="share of rows in their interval",
            diagonal=True, unit=True,
        )  # fmt: skip
    return chart(
        calibration.reliability(target), x_label="predicted probability",
        y_label="share that is right", diagonal=True, unit=True,
    )  # fmt: skip


def _seconds(run: Run) -> list[dict[str, Any]]:
    """Where the time went, with the width of each bar in percent of the longest."""
    names = {
        "compiling": "compile_seconds",
        "training": "train_seconds",
        "scoring the validation part": "evaluate_seconds",
        "the last command from start to end": "seconds",
    }
    found = {name: run.metrics[key] for name, key in names.items() if run.metrics.get(key)}
    longest = max(found.values(), default=1.0)
    return [
        {"name": name, "seconds": f"{value:.2f}", "width": f"{100 * value / longest:.1f}"}
        for name, value in found.items()
    ]


def _rate(run: Run) -> str:
    rates = [entry["graphs_per_second"] for entry in run.timing if entry.get("graphs_per_second")]
    return f"{np.median(rates):,.0f}" if rates else ""
