"""The end of a run: final scores, the files that keep them, and what to do next."""

import dataclasses
import importlib.metadata
import json
import pathlib
import platform
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax
import numpy as np
from ml_collections import ConfigDict
from rich.console import Console

from gtx import batching, describe, recipes, training, uncertainty
from gtx.cli import calibration, outcome, per_seed, pictures
from gtx.cli.command import typed
from gtx.cli.waiting import waiting
from gtx.data import Dataset, splits
from gtx.data.labels import parts_of
from gtx.tasks import Task
from gtx.training.step import blank_batch

_WITHOUT_REPEATS = "test without repeats"
PACKAGES = ("gtx-jax", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")


@dataclasses.dataclass(frozen=True)
class Scored:
    """The final scores of a run.

    Attributes:
      figures: what metrics.json holds.
      scores: of each seed that did not diverge, by part of the data.
      ensemble: those of the ensemble of several seeds, or None.
      last: the part of predictions.csv.
      predictions: for this part, [members, targets, dim].
    """

    figures: dict[str, Any]
    scores: dict[int, per_seed.Scores]
    ensemble: per_seed.Scores | None
    last: str
    predictions: np.ndarray


def write(
    workdir: pathlib.Path,
    *,
    config: ConfigDict,
    graphs: Dataset,
    model: nn.Module,
    task: Task,
    budget: batching.Budget,
    result: training.FitResult,
    baseline: Mapping[str, float] | None,
    seconds: float,
) -> dict[str, Any]:
    """`score` a run, and print the outcome.

    Returns:
      What metrics.json holds.
    """
    found = score(
        workdir,
        config=config,
        graphs=graphs,
        model=model,
        task=task,
        budget=budget,
        result=result,
        baseline=baseline,
        seconds=seconds,
    )
    model_folder, where = workdir, f"in {workdir}: metrics.json, "
    if len(result.replicas) == 1:
        outcome.print_scores(found.scores[result.replicas[0].seed], baseline)
    else:
        per_seed.print_scores(result, found.scores, baseline, task.main_metric)
        where += "of the ensemble and in a folder for each seed: "
        if found.ensemble is None:
            model_folder = per_seed.best(result, task.mode).workdir
            where = f"in {workdir}: metrics.json, and for each seed, as in {model_folder}: "
        else:
            outcome.print_scores(
                found.ensemble,
                None,
                title=f"Scores of the ensemble: mean prediction of {len(found.scores)}",
            )
    print(f"Everything is {where}predictions.csv (of the {found.last} part), learning_curve.png.")
    if write_page(workdir):
        print(f"To look at: {workdir / 'report.html'}")
    print_next(config, model_folder, found.last)
    return found.figures


def print_next(config: ConfigDict, model_folder: pathlib.Path, last: str) -> None:
    """Print a command that uses the model in a folder; `last` is the part to evaluate."""
    molecules = recipes.reads_smiles(config)
    if molecules and config.data.get("columns"):  # which no --smiles has
        more = "--input=new.csv --output=predictions.csv"
        print(f"Next: {typed('predict')} --workdir={model_folder} {more}")
    elif molecules:
        print(f"Next: {typed('predict')} --workdir={model_folder} --smiles='CCO'")
    else:
        print(f"Next: {typed('evaluate')} --workdir={model_folder} --split={last}")


def score(
    workdir: pathlib.Path,
    *,
    config: ConfigDict,
    graphs: Dataset,
    model: nn.Module,
    task: Task,
    budget: batching.Budget,
    result: training.FitResult,
    baseline: Mapping[str, float] | None,
    seconds: float,
) -> Scored:
    """Score every split with the selected parameters, and write the outcome.

    The test part is looked at here and nowhere else. Of several seeds each is scored, and has
    its own predictions and pictures in its own folder. The scores of the run are their means;
    predictions in the folder of the run are those of the ensemble, whose scores are beside them.

    Args:
      workdir: folder of the run, which gets metrics.json, uncertainty.json, predictions.csv and
        pictures.
      config: the recipe.
      graphs: all its data, prepared.
      model: the module that was trained.
      task: what it predicts.
      budget: of the batches that are scored.
      result: what `fit` returned.
      baseline: test scores of the random forest, or None where it was not asked for.
      seconds: wall clock since the command began, without these scores.
    """
    # That of the validation part has its program already; to compile another one takes long.
    evaluator = result.evaluator
    parts = {name: graphs.part(name) for name in ("train", "valid", "test")}
    parts = {name: part for name, part in parts.items() if len(part)}
    source = recipes.batches(config, parts["train"], budget)
    if config.task.get("masked", 0.0) and len(parts) > 1:
        # Its nodes are hidden in training alone, and a node that is seen is no task.
        del parts["train"]
    if evaluator is None:
        evaluator = training.evaluator_of(model, task, source, budget)
    repeated = np.zeros(len(graphs), bool)
    if recipes.made_of_smiles(config):
        repeated = splits.duplicates_across(graphs)
    kept = (~repeated[graphs.target_graph] & graphs.targets.counted)[graphs.targets.split == 2]
    last = "test" if "test" in parts else list(parts)[-1]
    scores: dict[int, per_seed.Scores] = {}
    said: dict[str, list[np.ndarray]] = {name: [] for name in parts}  # by each seed
    for replica in result.replicas:
        pictures.learning_curve(
            replica.workdir / "learning_curve.png", replica.history, task.main_metric
        )
        if replica.diverged:
            continue
        with waiting("compiling and scoring..."):
            evaluations = {name: evaluator(replica.variables, part) for name, part in parts.items()}
        scores[replica.seed] = {name: found.metrics for name, found in evaluations.items()}
        for name, found in evaluations.items():
            said[name].append(found.predictions)
        if repeated.any():
            scores[replica.seed][_WITHOUT_REPEATS] = _scores_of(
                task, parts["test"], said["test"][-1], kept
            )
        write_predictions(replica.workdir, parts[last], said[last][-1:], task)
        if len(scores) == 1:  # what they say of the labels is the same for all seeds
            for name, evaluation in evaluations.items():
                for note in evaluation.notes:
                    Console(stderr=True).print(f"{name}: {note}", highlight=False, markup=False)

    ensemble = None
    if len(scores) > 1 and task.label.kind != "sequence":
        together = {name: uncertainty.mean(np.stack(found)) for name, found in said.items()}
        ensemble = {name: task.score(found, parts[name]) for name, found in together.items()}
        if repeated.any():
            test = together["test"]
            ensemble[_WITHOUT_REPEATS] = _scores_of(task, parts["test"], test, kept)
        write_predictions(workdir, parts[last], said[last], task)

    if said.get("valid") and said.get("train"):
        own = [replica.variables for replica in result.replicas if not replica.diverged]
        predicted = {name: np.stack(said[name]) for name in ("train", "valid")}
        fitted = calibration.fit(
            own, parts["train"], parts["valid"], predicted["train"], predicted["valid"]
        )
        if fitted is not None:
            fitted.save(workdir)

    timing = [json.loads(line) for line in (workdir / "timing.jsonl").read_text().splitlines()]
    rows = source.plan(result.replicas[0].seed, 0)
    params = result.replicas[0].variables["params"]
    figures = dict(
        per_seed.figures(result, scores),
        main_metric=task.main_metric,
        mode=task.mode,
        **({} if ensemble is None else {"ensemble": ensemble}),
        baseline=None if baseline is None else {"test": baseline},
        repeats_in_test=int(repeated.sum()),
        parameters=sum(leaf.size for leaf in jax.tree.leaves(params)),
        resumed_from=result.resumed_from,
        seconds=seconds,
        train_seconds=sum(line["train_seconds"] for line in timing),
        evaluate_seconds=sum(line["evaluate_seconds"] for line in timing),
        compile_seconds=sum(result.compile_seconds.values()),
        compilations=result.num_compilations,
        padding_waste=source.waste(rows),
        attention=describe.attention_choices(model, blank_batch(source, source.constants, rows)),
        versions=versions(),
        device=jax.devices()[0].device_kind,
        config=config.to_dict(),
        config_hash=recipes.config_hash(config),
    )
    outcome.write_json(workdir / "metrics.json", figures)
    return Scored(figures, scores, ensemble, last, np.stack(said[last]))


def _scores_of(
    task: Task, part: Dataset, predictions: np.ndarray, kept: np.ndarray
) -> dict[str, float]:
    """The scores of some targets of a part."""
    return task.metrics(predictions[kept], np.asarray(part.targets.labels)[kept])


def write_predictions(
    folder: pathlib.Path,
    part: Dataset,
    members: Sequence[np.ndarray],
    task: Task,
    further: Mapping[str, list[str]] | None = None,
) -> None:
    """predictions.csv of a part, and a picture of each regression target.

    Args:
      folder: where they are written.
      part: what was predicted, with labels.
      members: the predictions [targets, dim] of each member; one, or those of an ensemble.
      task: what they mean.
      further: columns before the labels, by name.
    """
    predictions = np.stack(members)
    outcome.write_predictions(folder / "predictions.csv", part, predictions, further)
    mean = uncertainty.mean(predictions)
    label, labels = task.label, np.asarray(part.targets.labels)
    parts = [(label, slice(None), slice(None))]
    if label.kind == "mixed":
        parts = list(parts_of(label))
    drawn: list[tuple[str, np.ndarray, np.ndarray]] = []
    for own, columns, outputs in parts:
        if own.kind == "regression":
            names = own.names or [own.name or f"target {column}" for column in range(own.dim)]
            measured, predicted = labels[:, columns], mean[:, outputs]
            drawn += zip(names, measured.T, predicted.T, strict=True)
    for place, (name, truth, guess) in enumerate(drawn):
        suffix = "" if len(drawn) == 1 else f"_{place}"
        pictures.predictions(folder / f"predictions{suffix}.png", truth, guess, name)


def write_page(workdir: pathlib.Path) -> bool:
    """Write report.html; False, with a note, where the library of its template is missing."""
    try:
        from gtx.report import page
    except ImportError as error:
        print(f"note: report.html is not written: {error}.", file=sys.stderr)
        return False
    page.write([workdir], workdir / "report.html")
    return True


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that decide a result."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
