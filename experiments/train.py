"""Train a recipe, or go on with a run: `python -m experiments.train --config=... --workdir=...`.

A run goes on where its data, model, task, optimiser and seed are the same; paths, caches,
intervals, and the number of epochs where the schedule does not end with them, may differ. SIGINT,
SIGTERM and SIGUSR1 save and exit with 128 + signal. One training at a time writes to a folder.
"""

import pathlib
import time
from collections.abc import Sequence

from absl import flags, logging
from ml_collections import ConfigDict, config_flags

from experiments import baseline, finish, launch
from gtx import recipes, training
from gtx.training.storage import named

_CONFIG = config_flags.DEFINE_config_file("config", None, "The recipe.", lock_config=True)
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run; it goes on if it exists.")
flags.mark_flags_as_required(["config", "workdir"])


def main(argv: Sequence[str]) -> None:
    del argv
    config, workdir = _CONFIG.value, pathlib.Path(_WORKDIR.value)
    recipes.check(config)
    recipes.check_devices(config)
    # From here on, so that a second training is told before its data are read, to the scores.
    with training.folder_lock(workdir), named(workdir):
        run(config, workdir)


def run(config: ConfigDict, workdir: pathlib.Path) -> None:
    """Train and score; everything goes to `workdir`."""
    start = time.monotonic()
    prepared = recipes.prepare(config)
    for row in prepared.rejected:
        logging.warning("row %d (%r) is left out: %s", row.row, row.smiles, row.reason)
    graphs = prepared.dataset
    budget = recipes.budget(config, graphs)
    model = recipes.model(config, graphs.spec)
    task = recipes.task(config, graphs.spec)
    train, valid = graphs.part("train"), graphs.part("valid")
    optimizer = recipes.optimizer(config, -(-len(train) // budget.batch_size))

    settings = config.training
    hooks: list[training.Hook] = [training.ProgressBar(), training.JsonLines()]
    if settings.tensorboard:
        hooks.append(training.TensorBoard())
    if settings.patience:
        hooks.append(training.EarlyStopping(settings.patience))
    result = training.fit(
        model,
        task,
        train,
        valid,
        optimizer=optimizer,
        num_epochs=settings.num_epochs,
        workdir=workdir,
        budget=budget,
        stratified=config.batch.stratified,
        resident=config.batch.resident,
        seed=config.seed,
        steps_per_call=settings.steps_per_call,
        evaluate_every=settings.evaluate_every,
        checkpoint_every=settings.checkpoint_every,
        select=settings.select,
        recipe=recipes.recipe(config, prepared),
        hooks=hooks,
    )

    forest = baseline.forest_scores(graphs, task, seed=config.seed) if config.baseline else None
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


if __name__ == "__main__":
    launch.run(main)
