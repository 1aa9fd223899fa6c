"""The folds of a recipe with `config.data.folds`: each has a recipe and a run of its own.

The recipe of fold 2 is that of all folds with `config.data.test_fold=2`. Its test part is that
fold. So whatever reads the recipe of a run reads that of a fold.
"""

from collections.abc import Sequence

import numpy as np
from ml_collections import ConfigDict

from gtx import batching, tasks
from gtx.batching.budget import joined
from gtx.data import SPLITS, Dataset, DatasetError, Scaler
from gtx.data.folds import Folds, folds
from gtx.data.sources import SOURCES
from gtx.recipes.batching import batches, budget, sampling
from gtx.recipes.data import label, noisy_names
from gtx.recipes.rules import ConfigError
from gtx.recipes.training import seeds

MOST = 100  # as each fold is a training


def num_folds(config: ConfigDict) -> int:
    """The number of folds that a run of this recipe trains; 0 where it trains one model alone."""
    return 0 if "test_fold" in config.data else int(config.data.get("folds", 0))


def of_fold(config: ConfigDict, number: int) -> ConfigDict:
    """The recipe of a fold."""
    found = ConfigDict(config.to_dict())
    found.data.test_fold = number
    return found


def of_all(config: ConfigDict) -> ConfigDict:
    """The recipe of all folds, from that of one."""
    found = ConfigDict(config.to_dict())
    if "test_fold" in found.data:
        del found.data.test_fold
    return found


def check_folds(config: ConfigDict) -> None:
    """Raise a ConfigError for folds that do not go with the rest of the recipe."""
    settings = config.data
    count, number = settings.get("folds", 0), settings.get("test_fold", 0)
    if not count:
        if "test_fold" in settings:
            raise ConfigError(
                "config.data.test_fold: it is the fold that is tested, and there are no folds. "
                "Give their number as config.data.folds, or leave it out."
            )
        return
    if not 2 <= count <= MOST:
        raise ConfigError(
            f"config.data.folds: {count} is not a number of folds from 2 to {MOST}. Give one, such "
            "as 5, or 0 for none."
        )
    if not number < count:
        raise ConfigError(
            f"config.data.test_fold: there is no fold {number} among {count}. Count from 0."
        )
    without = "or no folds: --config.data.folds=0"
    if settings.split not in ("random", "scaffold"):
        said = {"given": "says itself which part is test", "column": "reads the parts of a column"}
        raise ConfigError(
            f"config.data.folds: folds are drawn, and config.data.split {settings.split!r} "
            f"{said.get(settings.split, 'is another split')}. Give --config.data.split=random or "
            f"scaffold, {without}."
        )
    if len(seeds(config)) > 1:
        raise ConfigError(
            f"config.training.seeds: {count} folds are {count} models already, which predict as an "
            f'ensemble. Give one seed, --config.training.seeds="()", {without}.'
        )
    if settings.get("num_train", 0):
        raise ConfigError(
            f"config.data.num_train: every graph is trained on in all folds but one. Give 0, "
            f"{without}."
        )
    task, level = config.task, label(config).level
    others = [name for name in ("masked", "candidates") if task.get(name, 0)]
    if sampling(config) or others or level != "graph":
        why = (
            f"config.task.{others[0]} asks for other targets" if others else f"one is of a {level}"
        )
        raise ConfigError(
            f"config.data.folds: they divide graphs that have a label each, and here {why}. Give 0."
        )


def partition(graphs: Dataset, config: ConfigDict) -> Folds | None:
    """The folds of the graphs of a recipe; None for a recipe without folds."""
    settings = config.data
    count = settings.get("folds", 0)
    if not count:
        return None
    molecules = SOURCES[settings.name].has_smiles
    return folds(
        graphs, count, seed=settings.split_seed, method=settings.split, molecules=molecules
    )


def of_partition(graphs: Dataset, found: Folds, config: ConfigDict) -> Dataset:
    """The graphs with the split of the recipe's fold; without one of the first."""
    settings = config.data
    return found.split(graphs, settings.get("test_fold", 0), settings.valid_fraction)


def scalers(
    graphs: Dataset, found: Folds, config: ConfigDict, values: np.ndarray, names: Sequence[str]
) -> tuple[Scaler, ...]:
    """For each fold the scaler of descriptors over its training part.

    All have the same descriptors, so that the models of all folds have the same parameters: those
    that are finite and vary in each training part.

    Args:
      graphs: of all folds.
      found: their folds.
      config: the recipe of all or of one.
      values: of all descriptors, [graphs, descriptors].
      names: of the descriptors.

    Raises:
      DatasetError: no descriptor is left.
    """
    fitted = []
    for number in range(found.num_folds):
        split = of_partition(graphs, found, of_fold(config, number)).targets.split
        fitted.append(Scaler.fit(values[split == SPLITS.index("train")], names))
    common = [name for name in names if all(name in each.names for each in fitted)]
    if not common:
        raise DatasetError(
            f"features: none of {len(names)} descriptors varies in the training part of every "
            "fold. Use more molecules, or leave them out."
        )
    return tuple(each.only(common) for each in fitted)


def fold_batches(
    config: ConfigDict, graphs: Dataset, shape: batching.Budget, task: tasks.Task
) -> tuple[batching.Source, tasks.Task]:
    """The batches of the training part of a fold, and the task with which they are trained.

    Where the graphs stay on the device, nothing that differs between folds is a constant of the
    program, neither sizes nor scales. So all folds have the same program.

    Args:
      config: the recipe of the fold.
      graphs: its graphs, with their split.
      shape: of its batches: that of all folds.
      task: what it predicts.
    """
    train = graphs.part("train")
    if not config.batch.resident or noisy_names(config, graphs.spec):
        return batches(config, train, shape), task
    task = tasks.on_scale(task)
    places = np.flatnonzero(graphs.targets.split == SPLITS.index("train"))
    whole = task.on_model_scale(graphs)
    return batching.ResidentPart(train, shape, whole=whole, places=places), task


def shared_budget(
    configs: Sequence[ConfigDict], parts: Sequence[Dataset], num_shards: int | None = None
) -> batching.Budget:
    """One shape of batches for the training parts of all folds.

    Args:
      configs: the recipe of each fold.
      parts: its graphs, with their split.
      num_shards: as for `recipes.budget`.
    """
    each = [
        budget(config, graphs, num_shards=num_shards)
        for config, graphs in zip(configs, parts, strict=True)
    ]
    return joined(each, configs[0].batch.num_tiers)
