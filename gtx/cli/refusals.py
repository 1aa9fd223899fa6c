"""Refuses what the models of several folds cannot do together, and says how it can be done."""

import pathlib

from gtx.cli.reading import UsageError
from gtx.training.members import kind_of_members, member_folders


def refuse_folds(workdir: str, why: str) -> None:
    """Raise a UsageError for the folder of a run with folds, which names that of a fold."""
    if kind_of_members(pathlib.Path(workdir)) == "folds":
        first = member_folders(pathlib.Path(workdir))[0]
        raise UsageError(
            f"{workdir} is a run with folds: {why}. Give the folder of one fold, such as {first}."
        )
