"""Trains the model of a recipe on its prepared data, or goes on with it."""

import functools
import logging
import pathlib
from typing import Any

import flax.linen as nn
import jax
from ml_collections import ConfigDict

from gtx import recipes, training
from gtx.batching import Budget, Source
from gtx.cli import outcome
from gtx.cli.estimate import Estimate
from gtx.recipes import Prepared
from gtx.tasks import Task
from gtx.training.spread import notes_on_spread
from gtx.training.step import blank_batch

_log = logging.getLogger(__name__)


def fit(
    config: ConfigDict,
    workdir: pathlib.Path,
    prepared: Prepared,
    *,
    model: nn.Module,
    task: Task,
    budget: Budget,
    source: Source,
    recipe: dict[str, Any],
) -> training.FitResult:
    """Train, with what a command shows meanwhile.

    Args:
      config: the recipe.
      workdir: the folder of the run.
      prepared: its data.
      model: the module.
      task: what it predicts.
      budget: of the batches that are scored.
      source: the batches of the training part.
      recipe: what checkpoints say of it.
    """
    graphs = prepared.dataset
    train, valid = graphs.part("train"), graphs.part("valid")
    if not len(valid.targets):
        _log.warning("there is no validation part: the parameters of the last epoch are kept.")
    optimizer = recipes.optimizer(config, source.steps_per_epoch)
    for note in notes_on_spread(
        train,
        [valid, graphs.part("test")],
        lambda: _shapes(model, source)["batch_stats"],
        dense=budget.dense,
        ignored=recipes.masked_nodes(config, graphs.spec),
    ):
        _log.warning(note)

    started = None
    if prepared.origin is not None:
        started = recipes.start(config, prepared.origin, _shapes(model, source), graphs.spec)
        _log.info(started.told(config.init_from))
        for note in started.notes:
            _log.warning(note)
        names = {"init_from": config.init_from, **started.to_json()}
        outcome.write_json(workdir / "start.json", names)

    settings = config.training
    hooks: list[training.Hook] = [Estimate(graphs), training.ProgressBar(), training.JsonLines()]
    if settings.tensorboard:
        hooks.append(training.TensorBoard())
    if settings.patience:
        hooks.append(training.EarlyStopping(settings.patience))
    return training.fit(
        model,
        task,
        source,
        valid if len(valid.targets) else None,
        optimizer=optimizer,
        num_epochs=settings.num_epochs,
        workdir=workdir,
        seeds=recipes.seeds(config),
        init=None if started is None else started.init,
        init_new=() if started is None else started.init_new,
        steps_per_call=settings.steps_per_call,
        evaluate_every=settings.evaluate_every,
        checkpoint_every=settings.checkpoint_every,
        select=settings.select,
        recipe=recipe,
        hooks=hooks,
    )


def _shapes(model: nn.Module, source: Source) -> dict[str, Any]:
    """The forms of the parameters and running statistics of a model, without computing any."""
    batch = blank_batch(source, source.constants, source.plan(0, 0))
    init = functools.partial(model.init, train=False)
    found = jax.eval_shape(init, jax.random.key(0), batch)
    return {"params": found["params"], "batch_stats": found.get("batch_stats", {})}
