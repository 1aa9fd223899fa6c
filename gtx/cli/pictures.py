"""Pictures of a run and of a sweep."""

import pathlib
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gtx import sweeps


def learning_curve(path: pathlib.Path, history: Sequence[Mapping[str, Any]], metric: str) -> None:
    """Draw training loss and validation score over epochs."""
    plt = _pyplot()
    figure, left = plt.subplots(figsize=(6, 4), layout="constrained")
    epochs = [entry["epoch"] for entry in history]
    left.plot(epochs, [entry["loss"] for entry in history], color="C0", label="training loss")
    # A loss of 0 cannot be drawn on a logarithmic axis.
    positive = bool(history) and all(entry["loss"] > 0 for entry in history)
    left.set(xlabel="epoch", ylabel="training loss", yscale="log" if positive else "linear")
    right = left.twinx()
    # Without known labels in the validation part the score is undefined.
    scored = [e for e in history if e.get("valid") and e["valid"][metric] is not None]
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


def predictions(path: pathlib.Path, labels: np.ndarray, predictions: np.ndarray, name: str) -> None:
    """Draw predicted against measured values with the diagonal, or a note if none is known."""
    plt = _pyplot()
    there = np.isfinite(labels)
    x, y = labels[there], predictions[there]
    figure, axes = plt.subplots(figsize=(4.5, 4.5), layout="constrained")
    if len(x):
        low, high = min(x.min(), y.min()), max(x.max(), y.max())
        axes.plot([low, high], [low, high], color="0.7", linewidth=1)
        axes.scatter(x, y, s=10, alpha=0.6, color="C0", edgecolors="none")
    else:
        axes.text(0.5, 0.5, "no known labels", ha="center", transform=axes.transAxes)
    # A name is no formula, though it may hold dollars.
    axes.set_xlabel(f"measured {name}", parse_math=False)
    axes.set_ylabel(f"predicted {name}", parse_math=False)
    axes.set_aspect("equal")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # a box stands for the letter
        figure.savefig(path, dpi=120)
    plt.close(figure)


def sweep(path: pathlib.Path, trials: Sequence[sweeps.Trial], fields: Sequence[str]) -> None:
    """Draw the score of every trial against each field."""
    plt = _pyplot()
    width = max(len(fields), 1)
    figure, axes = plt.subplots(
        1, width, figsize=(3.2 * width, 3.2), sharey=True, squeeze=False, layout="constrained"
    )
    for axis, field in zip(axes[0], fields, strict=False):
        values: list[Any] = [trial.overrides.get(field) for trial in trials]
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
