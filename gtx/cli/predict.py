"""Predict for molecules, or for your own graphs, with a trained model.

    gtx predict --workdir=runs/solubility_gps --smiles=CCO --smiles=c1ccccc1
    gtx predict --workdir=runs/solubility_gps --input=molecules.csv --output=predictions.csv
    gtx predict --workdir=runs/mine --input=new_graphs --output=predictions.csv

The output has columns `<target>_predicted`, in the target's unit or as a probability; for several
classes `class_predicted` and `<class>_probability`.

For a model of molecules --input is a CSV file. The output begins with all of its rows and columns
in their order, including blank rows. The last column, `error`, gives the reason if a row has no
prediction.

For a model of other graphs --input is a file or folder in the form of the training data. The output
begins with the graph (and the node, edge or pair) of each prediction.
"""

import contextlib
import csv
import os
import pathlib
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from absl import flags
from absl.flags import FlagValues
from rich.console import Console
from rich.table import Table

from gtx import Predictor, recipes
from gtx.cli import predict_graphs, shared_flags
from gtx.cli.exit_codes import NOT_ALL
from gtx.cli.predicted_columns import columns
from gtx.cli.reading import UsageError
from gtx.cli.waiting import waiting
from gtx.data import CsvError, MoleculeWarning, csv_source


def define(values: FlagValues) -> None:
    shared_flags.define_workdir(values, "Folder of the run.")
    flags.DEFINE_multi_string("smiles", [], "A molecule; may be given again.", flag_values=values)
    flags.DEFINE_string(
        "input", None, "CSV file of molecules; for other models a file or folder of graphs.",
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_string("output", None, "CSV file to write.", flag_values=values)
    flags.DEFINE_string(
        "smiles_column", None, "Column of --input; by default that of the training data.",
        flag_values=values,
    )  # fmt: skip


def main(values: FlagValues) -> int:
    if bool(values.smiles) == bool(values.input):
        raise UsageError("give either --smiles or --input.")
    if bool(values.input) != bool(values.output):
        raise UsageError("--input and --output go together.")
    predictor = Predictor.load(values.workdir)
    molecules = recipes.reads_smiles(predictor.recipe.config)
    if values.input and not molecules:
        if values.smiles_column is not None:
            raise UsageError(
                "the graphs of this model are no molecules. Leave out --smiles_column."
            )
        return predict_graphs.predict_file(predictor, values.input, values.output)
    if values.input:
        return predict_file(predictor, values.input, values.output, values.smiles_column)
    names = [f"--smiles {place + 1}" for place in range(len(values.smiles))]
    with _warnings_as_lines(names), waiting("compiling and predicting..."):
        predictions, errors = predictor.smiles(values.smiles)
    _print_table(values.smiles, columns(predictor.task.label, predictions), errors)
    return NOT_ALL if errors else 0


def predict_file(predictor: Predictor, source: str, target: str, smiles_column: str | None) -> int:
    """Predict for the molecules of a CSV file, and return the exit code.

    Args:
      predictor: the trained model.
      source: the CSV file to read.
      target: the CSV file to write. It appears only when it is complete.
      smiles_column: the column of SMILES; None for the one from which the model was trained.
    """
    table = csv_source.read(source)
    output = pathlib.Path(target)
    if not output.parent.is_dir():
        raise FileNotFoundError(f"--output={target}: there is no folder {output.parent}.")
    column = predictor.smiles_column if smiles_column is None else smiles_column
    if smiles_column is None and column not in table.header:
        raise CsvError(
            f"{table.name}: there is no column {column!r}, from which the model was trained, among "
            f"{list(table.header)}. Name the one that holds SMILES with --smiles_column."
        )
    smiles = table.column(column)
    header = [*columns(predictor.task.label, np.zeros((0, predictor.task.output_dim))), "error"]
    taken = sorted(set(header) & set(table.header))
    if taken:
        raise CsvError(f"{table.name}: has the columns {taken}, which are written. Rename them.")
    names = [f"row {number}" for number in table.numbers]
    with _warnings_as_lines(names), waiting("compiling and predicting..."):
        predictions, errors = predictor.smiles(smiles)
    added = columns(predictor.task.label, predictions)
    reasons = [errors.get(row, "") for row in range(len(smiles))]
    aside = output.with_name(f".{output.name}.tmp")
    with aside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*table.header, *header])
        writer.writerows(
            [*row, *new] for row, *new in zip(table.rows, *added.values(), reasons, strict=True)
        )
    os.replace(aside, output)
    print(f"{len(smiles) - len(errors)} of {len(smiles)} molecules predicted: {output}")
    return NOT_ALL if errors else 0


@contextlib.contextmanager
def _warnings_as_lines(names: Sequence[str]) -> Iterator[None]:
    """Print each warning about a molecule as one line; `names` are the names of the molecules."""
    before = warnings.showwarning

    def show(message: Warning | str, *others: Any, **more: Any) -> None:
        if isinstance(message, MoleculeWarning):
            print(f"warning: {names[message.place]}: {message.reason}", file=sys.stderr)
        else:
            before(message, *others, **more)

    with warnings.catch_warnings():
        warnings.simplefilter("always", MoleculeWarning)
        warnings.showwarning = show
        yield


def _print_table(
    smiles: Sequence[str], predicted: Mapping[str, Sequence[str]], errors: Mapping[int, str]
) -> None:
    table = Table("smiles")
    for name in predicted:
        table.add_column(name, justify="right")
    if errors:
        table.add_column("error")
    for row, text in enumerate(smiles):
        reason = [errors.get(row, "")] if errors else []
        table.add_row(text, *(cells[row] for cells in predicted.values()), *reason)
    Console(markup=False, highlight=False).print(table)
