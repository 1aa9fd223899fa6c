"""The parameters of a run for inference: of one model, or of the members of an ensemble."""

import pathlib
import warnings

from gtx.interop import safetensors
from gtx.training.checkpoint import (
    CheckpointError,
    Checkpoints,
    CheckpointWarning,
    Restored,
    load_json,
)
from gtx.training.folders import BEST, MEMBERS, Members, folder_of, folders_of
from gtx.training.manifest import ManifestError

# Of the folder of an export (gtx.export).
WEIGHTS, RECIPE = "model.safetensors", "recipe.json"
# Exports that the package brings.
PRETRAINED = pathlib.Path(__file__).parents[1] / "pretrained"


def kind_of_members(workdir: pathlib.Path) -> Members | None:
    """Whether the members of the ensemble in a folder are seeds or folds; None for one model."""
    if (workdir / "checkpoints" / BEST).is_dir():
        return None
    kinds: tuple[Members, ...] = ("folds", "seeds")
    return next((what for what in kinds if folders_of(workdir, what)), None)


def member_folders(workdir: pathlib.Path) -> list[pathlib.Path]:
    """The folders that hold the parameters of a run: its own, or those of its ensemble's members.

    The members are the seeds or folds that `write_members` was told. While the run is not finished,
    they are all that have been scored.

    Raises:
      CheckpointError: the folder of a member is missing.
    """
    what = kind_of_members(workdir)
    if what is None:
        return [workdir]
    found, path = folders_of(workdir, what), workdir / MEMBERS
    if not path.exists():
        return found
    try:
        folders = [folder_of(workdir, what, int(number)) for number in load_json(path)[what]]
    except (ManifestError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path} cannot be read: {error!r:.200}. Start the command that trained the run again, "
            "which writes it."
        ) from error
    missing = [str(folder) for folder in folders if folder not in found]
    if missing:
        raise CheckpointError(
            f"the ensemble in {workdir} lacks {', '.join(missing)}. Restore them, or give the "
            f"folder of one of its {what}."
        )
    return folders


def restore_exported(folder: pathlib.Path) -> Restored:
    """The recipe of the folder of an export, and its parameters if it has any.

    Raises:
      CheckpointError: there is no recipe, or a file cannot be read.
    """
    try:
        recipe, found = load_json(folder / RECIPE), folder / WEIGHTS
        arrays = safetensors.nested(safetensors.read(found) if found.exists() else {})
    except ValueError as error:
        raise CheckpointError(f"the export {folder} cannot be read: {error}") from error
    return Restored(arrays=arrays, host={}, recipe=recipe, path=folder)


def is_export(folder: pathlib.Path) -> bool:
    """Whether a folder holds exported parameters with their recipe."""
    return (folder / WEIGHTS).exists() and (folder / RECIPE).exists()


def located(folder: pathlib.Path) -> pathlib.Path:
    """The folder of a run or an export; `gtx/<name>` is a model in the package, if there is one.

    Raises:
      CheckpointError: the package has no model of this name, and there is no such folder.
    """
    inside = folder.as_posix().removeprefix("gtx/")
    if folder.is_dir() or folder.is_absolute() or inside == folder.as_posix():
        return folder
    found = PRETRAINED / inside
    if is_export(found):
        return found
    names = sorted(f"gtx/{each.name}" for each in PRETRAINED.glob("*") if is_export(each))
    raise CheckpointError(
        f"there is no folder {folder}, and no model of this name in the package; there are "
        f"{', '.join(names) or 'none'}."
    )


def restore_best(folder: pathlib.Path) -> Restored:
    """The best parameters of one run, or those of an export; see `located`."""
    folder = located(folder)
    return restore_exported(folder) if is_export(folder) else Checkpoints(folder).restore_best()


def restore_members(workdir: pathlib.Path) -> list[Restored]:
    """The best checkpoints of a run, each with its recipe: one, or one for each member.

    Seeds have the same recipe. Each fold has one of its own, with the scales of its training part.
    The folder of an export is one model; see `located`.

    Raises:
      CheckpointError: there is none, one is damaged, one has no recipe, or that of a seed is not
        that of the others.
    """
    workdir = located(workdir)
    if is_export(workdir):
        return [restore_exported(workdir)]
    one_recipe = kind_of_members(workdir) != "folds"
    found: list[Restored] = []
    for folder in member_folders(workdir):
        restored = Checkpoints(folder).restore_best()
        if restored.recipe is None:
            raise CheckpointError(
                f"checkpoint {restored.path} has no recipe, so its model cannot be built. Train "
                "with fit(..., recipe=gtx.recipes.recipe(config, prepared)), or build the model "
                "and take its arrays from gtx.training.Checkpoints(workdir).restore_best()."
            )
        if found and one_recipe and restored.recipe != found[0].recipe:
            raise CheckpointError(
                f"checkpoint {restored.path} has another recipe than {found[0].path}, so they are "
                "no ensemble. Give the folder of one seed."
            )
        found.append(restored)
    if not one_recipe and not (workdir / MEMBERS).exists():
        config = (found[0].recipe or {}).get("config", {})
        warnings.warn(
            f"{workdir} holds {len(found)} of {config.get('data', {}).get('folds')} folds, and is "
            "not finished: the mean is that of these folds.",
            CheckpointWarning,
            stacklevel=2,
        )
    return found
