"""Refuses what the models of several folds cannot do together, and says how it can be done."""

import pathlib

from gtx import Predictor
from gtx.cli.reading import UsageError
from gtx.training.members import member_folders


def refuse_folds(predictor: Predictor, workdir: str, why: str) -> None:
    """Raise a UsageError for a run with folds, which names the folder of a fold.

    Args:
      predictor: of the run.
      workdir: its folder.
      why: the reason.
    """
    if len(predictor.each_recipe) > 1:
        first = member_folders(pathlib.Path(workdir))[0]
        raise UsageError(
            f"{workdir} is a run with folds: {why}. Give the folder of one fold, such as {first}."
        )
