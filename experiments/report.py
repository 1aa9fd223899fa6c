"""What a run leaves behind: tables for people, figures for programs, pictures for both."""

import csv
import json
import math
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from gtx import sweeps
from gtx.data import Dataset


def print_scores(
    scores: Mapping[str, Mapping[str, float]], baseline: Mapping[str, float] | None
) -> None:
    """One row per split, the baseline beside the model where there is one."""
    table = Table(title="Scores")
    table.add_column("split")
    metrics = list(next(iter(scores.values())))
    for metric in metrics:
        table.add_column(metric, justify="right")
    for split, row in scores.items():
        table.add_row(split, *(f"{row[metric]:.4f}" for metric in metrics))
    if baseline is not None:
        table.add_row("test, random forest", *(f"{baseline[metric]:.4f}" for metric in metrics))
    Console().print(table)


def write_json(path: str | pathlib.Path, data: Mapping[str, Any]) -> None:
    """Sorted keys, NaN as null: JSON that any program reads; "-" writes to stdout."""

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {str(key): plain(entry) for key, entry in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(entry) for entry in value]
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, float) and not math.isfinite(value):
            return None
        return value

    text = json.dumps(plain(data), indent=2, sort_keys=True, allow_nan=False)
    if path == "-":
        print(text)
    else:
        pathlib.Path(path).write_text(text + "\n")


def write_predictions(path: pathlib.Path, dataset: Dataset, predictions: np.ndarray) -> None:
    """One row per graph (or node): its name, its labels and what the model says."""
    label = dataset.spec.label
    labels = np.asarray(dataset.labels)
    width = predictions.reshape(len(predictions), -1).shape[1]
    names = label.names if len(label.names) == width else [str(i) for i in range(width)]
    if label.level == "graph":
        rows = [str(i) for i in dataset.ids]
        text = dataset.names if dataset.names is not None else rows
    else:
        counts = dataset.num_nodes
        rows = np.repeat(dataset.ids, counts).astype(str)
        text = rows
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        if label.kind == "multiclass":
            measured = ["measured"]
        else:
            measured = [f"{name}_measured" for name in names]
        writer.writerow(["id", "name", *measured, *(f"{name}_predicted" for name in names)])
        for row, name, known, guess in zip(rows, text, labels, predictions, strict=True):
            known = np.atleast_1d(known)
            writer.writerow([row, name, *known.tolist(), *np.atleast_1d(guess).tolist()])


def plot_learning_curve(
    path: pathlib.Path, history: Sequence[Mapping[str, Any]], metric: str
) -> None:
    """Training loss and validation score over epochs."""
    plt = _pyplot()
    figure, left = plt.subplots(figsize=(6, 4), layout="constrained")
    epochs = [entry["epoch"] for entry in history]
    left.plot(epochs, [entry["loss"] for entry in history], color="C0", label="training loss")
    left.set(xlabel="epoch", ylabel="training loss", yscale="log")
    right = left.twinx()
    scored = [entry for entry in history if entry.get("valid")]
    right.plot(
        [entry["epoch"] for entry in scored],
        [entry["valid"][metric] for entry in scored],
        color="C1",
        label=f"validation {metric}",
    )
    right.set_ylabel(f"validation {metric}")
    lines = left.get_lines() + right.get_lines()
    left.legend(lines, [line.get_label() for line in lines], loc="upper right")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def plot_predictions(
    path: pathlib.Path, labels: np.ndarray, predictions: np.ndarray, name: str
) -> None:
    """Predicted against measured, on equal axes, with the diagonal."""
    plt = _pyplot()
    known = np.isfinite(labels)
    x, y = labels[known], predictions[known]
    figure, axes = plt.subplots(figsize=(4.5, 4.5), layout="constrained")
    low, high = min(x.min(), y.min()), max(x.max(), y.max())
    axes.plot([low, high], [low, high], color="0.7", linewidth=1)
    axes.scatter(x, y, s=10, alpha=0.6, color="C0", edgecolors="none")
    axes.set(xlabel=f"measured {name}", ylabel=f"predicted {name}", aspect="equal")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def plot_sweep(path: pathlib.Path, trials: Sequence[sweeps.Trial], fields: Sequence[str]) -> None:
    """The score of every trial against each field."""
    plt = _pyplot()
    width = max(len(fields), 1)
    figure, axes = plt.subplots(
        1, width, figsize=(3.2 * width, 3.2), sharey=True, squeeze=False, layout="constrained"
    )
    for axis, field in zip(axes[0], fields, strict=False):
        values = [trial.overrides.get(field) for trial in trials]
        numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
        axis.plot(values if numeric else [str(v) for v in values], [t.score for t in trials], "o")
        positive = numeric and min(values) > 0
        if positive and max(values) / min(values) > 20:
            axis.set_xscale("log")
        axis.set_xlabel(field)
    axes[0, 0].set_ylabel(f"validation {trials[0].metrics['main_metric']}")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _pyplot() -> Any:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt
