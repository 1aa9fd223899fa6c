"""Train a recipe, or go on with a run.

    gtx train --config=configs/smoke.py --workdir=runs/smoke
    gtx train --config=configs/smoke.py --config.model.dim=32 --workdir=runs/wider

A run goes on where its data, model, task, optimiser and seed are the same. Paths, caches and
intervals may differ; so may the number of epochs, where the schedule does not end with them.
--config.training.seeds="(0, 1, 2)" trains several seeds side by side and scores each.
--config.data.folds=5 trains a model for each of five folds and tests it on that fold.
--config.init_from=runs/other starts from the parameters of another run; start.json lists what is
taken, new and left.
Ctrl-C, SIGTERM and SIGUSR1 save the run; the same command goes on with it. One training at a
time writes to a folder.
"""

import logging
import pathlib
import time

from absl.flags import FlagValues
from ml_collections import ConfigDict

from gtx import recipes, training
from gtx.cli import baseline, finish, fitting, folds, recipe_flag, shared_flags
from gtx.cli.waiting import waiting
from gtx.training.folders import fold_folders
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
    if recipes.num_folds(config):
        return folds.run(config, workdir)
    if fold_folders(workdir):
        raise training.ResumeError(
            f"{workdir} holds a run with folds. Give --config.data.folds as before to go on with "
            "it, or another folder."
        )
    with waiting("reading data and computing encodings..."):
        prepared = recipes.prepare(config)
    for row in prepared.rejected:
        _log.warning("row %d (%r) is left out: %s", row.row, row.smiles, row.reason)
    graphs = prepared.dataset
    if config.baseline:
        baseline.check(graphs)
    budget = recipes.budget(config, graphs)
    model = recipes.model(config, graphs.spec)
    task = recipes.task(config, graphs.spec)
    result = fitting.fit(
        config,
        workdir,
        prepared,
        model=model,
        task=task,
        budget=budget,
        source=recipes.batches(config, graphs.part("train"), budget),
        recipe=recipes.recipe(config, prepared),
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
