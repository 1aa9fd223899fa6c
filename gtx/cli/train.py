"""Train a recipe, or go on with a run.

    gtx train --config=configs/smoke.py --workdir=runs/smoke
    gtx train --config=configs/smoke.py --config.model.dim=32 --workdir=runs/wider

A run goes on where its data, model, task, optimiser and seed are the same. Paths, caches and
intervals may differ; so may the number of epochs, where the schedule does not end with them.
--config.training.seeds="(0, 1, 2)" trains several seeds side by side and scores each.
--config.init_from=runs/other starts from the parameters of another run; start.json lists what is
taken, new and left.
Ctrl-C, SIGTERM and SIGUSR1 save the run; the same command goes on with it. One training at a
time writes to a folder.
"""

import functools
import logging
import pathlib
import time
from typing import Any

import flax.linen as nn
import jax
from absl.flags import FlagValues
from ml_collections import ConfigDict

from gtx import recipes, training
from gtx.batching import Source
from gtx.cli import baseline, finish, outcome, recipe_flag, shared_flags
from gtx.cli.estimate import Estimate
from gtx.cli.waiting import waiting
from gtx.training.spread import notes_on_spread
from gtx.training.step import blank_batch
from gtx.training.storage import named

_log = logging.getLogger(__name__)


def define(values: FlagValues) -> None:
    recipe_flag.define(values)
    shared_flags.define_workdir(values, "Folder of the run; a run that is there goes on.")


def main(values: FlagValues) -> None:
    config, workdir = values.config, pathlib.Path(values.workdir)
    recipes.check(config)
    recipes.check_devices(config)
    # From here on, so that a second training is told before its data are read, to the scores.
    with training.folder_lock(workdir), named(workdir):
        run(config, workdir)


def run(config: ConfigDict, workdir: pathlib.Path) -> None:
    """Train and score; everything goes to `workdir`."""
    start = time.monotonic()
    with waiting("reading data and computing encodings..."):
        prepared = recipes.prepare(config)
    for row in prepared.rejected:
        _log.warning("row %d (%r) is left out: %s", row.row, row.smiles, row.reason)
    graphs = prepared.dataset
    budget = recipes.budget(config, graphs)
    model = recipes.model(config, graphs.spec)
    task = recipes.task(config, graphs.spec)
    train, valid = graphs.part("train"), graphs.part("valid")
    source = recipes.batches(config, train, budget)
    optimizer = recipes.optimizer(config, recipes.steps_per_epoch(source))
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
    result = training.fit(
        model,
        task,
        source,
        valid,
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
        recipe=recipes.recipe(config, prepared),
        hooks=hooks,
    )

    forest = None
    if config.baseline:
        with waiting("training a random forest..."):
            forest = baseline.forest_scores(graphs, task, seed=config.seed)
    finish.write(
        workdir,
        config=config,
        graphs=graphs,
        model=model,
        task=task,
        budget=budget,
        result=result,
        baseline=forest,
        seconds=time.monotonic() - start,
    )


def _shapes(model: nn.Module, source: Source) -> dict[str, Any]:
    """The forms of the parameters and running statistics of a model, without computing any."""
    batch = blank_batch(source, source.constants, source.plan(0, 0))
    init = functools.partial(model.init, train=False)
    found = jax.eval_shape(init, jax.random.key(0), batch)
    return {"params": found["params"], "batch_stats": found.get("batch_stats", {})}
