"""Molecules from a CSV file: a column of SMILES and columns of targets.

The first row names the columns. An empty cell (or NaN, NA) in a target column is a missing
label. Row numbers in messages are those of a spreadsheet: the header is row 1.
"""

import csv
import dataclasses
import difflib
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gtx.data import molecules, splits
from gtx.data.check import DatasetError
from gtx.data.columns import SPLITS
from gtx.data.dataset import Dataset
from gtx.data.scaling import Scaler, with_descriptors
from gtx.data.spec import Label, LabelKind

_MISSING = ("", "nan", "na", "n/a")
_TRUTH = {"0": 0.0, "0.0": 0.0, "false": 0.0, "1": 1.0, "1.0": 1.0, "true": 1.0}


class CsvError(DatasetError):
    """A CSV file that cannot be used; the message names the file, the row and the column."""


@dataclasses.dataclass(frozen=True)
class Rejected:
    """A row that is in no graph: its row number, what stood for SMILES, and why."""

    row: int
    smiles: str
    reason: str


@dataclasses.dataclass(frozen=True)
class CsvData:
    """What `load` returns.

    Attributes:
      dataset: `ids` count the rows of data from 0, `names` are the SMILES.
      rejected: the rows that did not become graphs.
      scaler: of the descriptors, if they were asked for; prediction needs it.
    """

    dataset: Dataset
    rejected: tuple[Rejected, ...]
    scaler: Scaler | None


@dataclasses.dataclass(frozen=True)
class Table:
    """A CSV file as text, rows in the order of the file.

    Attributes:
      name: of the file.
      header: names of the columns.
      rows: one cell per column; short rows are filled with empty cells.
      numbers: the row number of each row in the file.
    """

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]

    def column(self, name: str) -> list[str]:
        """The cells of a column, or a CsvError that names the columns there are."""
        if name not in self.header:
            close = difflib.get_close_matches(name.lower(), map(str.lower, self.header), 1, 0.5)
            near = [column for column in self.header if column.lower() in close]
            hint = f" Did you mean {near[0]!r}?" if near else ""
            if len(self.header) == 1 and any(mark in self.header[0] for mark in ";\t"):
                hint = " The cells seem to be parted by semicolons or tabs; use commas."
            raise CsvError(
                f"{self.name}: there is no column {name!r} among {list(self.header)}.{hint}"
            )
        place = self.header.index(name)
        return [row[place] for row in self.rows]


def read(path: str | Path) -> Table:
    """Read a CSV file (UTF-8, commas) without interpreting its cells.

    Raises:
      CsvError: if there is no header or no row of data, if two columns have one name, if a row
        has more cells than the header, or if the file is no text.
    """
    path = Path(path)
    rows, numbers = [], []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            header = tuple(cell.strip() for cell in next(reader, []))
            for number, row in enumerate(reader, start=2):
                if not any(cell.strip() for cell in row):
                    continue
                if len(row) > len(header):
                    raise CsvError(
                        f"{path.name}: row {number} has {len(row)} cells, the header "
                        f"{len(header)}. Put quotes around cells with commas."
                    )
                padding = [""] * (len(header) - len(row))
                rows.append(tuple(cell.strip() for cell in [*row, *padding]))
                numbers.append(number)
    except (UnicodeDecodeError, csv.Error) as error:
        raise CsvError(
            f"{path.name}: not a CSV file in UTF-8 ({error}, after row {len(rows) + 1}). "
            "Save it as one."
        ) from error
    if not header:
        raise CsvError(f"{path.name}: is empty. The first row must name the columns.")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise CsvError(f"{path.name}: the columns {twice} occur twice. Rename one of each.")
    if not rows:
        raise CsvError(f"{path.name}: has a header and no rows. Give at least one molecule.")
    return Table(path.name, header, tuple(rows), tuple(numbers))


def read_smiles(path: str | Path, smiles_column: str = "smiles") -> tuple[list[str], Table]:
    """The SMILES of a file to predict on, in its order, and all of its columns.

    Molecules that do not parse are among them; `molecules.from_smiles` says which.
    """
    table = read(path)
    return table.column(smiles_column), table


def load(
    path: str | Path,
    *,
    smiles_column: str = "smiles",
    target_columns: Sequence[str],
    kind: LabelKind = "regression",
    features: str = "ogb",
    descriptors: bool = False,
    split: str = "random",
    split_column: str = "split",
    fractions: splits.Fractions = (0.8, 0.1, 0.1),
    seed: int = 0,
) -> CsvData:
    """Read molecules and labels.

    Args:
      path: the file.
      smiles_column: name of the column of SMILES.
      target_columns: names of the columns to predict; one for binary and multiclass.
      kind: regression takes numbers; binary and multilabel 0 and 1 (or false and true);
        multiclass any text, the distinct ones in order are the classes.
      features: see `molecules.from_smiles`.
      descriptors: add RDKit's descriptors as graph column "descriptors", scaled on train.
      split: "random", "scaffold", "none", or "column", which reads train, valid (or val) and
        test from `split_column`.
      split_column: for split="column".
      fractions: of train, valid and test, for random and scaffold.
      seed: of the random split.

    Raises:
      CsvError: names the file, the row and the column. Rows whose SMILES does not parse are no
        error as long as one does: see `CsvData.rejected`.
    """
    if isinstance(target_columns, str):
        target_columns = (target_columns,)
    if not target_columns or (kind in ("binary", "multiclass") and len(target_columns) != 1):
        raise CsvError(
            f"{Path(path).name}: {kind} with target columns {list(target_columns)}. Name one "
            "column; regression and multilabel can have several."
        )
    table = read(path)
    smiles = table.column(smiles_column)
    cells = [table.column(name) for name in target_columns]
    if kind == "multiclass":
        labels, label = _classes(table, target_columns[0])
    else:
        read_cell = _number if kind == "regression" else _truth
        values = [
            [read_cell(table, row, name) for row in range(len(smiles))] for name in target_columns
        ]
        labels = np.array(values, np.float64).T
        label = Label("graph", kind, len(cells), tuple(target_columns))
    dataset, errors = molecules.from_smiles(smiles, features=features)
    rejected = tuple(
        Rejected(table.numbers[row], smiles[row], reason) for row, reason in errors.items()
    )
    if not len(dataset):
        first = rejected[0]
        raise CsvError(
            f"{table.name}: none of {len(smiles)} molecules in column {smiles_column!r} can be "
            f"read; row {first.row} ({first.smiles!r}): {first.reason}. Name the column of SMILES."
        )
    labels = labels[dataset.ids]
    if np.all(labels == -1 if kind == "multiclass" else np.isnan(labels)):
        raise CsvError(
            f"{table.name}: no molecule has a label in {list(target_columns)}. Name the columns "
            "that hold them, or use read_smiles for prediction."
        )
    dataset = dataset.with_labels(labels, label)
    dataset = _with_split(dataset, table, split, split_column, fractions, seed)
    scaler = None
    if descriptors:
        dataset, scaler = with_descriptors(dataset)
    return CsvData(dataset, rejected, scaler)


def _cell_error(table: Table, row: int, column: str, value: str, wanted: str) -> CsvError:
    return CsvError(
        f"{table.name}: row {table.numbers[row]}, column {column!r} holds {value!r}. It must be "
        f"{wanted}, or empty if the label is missing."
    )


def _number(table: Table, row: int, column: str) -> float:
    value = table.rows[row][table.header.index(column)]
    if value.lower() in _MISSING:
        return math.nan
    try:
        number = float(value)
    except ValueError:
        number = math.inf
    if not abs(number) <= float(np.finfo(np.float32).max) or "_" in value:  # float("1_0") is 10
        raise _cell_error(table, row, column, value, "a finite number")
    return number


def _truth(table: Table, row: int, column: str) -> float:
    value = table.rows[row][table.header.index(column)]
    if value.lower() in _MISSING:
        return math.nan
    if value.lower() not in _TRUTH:
        raise _cell_error(table, row, column, value, "0 or 1")
    return _TRUTH[value.lower()]


def _classes(table: Table, column: str) -> tuple[np.ndarray, Label]:
    """Class numbers, -1 for missing, and the label that names the classes."""
    cells = table.column(column)
    names = sorted({cell for cell in cells if cell.lower() not in _MISSING})
    if all(name.isdecimal() for name in names):
        names.sort(key=int)
    place = {name: number for number, name in enumerate(names)}
    labels = np.array([place.get(cell, -1) for cell in cells], np.int32)
    return labels, Label("graph", "multiclass", len(names), tuple(names))


def _with_split(
    dataset: Dataset,
    table: Table,
    split: str,
    split_column: str,
    fractions: splits.Fractions,
    seed: int,
) -> Dataset:
    if split == "random":
        return splits.random(dataset, fractions, seed=seed)
    if split == "scaffold":
        return splits.scaffold(dataset, fractions)
    if split == "none":
        return dataset
    if split != "column":
        raise CsvError(
            f"{table.name}: split={split!r} is unknown. Use random, scaffold, column or none."
        )
    cells = [cell.lower() for cell in table.column(split_column)]
    cells = ["valid" if cell in ("val", "validation") else cell for cell in cells]
    for row in dataset.ids.tolist():
        if cells[row] not in (*SPLITS, ""):
            raise _cell_error(table, row, split_column, cells[row], f"one of {SPLITS}")
    return dataset.with_split([cells[row] for row in dataset.ids.tolist()])
