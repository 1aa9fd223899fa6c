"""Predicts for the graphs of a file in the form of the training data."""

import csv
import os
import pathlib

from gtx import Predictor, recipes
from gtx.cli.predicted_columns import Asked, columns
from gtx.cli.reading import UsageError
from gtx.cli.similarity import TrainingPart
from gtx.cli.waiting import waiting
from gtx.data import DatasetError


def predict_file(
    predictor: Predictor,
    source: str,
    target: str,
    asked: Asked | None = None,
    similar: TrainingPart | None = None,
) -> int:
    """Predict for every target of a file, and return the exit code.

    The rows say which graph, node, edge or pair they are of, as the recipe's source names it. All
    are predicted, or nothing is written.

    Args:
      predictor: the trained model.
      source: the file or folder to read, in the form of the recipe's source.
      target: the CSV file to write. It appears only when it is complete.
      asked: what stands beside the predictions.
      similar: the training part, if it is to be compared with.

    Raises:
      DatasetError: the data are wrong, or have other columns than the training data.
    """
    output = pathlib.Path(target)
    if not output.parent.is_dir():
        raise FileNotFoundError(f"--output={target}: there is no folder {output.parent}.")
    if output.resolve() == pathlib.Path(source).resolve():
        raise UsageError(f"--output={target} is the file of graphs, which would be lost.")
    recipe = predictor.recipe
    with waiting("reading, compiling and predicting..."):
        further = recipes.source(recipe.config).read_further(source, recipe.raw_spec or recipe.spec)
        predictions = predictor.by_member(further.dataset)
        added = columns(predictor.task.label, predictions, asked)
        if similar is not None:
            added |= similar.cells(further.dataset)
    taken = sorted(set(further.keys) & set(added))
    if taken:
        raise DatasetError(
            f"{pathlib.Path(source).name}: has the columns {taken}, which are written. Rename them."
        )
    aside = output.with_name(f".{output.name}.tmp")
    with aside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*further.keys, *added])
        writer.writerows(zip(*further.keys.values(), *added.values(), strict=True))
    os.replace(aside, output)
    print(f"{predictions.shape[1]} {predictor.task.label.level}s predicted: {output}")
    return 0
