"""Write the vectors inside a trained model: of molecules and graphs, or of their nodes.

    gtx embed --workdir=runs/solubility_gps --input=molecules.csv --output=vectors.npz
    gtx embed --workdir=runs/solubility_gps --input=mine.csv --output=atoms.npz --level=node
    gtx embed --workdir=runs/mine --input=new_graphs --output=vectors.npz

A vector of a graph is what the head of the model reads; those of nodes are the nodes after its last
layer. The output has the rows of the input in their order, with all of their cells. A row that is
no molecule has a reason in `error`, and NaN (null in Parquet) as its vector.

Each member of an ensemble (the folder of a run of several seeds or of folds) has vectors of its
own, which do not compare with those of another: `vectors_seed_0` or `vectors_fold_0` and so on, in
place of `vectors`, and `vector_seed_0` and so on in a Parquet file.

An npz file has the arrays `vectors`, `header`, `rows` and `error`; with --level=node also `place`,
the row of each node from 0, and `node`, its number in its graph. A Parquet file has the columns of
the input, `error` and `vector`, and a row for each node with --level=node. Files of millions of
molecules are read in constant memory.
"""

import contextlib
import os
import pathlib
import sys
import warnings
from collections.abc import Sequence
from typing import Literal

import numpy as np
from absl import flags
from absl.flags import FlagValues

from gtx import Predictor, recipes
from gtx.cli import shared_flags
from gtx.cli.exit_codes import NOT_ALL
from gtx.cli.predict_molecules import (
    SHOWN,
    are_molecules,
    place_of,
    places_of_columns,
    preparation_of,
    prepared_parts,
    progress,
    warnings_as_lines,
    workers_for,
)
from gtx.cli.reading import UsageError
from gtx.cli.vector_files import open_file
from gtx.cli.waiting import waiting
from gtx.data import CsvError, MoleculeWarning, csv_source
from gtx.training.members import member_folders

Of = Literal["graph", "node"]


def define(values: FlagValues) -> None:
    shared_flags.define_workdir(values, "Folder of the run.")
    flags.DEFINE_string(
        "input", None, "CSV file of molecules; for other models a file or folder of graphs.",
        required=True, flag_values=values,
    )  # fmt: skip
    flags.DEFINE_string(
        "output", None, "File to write, .npz or .parquet.", required=True, flag_values=values
    )
    flags.DEFINE_enum(
        "level", None, ["graph", "node"], "Of what there are vectors; by default of what the model "
        "predicts for, graphs or nodes.", flag_values=values,
    )  # fmt: skip
    shared_flags.define_reading(values)


def main(values: FlagValues) -> int:
    predictor = Predictor.load(values.workdir)
    own = predictor.task.label.level
    level: Of = values.level or ("graph" if own == "graph" else "node")
    if level == "graph" and own != "graph":
        raise UsageError(
            f"this model predicts for {own}s and has no vectors of graphs. Give --level=node."
        )
    members = [""]
    if len(predictor.members) > 1:
        members = [f"_{folder.name}" for folder in member_folders(pathlib.Path(values.workdir))]
    if are_molecules(predictor, values.input):
        return _molecules(values, predictor, level, members)
    if values.smiles_column is not None:
        raise UsageError("--input is no CSV file of molecules. Leave out --smiles_column.")
    return _graphs(values, predictor, level, members)


def _molecules(values: FlagValues, predictor: Predictor, level: Of, members: Sequence[str]) -> int:
    """The vectors of the molecules of a CSV file of any length."""
    path = pathlib.Path(values.input)
    done = failed = 0
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(path.open("rb"))
        rows = csv_source.iterate(file, path.name)
        header = next(rows)[1]
        place = place_of(predictor, header, path.name, values.smiles_column)
        others = places_of_columns(predictor, header, path.name)
        size = os.path.getsize(path)
        num_workers = values.workers
        if num_workers is None:
            num_workers = workers_for(size, predictor.recipe.scaler is not None)
        preparation = preparation_of(predictor)
        output = open_file(values.output, header, nodes=level == "node", members=members)
        stack.callback(output.remove)
        told = stack.enter_context(progress(file, size))
        for part, prepared in prepared_parts(rows, place, others, preparation, num_workers):
            errors = prepared.errors
            with warnings_as_lines([f"row {number}" for number, _ in part]):
                for row, reason in prepared.warnings:
                    warnings.warn(MoleculeWarning(row, reason), stacklevel=1)
                vectors = predictor.embed_by_member(prepared.dataset, level=level)
            places = None
            if level == "node":
                places = np.repeat(prepared.dataset.ids, prepared.dataset.num_nodes)
            else:
                known = vectors
                shape = (len(known), len(part), known.shape[2])
                vectors = np.full(shape, np.nan, np.float32)
                vectors[:, prepared.dataset.ids] = known
            for row in sorted(errors)[: max(SHOWN - failed, 0)]:
                print(f"row {part[row][0]}: {errors[row]}", file=sys.stderr)
            reasons = [errors.get(row, "") for row in range(len(part))]
            output.write([cells for _, cells in part], reasons, vectors, places)
            done, failed = done + len(part), failed + len(errors)
            told(done)
        if not done:
            raise CsvError(f"{path.name}: has a header and no rows. Give at least one row.")
        output.finish()
    print(f"vectors of {done - failed} of {done} molecules: {values.output}")
    return NOT_ALL if failed else 0


def _graphs(values: FlagValues, predictor: Predictor, level: Of, members: Sequence[str]) -> int:
    """The vectors of the graphs of a file in the form of the training data, all or none."""
    recipe, own = predictor.recipe, predictor.task.label.level
    with waiting("reading, compiling and predicting..."):
        source = recipes.source(recipe.config)
        further = source.read_further(values.input, recipe.raw_spec or recipe.spec)
        dataset = further.dataset
        vectors = predictor.embed_by_member(dataset, level=level)
    keys, places = dict(further.keys), None
    if level != own:
        places = np.repeat(np.arange(len(dataset)), dataset.num_nodes)
        if own != "graph":  # whose keys are those of edges or pairs
            keys = {"graph": [str(number) for number in range(len(dataset))]}
    rows = list(zip(*keys.values(), strict=True))
    output = open_file(values.output, list(keys), nodes=places is not None, members=members)
    try:
        output.write(rows, [""] * len(rows), vectors, places)
        output.finish()
    finally:
        output.remove()
    print(f"{vectors.shape[1]} vectors of {level}s: {values.output}")
    return 0
