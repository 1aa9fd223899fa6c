"""The folders inside that of a run: one for each seed of several, or for each fold.

A fold is a run of its own in `<workdir>/fold_<number>`. A seed has a folder for what belongs to it
alone, such as its best parameters.
"""

import json
import os
import pathlib
from collections.abc import Sequence
from typing import Literal

BEST = "best"
MEMBERS = "members.json"
# What the members of an ensemble are, and the beginning of the names of their folders.
Members = Literal["seeds", "folds"]
_PREFIX = {"seeds": "seed_", "folds": "fold_"}


def folder_of(workdir: pathlib.Path, what: Members, number: int) -> pathlib.Path:
    """The folder of a seed or of a fold."""
    return workdir / f"{_PREFIX[what]}{number}"


def seed_folder(workdir: pathlib.Path, seed: int) -> pathlib.Path:
    """Where a run of several seeds keeps what belongs to one of them, such as its best."""
    return folder_of(workdir, "seeds", seed)


def seed_folders(workdir: pathlib.Path) -> list[pathlib.Path]:
    """The folders of the seeds in the folder of a run, in the order of the seeds."""
    return folders_of(workdir, "seeds")


def fold_folder(workdir: pathlib.Path, fold: int) -> pathlib.Path:
    """The folder of the run of a fold."""
    return folder_of(workdir, "folds", fold)


def fold_folders(workdir: pathlib.Path) -> list[pathlib.Path]:
    """The folders of the folds in the folder of a run, in the order of the folds."""
    return folders_of(workdir, "folds")


def folders_of(workdir: pathlib.Path, what: Members) -> list[pathlib.Path]:
    """The folders of the seeds or folds that have parameters, in the order of their numbers."""
    prefix = _PREFIX[what]
    found = [best.parent.parent for best in workdir.glob(f"{prefix}*/checkpoints/{BEST}")]
    numbers = [int(text) for path in found if (text := path.name[len(prefix) :]).isdecimal()]
    return [folder_of(workdir, what, number) for number in sorted(numbers)]


def write_members(workdir: pathlib.Path, numbers: Sequence[int], what: Members = "seeds") -> None:
    """Keep which seeds or folds of a run are the members of its ensemble."""
    path = workdir / MEMBERS
    aside = path.with_name(f".{MEMBERS}.tmp")
    aside.write_text(json.dumps({what: list(numbers)}, indent=1) + "\n")
    os.replace(aside, path)
