"""The end of a run: final scores, the files that keep them, and what to do next."""

import hashlib
import importlib.metadata
import json
import pathlib
import platform
from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import numpy as np
from ml_collections import ConfigDict
from rich.console import Console

from gtx import batching, describe, recipes, training
from gtx.cli import pictures, report
from gtx.cli.command import typed
from gtx.cli.waiting import waiting
from gtx.data import Dataset, splits
from gtx.tasks import Task
from gtx.training.step import blank_batch

PACKAGES = ("gtx-jax", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")


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
    """Score every split with the selected parameters; write and print the outcome.

    The test part is looked at here and nowhere else.

    Args:
      workdir: folder of the run, which gets metrics.json, predictions.csv and pictures.
      config: the recipe.
      graphs: all its data, prepared.
      model: the module that was trained.
      task: what it predicts.
      budget: of the batches that are scored.
      result: what `fit` returned.
      baseline: test scores of the random forest, or None where it was not asked for.
      seconds: wall clock since the command began, without these scores.

    Returns:
      What metrics.json holds.
    """
    evaluator = training.Evaluator(model, task, budget)
    parts = {name: graphs.part(name) for name in ("train", "valid", "test")}
    parts = {name: part for name, part in parts.items() if len(part)}
    with waiting("compiling and scoring..."):
        evaluations = {name: evaluator(result.variables, part) for name, part in parts.items()}
    scores = {name: evaluation.metrics for name, evaluation in evaluations.items()}
    molecules = recipes.reads_smiles(config)
    repeated = splits.duplicates_across(graphs) if molecules else np.zeros(len(graphs), bool)
    if repeated.any():
        kept = ~repeated[graphs.target_graph][graphs.targets.split == 2]
        test = evaluations["test"]
        scores["test without repeats"] = task.metrics(
            test.predictions[kept], np.asarray(test.labels)[kept]
        )

    params = result.variables["params"]
    timing = [json.loads(line) for line in (workdir / "timing.jsonl").read_text().splitlines()]
    source = recipes.batches(config, parts["train"], budget)
    rows = source.plan(config.seed, 0)
    figures = dict(
        scores,
        main_metric=task.main_metric,
        mode=task.mode,
        baseline=None if baseline is None else {"test": baseline},
        repeats_in_test=int(repeated.sum()),
        parameters=sum(leaf.size for leaf in jax.tree.leaves(params)),
        params_sha256=params_sha256(params),
        resumed_from=result.resumed_from,
        seconds=seconds,
        train_seconds=sum(line["train_seconds"] for line in timing),
        evaluate_seconds=sum(line["evaluate_seconds"] for line in timing),
        compile_seconds=sum(result.compile_seconds.values()),
        compilations=result.num_compilations,
        steps=result.history[-1]["step"] if result.history else 0,
        epochs=len(result.history),
        best_epoch=result.best_epoch,
        stopped=result.stopped,
        padding_waste=batching.waste(parts["train"], budget, rows),
        attention=describe.attention_choices(model, blank_batch(source, source.constants, rows)),
        versions=versions(),
        device=jax.devices()[0].device_kind,
        config=config.to_dict(),
        config_hash=recipes.config_hash(config),
        seed=config.seed,
    )
    report.write_json(workdir / "metrics.json", figures)
    pictures.learning_curve(workdir / "learning_curve.png", result.history, task.main_metric)
    last = "test" if "test" in parts else list(parts)[-1]
    final = evaluations[last]
    report.write_predictions(workdir / "predictions.csv", parts[last], final.predictions)
    if task.label.kind == "regression":
        for column in range(task.label.dim):
            name = task.label.names[column] if task.label.names else f"target {column}"
            suffix = "" if task.label.dim == 1 else f"_{column}"
            pictures.predictions(
                workdir / f"predictions{suffix}.png",
                np.asarray(final.labels)[:, column],
                final.predictions[:, column],
                name,
            )
    for name, evaluation in evaluations.items():
        for note in evaluation.notes:
            Console(stderr=True).print(f"{name}: {note}", highlight=False, markup=False)
    report.print_scores(scores, baseline)
    print(
        f"Everything is in {workdir}: metrics.json, predictions.csv (of the {last} part), "
        "learning_curve.png."
    )
    if molecules:
        print(f"Next: {typed('predict')} --workdir={workdir} --smiles='CCO'")
    else:
        print(f"Next: {typed('evaluate')} --workdir={workdir} --split={last}")
    return figures


def params_sha256(params: Any) -> str:
    """The sha256 of all parameters, in the order of their names: name, dtype, shape and bytes."""
    leaves = {
        "/".join(str(getattr(key, "key", key)) for key in path): np.ascontiguousarray(leaf)
        for path, leaf in jax.tree_util.tree_leaves_with_path(params)
    }
    digest = hashlib.sha256()
    for name, leaf in sorted(leaves.items()):
        digest.update(f"{name} {leaf.dtype.str} {leaf.shape}".encode())
        digest.update(leaf.tobytes())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that decide a result."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
