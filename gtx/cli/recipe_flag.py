"""The flag --config: a recipe, whose fields --config.x.y=... changes."""

import pathlib
import re
from collections.abc import Sequence

from absl import flags
from absl.flags import FlagValues
from ml_collections import ConfigDict, config_flags

from gtx import recipes, training
from gtx.cli import override_errors
from gtx.recipes import ConfigError, files
from gtx.recipes.folds import of_all
from gtx.training.checkpoint import read as read_checkpoint
from gtx.training.folders import fold_folders
from gtx.training.manifest import ManifestError

OVERRIDE = re.compile(r"--?(no)?config\.")


class _RecipeFlag(flags.Flag):
    """A flag whose value is replaced by the recipe that it names."""


def define(values: FlagValues) -> None:
    """--config of a command that reads a recipe; after `read`, `values.config` is a ConfigDict."""
    what = (
        "The recipe: a Python file that defines get_config(), or the folder of a run, whose recipe "
        "is taken. --config.x.y=... changes a field, such as --config.model.dim=32."
    )
    flag = _RecipeFlag(flags.ArgumentParser(), flags.ArgumentSerializer(), "config", None, what)
    flags.DEFINE_flag(flag, values, required=True)


def defined(values: FlagValues) -> bool:
    """Whether a command's --config is a recipe."""
    return "config" in values and isinstance(values["config"], _RecipeFlag)


def read(values: FlagValues, rest: Sequence[str]) -> list[str]:
    """Replace the name of the recipe by the recipe with overrides; returns other arguments.

    Raises:
      ConfigError: names the recipe or the field.
    """
    config = _recipe(str(values["config"].value))
    overrides = FlagValues()
    overrides.set_gnu_getopt()
    arguments = ["gtx", *rest]
    try:
        # Defines a flag for every field that is overridden.
        config_flags.DEFINE_config_dict(
            "config", config, flag_values=overrides, lock_config=True, sys_argv=arguments
        )
        left = overrides(arguments)[1:]
    except Exception as error:  # ml_collections passes on any error of the field's type
        reason = override_errors.explained(config, rest)
        if reason is None and not isinstance(error, flags.Error):
            raise
        raise ConfigError(reason or str(error)) from error
    values["config"].value = config
    return left


def _recipe(text: str) -> ConfigDict:
    """The recipe in a file or of a run.

    Raises:
      ConfigError: there is no such recipe.
    """
    if text and pathlib.Path(text).is_dir():
        return _recipe_of_run(pathlib.Path(text))
    path, _, argument = text.partition(":")
    if not pathlib.Path(path).is_file():
        raise ConfigError(
            f"--config={text}: there is no such file. Give a recipe, such as configs/smoke.py, or "
            "the folder of a run."
        )
    try:
        return files.recipe(path, argument)
    except ConfigError as error:
        raise ConfigError(f"--config={error}") from error


def _recipe_of_run(folder: pathlib.Path) -> ConfigDict:
    """The recipe in the checkpoints of a run; of one with folds that of all of them.

    Raises:
      ConfigError: the folder has no checkpoint with a recipe that this version of gtx can read.
    """
    checkpoints = training.Checkpoints(folder)
    folds = fold_folders(folder)
    if folds and not checkpoints.folder.is_dir():
        return of_all(_recipe_of_run(folds[0]))
    reasons = []
    for path in (checkpoints.folder / "best", *map(checkpoints.path, checkpoints.steps()[::-1])):
        try:
            restored = read_checkpoint(path)
        except ManifestError as error:
            reasons.append(str(error))
            continue
        if restored.recipe is not None:
            try:
                return recipes.read_recipe(restored.recipe).config
            except ConfigError as error:
                raise ConfigError(f"--config={folder}: {path}: {error}") from error
    reason = f" ({reasons[0]})" if (checkpoints.folder / "best").is_dir() and reasons else ""
    raise ConfigError(
        f"--config={folder}: this folder holds no run whose recipe can be read{reason}. Give a "
        "recipe, such as configs/smoke.py, or the folder of a run."
    )
