"""Trains the folds of a recipe with `config.data.folds`, one after the other.

Each fold is a run of its own, in `<workdir>/fold_<number>`: it is saved, resumed and scored as any
run. All have the same program, which is compiled once.
"""

import logging
import pathlib
import time

from ml_collections import ConfigDict

from gtx import recipes, training
from gtx.batching import Budget
from gtx.cli import baseline, finish, fitting, per_fold
from gtx.cli.waiting import waiting
from gtx.recipes import Prepared
from gtx.training.folders import fold_folder, seed_folders
from gtx.training.program import shared_programs

_log = logging.getLogger(__name__)


def run(config: ConfigDict, workdir: pathlib.Path) -> None:
    """Train and score every fold, then write and print what they say together.

    Folds that are finished are scored again, but not trained.

    Raises:
      ResumeError: the folder holds a run without folds, or a fold of another run.
      NonFiniteError: a fold diverged; names it.
    """
    start = time.monotonic()
    if (workdir / "checkpoints").is_dir() or seed_folders(workdir):
        raise training.ResumeError(
            f"{workdir} holds a run without folds. Give another folder, or --config.data.folds=0 "
            "to go on with that run."
        )
    with waiting("reading data and computing encodings..."):
        each = recipes.prepare_folds(config)
    for row in each[0][1].rejected:
        _log.warning("row %d (%r) is left out: %s", row.row, row.smiles, row.reason)
    configs = [own for own, _ in each]
    parts = [prepared.dataset for _, prepared in each]
    if config.baseline:
        baseline.check(parts[0])
    budget = recipes.shared_budget(configs, parts)
    stored = recipes.shared_budget(configs, parts, num_shards=1)
    done = []
    with shared_programs():
        for number, (own, prepared) in enumerate(each):
            folder = fold_folder(workdir, number)
            _log.info("fold %d (%d of %d), in %s:", number, number + 1, len(each), folder)
            try:
                with training.folder_lock(folder):  # which also makes it
                    done.append(_fold(own, folder, prepared, budget, stored))
            except training.NonFiniteError as error:
                raise error.at(f"fold {number}: ") from error
            _log.info(per_fold.line(number, done[-1]))
    per_fold.write(workdir, config, done, seconds=time.monotonic() - start)


def _fold(
    config: ConfigDict, folder: pathlib.Path, prepared: Prepared, budget: Budget, stored: Budget
) -> per_fold.Fold:
    """Train and score a fold.

    Args:
      config: its recipe.
      folder: of its run.
      prepared: its data.
      budget: of the batches of all folds.
      stored: the same on one device, which its checkpoints keep.
    """
    start, graphs = time.monotonic(), prepared.dataset
    model = recipes.model(config, graphs.spec)
    task = recipes.task(config, graphs.spec)
    source, task = recipes.fold_batches(config, graphs, budget, task)
    result = fitting.fit(
        config,
        folder,
        prepared,
        model=model,
        task=task,
        budget=budget,
        source=source,
        recipe=recipes.recipe(config, prepared, stored),
    )
    forest = None
    if config.baseline:
        with waiting("training a random forest..."):
            forest = baseline.forest_scores(graphs, task, seed=config.seed)
    scored = finish.score(
        folder,
        config=config,
        graphs=graphs,
        model=model,
        task=task,
        budget=budget,
        result=result,
        baseline=forest,
        seconds=time.monotonic() - start,
    )
    finish.write_page(folder)
    return per_fold.Fold(graphs, result, scored)
