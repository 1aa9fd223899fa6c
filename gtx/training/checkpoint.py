"""Checkpoints that survive a kill at any moment, damaged files and full disks.

    <workdir>/checkpoints/step_00000123/    arrays/  host.json  recipe.json  manifest.json
    <workdir>/checkpoints/best/             the same, with the arrays of the best evaluation
    <workdir>/seed_7/checkpoints/best/      in place of it, for each seed of a run of several
    <workdir>/fold_3/checkpoints/           of each fold of a run with folds, which is a run itself
    <workdir>/members.json                  which of these seeds or folds are an ensemble

A directory is written under a temporary name, hashed, flushed to disk and renamed. It is therefore
complete or does not exist. An old one is deleted only when the new one is complete. No pickle.
"""

import dataclasses
import json
import logging
import os
import pathlib
import re
import shutil
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from gtx.training.arrays import TreeError, load_arrays, restore_tree, save_arrays
from gtx.training.folders import BEST, fold_folders, seed_folders
from gtx.training.manifest import (
    MANIFEST,
    ManifestError,
    flush_entry,
    verify_directory,
    write_directory,
)
from gtx.training.storage import reason
from gtx.typing import PyTree

_OLD = ".old-"
_STEP = re.compile("step_([0-9]{8}|[1-9][0-9]{8,17})")
_log = logging.getLogger(__name__)


class CheckpointError(RuntimeError):
    """A checkpoint cannot be written, or no checkpoint can be read."""


class CheckpointWarning(UserWarning):
    """A damaged checkpoint was skipped, and an older one is used."""


@dataclasses.dataclass(frozen=True)
class Restored:
    """The content of a checkpoint.

    Attributes:
      arrays: in the structure of the template; nested dicts of numpy arrays for `best`.
      host: the host data given to `save`.
      recipe: the recipe given to `save`, or None.
      path: its directory.
    """

    arrays: PyTree
    host: dict[str, Any]
    recipe: dict[str, Any] | None
    path: pathlib.Path

    def field(self, name: str) -> Any:
        """An entry of `host`.

        Raises:
          CheckpointError: there is no such entry.
        """
        if name not in self.host:
            raise CheckpointError(
                f"checkpoint {self.path} has no {name!r} among its host data {sorted(self.host)}. "
                "Another version of gtx wrote it, or another program; go on with that one."
            )
        return self.host[name]


class Checkpoints:
    """The checkpoints of one run.

    Args:
      workdir: folder of the run; nothing is written before the first save.
      keep: number of the latest checkpoints to keep, besides the best.
    """

    def __init__(self, workdir: str | os.PathLike[str], *, keep: int = 2):
        if keep < 1:
            raise ValueError(f"keep must be at least 1, got {keep}.")
        self.folder = pathlib.Path(workdir) / "checkpoints"
        self.keep = keep

    def steps(self) -> list[int]:
        """The steps that have a checkpoint, in increasing order."""
        return sorted(
            int(found[1])
            for path in self.folder.glob("step_*")
            if (found := _STEP.fullmatch(path.name)) and path.is_dir() and not path.is_symlink()
        )

    def path(self, step: int) -> pathlib.Path:
        return self.folder / f"step_{step:08d}"

    def clean(self) -> None:
        """Finish or undo the unfinished steps of a killed run. No one else may be writing."""
        if not self.folder.is_dir():
            return
        # A replacement was interrupted between its two renames: the old directory comes back.
        for old in self.folder.glob(f"{_OLD}*"):
            path = self.folder / old.name.removeprefix(_OLD)
            if not path.exists():
                os.rename(old, path)
        for path in [*self.folder.glob(".tmp-*"), *self.folder.glob(f"{_OLD}*")]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def save(
        self,
        step: int,
        arrays: PyTree,
        host: Mapping[str, Any],
        recipe: Mapping[str, Any] | None = None,
    ) -> pathlib.Path:
        """Write the checkpoint of `step`, then delete all but the latest `keep`.

        Args:
          step: its number. An existing checkpoint of this step is replaced.
          arrays: tree of arrays.
          host: JSON data.
          recipe: JSON data from which the model can be built.

        Raises:
          CheckpointError: it could not be written. The others do not change.
        """
        if not 0 <= step < 10**18:
            raise ValueError(f"step must be from 0 to 10**18 - 1, got {step}.")
        path = self.path(step)
        if path.exists():
            # A resumed run reaches a step again that it had saved, or replaces a damaged one.
            self._replace(path, arrays, host, recipe)
        else:
            self._write(path, arrays, host, recipe)
        # Later steps may be damaged checkpoints that were skipped: they do not count.
        for old in [known for known in self.steps() if known <= step][: -self.keep]:
            shutil.rmtree(self.path(old), ignore_errors=True)
        return path

    def save_best(
        self, arrays: PyTree, host: Mapping[str, Any], recipe: Mapping[str, Any] | None = None
    ) -> pathlib.Path:
        """Replace the best checkpoint. At every moment a complete one exists, new or old."""
        path = self.folder / BEST
        if path.exists():
            self._replace(path, arrays, host, recipe)
        else:
            self._write(path, arrays, host, recipe)
        return path

    def restore(
        self, template: PyTree, check: Callable[[Restored], None] = lambda restored: None
    ) -> Restored | None:
        """The latest complete checkpoint in the structure of `template`; None if there is none.

        A damaged checkpoint is skipped with a CheckpointWarning that names the file. `check` may
        refuse a checkpoint before its arrays are compared, because a changed setting is a clearer
        message than a different shape.

        Raises:
          CheckpointError: all existing checkpoints are damaged, or the latest complete one belongs
            to another model; names a leaf that differs.
        """
        steps = self.steps()
        self._check_names(steps)
        for step in reversed(steps):
            path = self.path(step)
            try:
                restored = read(path)
            except ManifestError as error:
                warnings.warn(
                    f"checkpoint {path} is damaged and is passed over: {error}",
                    CheckpointWarning,
                    stacklevel=2,
                )
                continue
            check(restored)
            try:
                return dataclasses.replace(restored, arrays=restore_tree(restored.arrays, template))
            except TreeError as error:
                raise CheckpointError(f"checkpoint {path} does not fit: {error}") from error
        if steps:
            raise CheckpointError(
                f"every checkpoint in {self.folder} is damaged; see the warnings. Delete the "
                "folder to start anew."
            )
        return None

    def restore_best(self) -> Restored:
        """The best checkpoint, with its arrays as nested dicts, for inference.

        Raises:
          CheckpointError: there is none, or it is damaged.
        """
        for name in (BEST, _OLD + BEST):  # the second exists for a moment during a replacement
            path = self.folder / name
            if path.is_dir():
                try:
                    return read(path, name=BEST)
                except ManifestError as error:
                    raise CheckpointError(f"checkpoint {path} is damaged: {error}") from error
        run = self.folder.parent
        for what, folders in (("seeds", seed_folders(run)), ("folds", fold_folders(run))):
            if folders:
                raise CheckpointError(
                    f"the run in {run} has several {what}, each with parameters of its own. Give "
                    f"the folder of one of them: {', '.join(map(str, folders))}; or let "
                    "gtx.Predictor.load read all of them as an ensemble."
                )
        raise CheckpointError(
            f"there is no {self.folder / BEST}; train with a validation part first."
        )

    def _check_names(self, steps: list[int]) -> None:
        """Warn of directories that look like checkpoints but have another name.

        Raises:
          CheckpointError: there are only such directories. A run would otherwise start anew.
        """
        known = {self.path(step).name for step in steps}
        strange = sorted(
            path for path in self.folder.glob("step_*") if path.name not in known and path.is_dir()
        )
        whole = [path for path in strange if (path / MANIFEST).is_file()]
        rule = "A checkpoint is named step_ and eight digits; give it back its name, or remove it."
        if whole and not steps:
            raise CheckpointError(f"{whole[0]} is not named as a checkpoint is. {rule}")
        for path in strange:
            _log.warning("%s is passed over. %s", path, rule)

    def _replace(self, path: pathlib.Path, *content: Any) -> None:
        aside = path.parent / f"{_OLD}{path.name}"
        new = path.parent / f".tmp-new-{path.name}"
        shutil.rmtree(new, ignore_errors=True)
        self._write(new, *content, name=path.name)
        shutil.rmtree(aside, ignore_errors=True)
        # A directory cannot be renamed onto another one that is not empty, hence two renames.
        try:
            os.rename(path, aside)
            os.rename(new, path)
            flush_entry(path.parent)
        except OSError as error:
            raise CheckpointError(f"cannot replace {path}: {reason(error, path.parent)}") from error
        shutil.rmtree(aside, ignore_errors=True)

    def _write(
        self,
        path: pathlib.Path,
        arrays: PyTree,
        host: Mapping[str, Any],
        recipe: Mapping[str, Any] | None,
        *,
        name: str | None = None,
    ) -> None:
        host_text = _dump(host)
        recipe_text = None if recipe is None else _dump(recipe)

        def write(folder: pathlib.Path) -> None:
            save_arrays(folder / "arrays", arrays)
            (folder / "host.json").write_text(host_text)
            if recipe_text is not None:
                (folder / "recipe.json").write_text(recipe_text)

        try:
            write_directory(path, write, name=name)
        except Exception as error:  # orbax raises what its storage driver raises
            raise CheckpointError(
                f"cannot write checkpoint {path}: {reason(error, path.parent)}. Earlier "
                "checkpoints are untouched; make room or choose another workdir, then start the "
                "same command again."
            ) from error


def read(path: pathlib.Path, *, name: str | None = None) -> Restored:
    """Verify and read one checkpoint.

    Args:
      path: its directory.
      name: the name under which it was written; that of `path` if None.

    Raises:
      ManifestError: its content differs from what was written.
    """
    verify_directory(path, name=name)
    try:
        arrays = load_arrays(path / "arrays")
    except Exception as error:  # orbax raises what its storage driver raises
        raise ManifestError(f"{path / 'arrays'} cannot be read: {error!r:.300}.") from error
    recipe = path / "recipe.json"
    return Restored(
        arrays=arrays,
        host=load_json(path / "host.json"),
        recipe=load_json(recipe) if recipe.exists() else None,
        path=path,
    )


def load_json(path: pathlib.Path) -> dict[str, Any]:
    """The dict in a JSON file.

    Raises:
      ManifestError: it cannot be read, or holds something else.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ManifestError(f"{path} cannot be read: {error!r:.200}.") from error
    if not isinstance(data, dict):
        raise ManifestError(f"{path} holds {type(data).__name__} instead of a dict.")
    return data


def _dump(data: Mapping[str, Any]) -> str:
    return json.dumps(data, indent=1, allow_nan=False) + "\n"
