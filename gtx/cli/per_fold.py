"""What the folds of a run say together: mean scores, and predictions for every graph."""

import dataclasses
import json
import math
import pathlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict
from rich.console import Console
from rich.table import Table

from gtx import recipes
from gtx.cli import calibration, finish, outcome, per_seed
from gtx.data import Dataset
from gtx.data.scaling import label_without_scale
from gtx.tasks import Task
from gtx.training import FitResult
from gtx.training.folders import write_members

# Of the figures of a fold, what metrics.json has for each.
_OF_EACH = (
    "seed", "steps", "epochs", "best_epoch", "stopped", "params_sha256", "resumed_from",
)  # fmt: skip
_SUMS = ("repeats_in_test", "train_seconds", "evaluate_seconds", "compile_seconds")


@dataclasses.dataclass(frozen=True)
class Fold:
    """A fold that was trained and scored.

    Attributes:
      graphs: all graphs; the fold is their test part.
      result: what `fit` returned.
      scored: its scores.
    """

    graphs: Dataset
    result: FitResult
    scored: finish.Scored

    @property
    def tested(self) -> np.ndarray:
        """Which targets are in the fold: bool [targets]."""
        return self.graphs.targets.split == 2

    @property
    def scores(self) -> per_seed.Scores:
        """By part of the data."""
        (found,) = self.scored.scores.values()
        return found


def line(number: int, fold: Fold) -> str:
    """The main metric of a fold by part of the data, in one line."""
    metric = fold.scored.figures["main_metric"]
    parts = [f"{part} {outcome.score(found[metric])}" for part, found in fold.scores.items()]
    return f"fold {number}: {metric} {', '.join(parts)}"


def write(
    workdir: pathlib.Path, config: ConfigDict, folds: Sequence[Fold], *, seconds: float
) -> dict[str, Any]:
    """Write and print what all folds say together.

    Args:
      workdir: the folder of the run, which gets metrics.json, predictions.csv and a picture of
        predictions by the model of a fold for the graphs of this fold, uncertainty.json,
        metrics.jsonl and timing.jsonl of all folds, members.json and report.html.
      config: the recipe.
      folds: all of them, in order.
      seconds: wall clock since the command began.

    Returns:
      What metrics.json holds.
    """
    graphs, task = folds[0].graphs, _task(config, folds[0].graphs)
    predictions, number_of = out_of_fold(folds)
    together = task.score(predictions, graphs)
    figures = figures_of(folds) | dict(
        out_of_fold={"test": together},
        seconds=seconds,
        versions=finish.versions(),
        device=jax.devices()[0].device_kind,
        config=config.to_dict(),
        config_hash=recipes.config_hash(config),
    )
    finish.write_predictions(
        workdir, graphs, [predictions], task, {"fold": [str(each) for each in number_of]}
    )
    for name in ("metrics.jsonl", "timing.jsonl"):
        _join_lines(workdir, name, [fold.result.replicas[0].workdir for fold in folds])
    members = [fold.result.variables for fold in folds]
    fitted = calibration.fit_folds(members, graphs, predictions, number_of)
    if fitted is not None:
        fitted.save(workdir)
    write_members(workdir, range(len(folds)), "folds")
    outcome.write_json(workdir / "metrics.json", figures)
    _print(folds, figures, together)
    print(
        f"Everything is in {workdir}: metrics.json, predictions.csv (each row by the model that "
        "did not see it), and a folder for each fold."
    )
    if finish.write_page(workdir):
        print(f"To look at: {workdir / 'report.html'}")
    if recipes.reads_smiles(config):
        finish.print_next(config, workdir, "test")
    return figures


def out_of_fold(folds: Sequence[Fold]) -> tuple[np.ndarray, np.ndarray]:
    """What is predicted of each target by the model that did not see it, and its fold.

    Returns:
      float32 [targets, dim] and int64 [targets].
    """
    count = len(folds[0].graphs.targets)
    found = np.full((count, folds[0].scored.predictions.shape[2]), np.nan, np.float32)
    number_of = np.full(count, -1)
    for number, fold in enumerate(folds):
        (found[fold.tested],) = fold.scored.predictions
        number_of[fold.tested] = number
    assert (number_of >= 0).all()
    return found, number_of


def figures_of(folds: Sequence[Fold]) -> dict[str, Any]:
    """What metrics.json says of the scores and of how training went.

    Returns:
      The mean scores by part, each over the folds where it is defined; `deviations`, the standard
      deviations between these folds (by n - 1);
      `folds`, by number what is said of each; and sums over folds of seconds and compilations. The
      scores by part are those of each fold's own parts, so that "test" is the mean over folds.
    """
    each = {number: fold.scores for number, fold in enumerate(folds)}
    own = [fold.scored.figures for fold in folds]
    baselines = {number: figures["baseline"] for number, figures in enumerate(own)}
    forest = None if own[0]["baseline"] is None else per_seed.over(each, baselines, _mean_known)
    return {
        **per_seed.over(each, each, _mean_known),
        "deviations": per_seed.over(each, each, _deviation_known),
        "folds": {
            number: {
                **each[number],
                **{name: figures[name] for name in _OF_EACH},
                "graphs": int(folds[number].tested.sum()),
            }
            for number, figures in enumerate(own)
        },
        "baseline": forest,
        "compilations": {
            name: sum(figures["compilations"][name] for figures in own)
            for name in own[0]["compilations"]
        },
        "padding_waste": {
            name: _mean([figures["padding_waste"][name] for figures in own])
            for name in own[0]["padding_waste"]
        },
        **{name: sum(figures[name] for figures in own) for name in _SUMS},
        **{name: own[0][name] for name in ("main_metric", "mode", "parameters", "attention")},
    }


def _mean_known(values: Sequence[float]) -> float:
    """Over the folds where a score is defined; of a fold without both classes there is no AUC."""
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


def _deviation_known(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return per_seed.deviation(known) if len(known) > 1 else math.nan


def _undefined(folds: Sequence[per_seed.Scores], metric: str) -> list[str]:
    """A line for each part that has folds without this score."""
    lines = []
    for part in folds[0]:
        without = [n for n, scores in enumerate(folds) if math.isnan(scores[part][metric])]
        if without:
            numbers = ", ".join(map(str, without))
            lines.append(
                f"{part} {metric} is not defined in {len(without)} of {len(folds)} folds "
                f"({numbers}); means and deviations are those of the others."
            )
    return lines


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _task(config: ConfigDict, graphs: Dataset) -> Task:
    """The task of all folds, whose label has no scale of one of them."""
    assert graphs.spec.label is not None
    return recipes.task(config, graphs.spec.replace(label=label_without_scale(graphs.spec.label)))


def _join_lines(workdir: pathlib.Path, name: str, folders: Sequence[pathlib.Path]) -> None:
    """Write the lines of a file of all folds, each with the number of its fold."""
    lines = [
        json.dumps({"fold": number, **json.loads(text)})
        for number, folder in enumerate(folders)
        for text in (folder / name).read_text().splitlines()
    ]
    (workdir / name).write_text("\n".join(lines) + "\n")


def _print(
    folds: Sequence[Fold], figures: Mapping[str, Any], together: Mapping[str, float]
) -> None:
    metric, parts = figures["main_metric"], list(folds[0].scores)
    table = Table("fold", title="Scores of each fold")
    for name in ("tested", "epochs", "best epoch", *(f"{part} {metric}" for part in parts)):
        table.add_column(name, justify="right")
    for number, found in figures["folds"].items():
        best = "-" if found["best_epoch"] is None else str(found["best_epoch"])
        cells = [outcome.score(found[part][metric]) for part in parts]
        table.add_row(str(number), str(found["graphs"]), str(found["epochs"]), best, *cells)
    Console().print(table)
    outcome.print_scores(
        {part: figures[part] for part in parts},
        figures["baseline"] and figures["baseline"]["test"],
        deviations=figures["deviations"],
        title=f"Scores: mean ± standard deviation of {len(folds)} folds",
    )
    for line in _undefined([fold.scores for fold in folds], metric):
        print(f"note: {line}", file=sys.stderr)
    outcome.print_scores(
        {"all": together}, None, title="Scores of all, each by the model that did not see it"
    )
