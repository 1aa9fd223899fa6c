"""Molecules from a CSV file: a column of SMILES and columns of targets.

The first row names the columns. An empty cell (or NaN, NA) in a target column is a missing
label. Blanks around a cell are ignored. Row numbers in messages are those of a spreadsheet: the
header is row 1.
"""

import csv
import dataclasses
import difflib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np

from gtx.data import csv_columns, csv_duplicates, molecules
from gtx.data.columns import SPLITS
from gtx.data.csv_numbers import cell_error, number_in, report_wide, truth_in
from gtx.data.csv_table import MISSING, meaning
from gtx.data.csv_table import CsvError as CsvError
from gtx.data.csv_table import Table as Table
from gtx.data.csv_table import iterate as iterate
from gtx.data.csv_table import read as read
from gtx.data.dataset import Dataset
from gtx.data.labels import known
from gtx.data.smiles import shortened
from gtx.data.spec import Column, Label, LabelKind, mixed_label
from gtx.typing import Level

_VALID = ("val", "validation")


@dataclasses.dataclass(frozen=True)
class Rejected:
    """A row that is left out: its row number, the text of its SMILES cell, and the reason."""

    row: int
    smiles: str
    reason: str


@dataclasses.dataclass(frozen=True)
class CsvData:
    """The result of `load`.

    Attributes:
      dataset: `ids` number the rows of data that are not blank, from 0; `names` are the SMILES.
      rejected: the rows that did not become graphs, and those that a split column leaves out.
    """

    dataset: Dataset
    rejected: tuple[Rejected, ...]


def read_smiles(path: str | Path, smiles_column: str = "smiles") -> tuple[list[str], Table]:
    """The SMILES of a file for prediction, one for every row in its order, and the whole table.

    Molecules that do not parse are included, and blank rows are empty texts;
    `molecules.from_smiles` reports them.
    """
    table = read(path)
    return table.column(smiles_column), table


def load(
    path: str | Path,
    *,
    smiles_column: str = "smiles",
    target_columns: str | Sequence[str],
    kind: str = "regression",
    kinds: str | Sequence[str] = (),
    features: str = "cip",
    split_column: str | None = None,
    weight_column: str | None = None,
    columns: str | Sequence[str] | Mapping[str, Column] = (),
    categorical: str | Sequence[str] = (),
    duplicates: str = "keep",
    num_workers: int = 0,
) -> CsvData:
    """Read molecules and labels. `gtx.data.splits` splits them if no column does.

    Args:
      path: the file.
      smiles_column: name of the column of SMILES.
      target_columns: names of the columns to predict; one for binary and multiclass. A text is
        the name of a column, or several as a row of a CSV file: `a,b` or `"log S, mol/L",b`.
      kind: regression takes numbers; binary and multilabel take 0 and 1 (or false and true).
        Multiclass takes any text; the distinct texts in order are the classes (numbers by size).
        Two texts of the same number (2 and 2.0), or that differ only in case, are refused. "mixed"
        has a kind of its own for each column.
      kinds: of a mixed label: regression, binary or multiclass for each target column, in their
        order; a text has commas between them.
      features: see `molecules.from_smiles`.
      split_column: name of a column with the cells train, valid (or val) or test. A row with an
        empty cell is in no part and in `rejected`. None leaves the molecules unsplit.
      weight_column: name of a column that says how much each row counts in the loss; None if all
        count the same.
      columns: names of further columns that the model reads, as those of targets; or what each of
        them is, if that is known. They become graph columns. A row with an empty cell there is in
        `rejected`.
      categorical: those of `columns` whose numbers are categories.
      duplicates: "keep" has a graph for each row, and says in the log how many molecules stand in
        several rows; "mean" has one for each molecule, with the mean of its values. Molecules in
        different cells of `split_column` or of `columns` stay apart.
      num_workers: number of processes that parse SMILES; 0 for none.

    Raises:
      CsvError: names the file, the row and the column. Rows whose SMILES does not parse are not an
        error as long as at least one parses: see `CsvData.rejected`.
    """
    allowed = (*get_args(LabelKind), "mixed")
    if kind not in allowed:
        near = difflib.get_close_matches(str(kind), allowed, 1)
        if kind == "classification":
            near = ["binary", "multiclass"]
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise CsvError(
            f"{Path(path).name}: kind={kind!r} is unknown. Use one of {', '.join(allowed)}.{hint}"
        )
    table = read(path).without_blank_rows()
    smiles = _smiles_in(table, smiles_column)
    labels, label = labels_of(table, target_columns, kind, kinds=kinds)
    weights = None if weight_column is None else weights_in(table, weight_column)
    further = columns_of(table, columns, categorical)
    taken = {smiles_column, *target_names(table, target_columns), split_column, weight_column}
    used = [name for name in further if name in taken]
    if used:
        raise CsvError(
            f"{table.name}: the columns {used} have another use and cannot be features. Leave them "
            "out of the columns that the model reads."
        )
    dataset, errors = molecules.from_smiles(smiles, features=features, num_workers=num_workers)
    cells = {name: table.column(name) for name in further}
    dataset, errors = csv_columns.added(dataset, errors, cells, further)
    rejected = tuple(
        Rejected(table.numbers[row], smiles[row], reason) for row, reason in errors.items()
    )
    if not len(dataset):
        first = rejected[0]
        text = shortened(first.smiles)
        raise CsvError(
            f"{table.name}: none of {len(smiles)} molecules in column {smiles_column!r} can be "
            f"read; row {first.row} ({text!r}): {first.reason}. Name the column of SMILES"
            + (" and columns without empty cells." if further else ".")
        )
    labels, names = labels[dataset.ids], target_names(table, target_columns)
    if np.all(labels == -1 if kind == "multiclass" else np.isnan(labels)):
        raise CsvError(
            f"{table.name}: no molecule has a label in {list(names)}. Name the columns "
            "that hold them, or use read_smiles for prediction."
        )
    report_wide(table, labels, label)
    weights = None if weights is None else weights[dataset.ids]
    if duplicates == "mean":
        apart = _apart(table, dataset, [*([split_column] if split_column else []), *further])
        dataset, labels, weights, others = _averaged(dataset, table, labels, label, weights, apart)
        rejected = tuple(sorted((*rejected, *others), key=lambda each: each.row))
    else:
        numbers = labels.reshape(len(labels), -1).astype(np.float64)
        numbers[~known(labels, label)] = np.nan
        assert dataset.names is not None
        rows, apart = dataset.ids.tolist(), _apart(table, dataset, list(further))
        csv_duplicates.report(table, rows, dataset.names.tolist(), numbers, apart)
    dataset = dataset.with_targets("graph", labels=labels, label=label, weights=weights)
    if split_column is not None:
        dataset, left_out = _split_by_column(dataset, table, smiles, split_column)
        rejected = tuple(sorted((*rejected, *left_out), key=lambda each: each.row))
    return CsvData(dataset, rejected)


def _smiles_in(table: Table, column: str) -> list[str]:
    try:
        return table.column(column)
    except CsvError as error:
        raise CsvError(
            f'{error} Say which column holds SMILES: --config.data.smiles="its name".'
        ) from error


def _averaged(
    dataset: Dataset,
    table: Table,
    labels: np.ndarray,
    label: Label,
    weights: np.ndarray | None,
    apart: Sequence[str] | None,
) -> tuple[Dataset, np.ndarray, np.ndarray | None, list[Rejected]]:
    """Each molecule once, with its labels and weights, and the rows that others stand for."""
    assert dataset.names is not None
    rows, smiles = dataset.ids.tolist(), dataset.names.tolist()
    found = csv_duplicates.merged(table, rows, smiles, labels, label, weights, apart)
    others = [
        Rejected(
            table.numbers[rows[place]],
            smiles[place],
            f"the molecule of row {table.numbers[rows[first]]}, which has the mean of both",
        )
        for place, first in found.into.items()
    ]
    return dataset.select(found.places), found.labels, found.weights, others


def columns_of(
    table: Table,
    columns: str | Sequence[str] | Mapping[str, Column],
    categorical: str | Sequence[str],
) -> dict[str, Column]:
    """What the further columns of a table are that a model reads. The arguments are as in `load`.

    Raises:
      CsvError: names the column.
    """
    if isinstance(columns, Mapping):
        return dict(columns)
    names = target_names(table, columns, "column") if columns else ()
    numbered = target_names(table, categorical, "categorical column") if categorical else ()
    return csv_columns.described(table, names, numbered)


def _apart(table: Table, dataset: Dataset, names: Sequence[str]) -> list[str] | None:
    """For each molecule a text that differs where the cells of these columns mean another thing."""
    columns = [table.column(name) for name in names]
    if not columns:
        return None
    rows = dataset.ids.tolist()
    return ["\n".join(str(meaning(column[row])) for column in columns) for row in rows]


def labels_of(
    table: Table,
    target_columns: str | Sequence[str],
    kind: str,
    level: Level = "graph",
    *,
    kinds: str | Sequence[str] = (),
) -> tuple[np.ndarray, Label]:
    """The labels in columns of a table, one row for each row, and their description.

    Args:
      table: with a row for each graph, or whatever has the label.
      target_columns, kind, kinds: as in `load`.
      level: what has the label.

    Raises:
      CsvError: names the row and the column.
    """
    targets = target_names(table, target_columns)
    if kind == "mixed":
        return _mixed(table, targets, kinds, level)
    if not targets or (kind in ("binary", "multiclass") and len(targets) != 1):
        raise CsvError(
            f"{table.name}: {kind} with target columns {list(targets)}. Name one "
            "column; regression and multilabel can have several."
        )
    if kind == "multiclass":
        labels, label = _classes(table, targets[0])
        return labels, dataclasses.replace(label, level=level)
    read_cell = number_in if kind == "regression" else truth_in
    values = [
        [read_cell(table, row, name, cell) for row, cell in enumerate(table.column(name))]
        for name in targets
    ]
    return np.array(values, np.float64).T, Label(
        level, cast(LabelKind, kind), len(targets), targets
    )


def _mixed(
    table: Table, targets: Sequence[str], kinds: str | Sequence[str], level: Level
) -> tuple[np.ndarray, Label]:
    """The labels of columns of several kinds, and the label with a head for each column."""
    chosen = kinds_in(kinds, targets, table.name)
    columns, parts = [], []
    for name, kind in zip(targets, chosen, strict=True):
        values, label = labels_of(table, (name,), kind, level)
        if kind == "multiclass":
            values = np.where(values < 0, np.nan, values)[:, None]
        columns.append(values)
        parts.append(dataclasses.replace(label, name=name))
    return np.concatenate(columns, axis=1), mixed_label(parts)


def kinds_in(kinds: str | Sequence[str], targets: Sequence[str], place: str) -> tuple[str, ...]:
    """The kind of each target column of a mixed label.

    Args:
      kinds: as in `load`.
      targets: the columns.
      place: what messages begin with.

    Raises:
      CsvError: there is not one kind for each column, or one is unknown.
    """
    found = names_in(kinds) if isinstance(kinds, str) else tuple(kinds)
    allowed = ("regression", "binary", "multiclass")
    wrong = [kind for kind in found if kind not in allowed]
    if len(found) != len(targets) or wrong:
        raise CsvError(
            f"{place}: the kinds {list(found)} are not one for each of the targets "
            f"{list(targets)}. Give each one of {', '.join(allowed)}, with commas between them."
        )
    return found


def weights_in(table: Table, column: str) -> np.ndarray:
    """How much each row counts in the loss, float64 [rows].

    Raises:
      CsvError: a cell is empty, no finite number or negative, or all are 0; names the row.
    """
    weights = []
    for row, cell in enumerate(table.column(column)):
        number = math.nan if cell.lower() in MISSING else number_in(table, row, column, cell)
        if not number >= 0:
            raise CsvError(
                f"{table.name}: row {table.numbers[row]}, column {column!r} holds "
                f"{shortened(cell)!r}. A weight must be a number of at least 0; give 0 to a row "
                "that is not to count."
            )
        weights.append(number)
    if not any(weights):
        raise CsvError(f"{table.name}: every weight in column {column!r} is 0. Give some above 0.")
    return np.array(weights, np.float64)


def names_in(text: str) -> tuple[str, ...]:
    """The names of columns in a text, separated by commas. Double quotes allow commas in a name.

    Raises:
      csv.Error: a quote is not closed.
    """
    row = next(csv.reader([text], skipinitialspace=True, strict=True), [])
    return tuple(name.strip() for name in row)


def target_names(
    table: Table, columns: str | Sequence[str], what: str = "target"
) -> tuple[str, ...]:
    """The names of a text or a sequence. A text may also be one name that contains commas.

    Args:
      table: the file.
      columns: the names.
      what: what they are called in messages.

    Raises:
      CsvError: the text is no row of names, or a name is empty or given twice.
    """
    if isinstance(columns, str):
        quoted = _with_quotes(table, columns)
        try:
            names = names_in(columns)
        except csv.Error as error:
            raise CsvError(
                f"{table.name}: the {what} {columns!r} is no row of names: {error}. Put a name "
                "with commas into double quotes."
            ) from error
        whole = columns.strip()
        if whole in table.header and names != (whole,):
            if all(name in table.header for name in names):
                raise CsvError(
                    f"{table.name}: the {what} {columns!r} is a column, and so are {list(names)}. "
                    "Put double quotes around each name that you mean."
                )
            names = (whole,)
        elif quoted and not all(name in table.header for name in names):
            raise CsvError(
                f"{table.name}: the {what} {columns!r} are read as the columns {list(names)}. "
                f"Put a name with commas into double quotes: {quoted}."
            )
    else:
        names = tuple(columns)
    if not all(names):
        raise CsvError(f"{table.name}: the {what}s {list(names)} hold an empty name. Leave it out.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CsvError(f"{table.name}: the {what}s {twice} are given twice. Name each once.")
    return names


def _with_quotes(table: Table, text: str) -> str:
    """The text with quotes around names of columns that hold commas; "" if none is without."""
    found = text
    for name in sorted(table.header, key=len, reverse=True):
        quoted = '"' + name.replace('"', '""') + '"'
        if "," in name and name in found and quoted not in found:
            found = found.replace(name, quoted)
    return found if found != text else ""


def _classes(table: Table, column: str) -> tuple[np.ndarray, Label]:
    """Class numbers, -1 for missing, and the label that names the classes."""
    cells = table.column(column)
    names = sorted({cell for cell in cells if cell.lower() not in MISSING})
    if not names:
        raise CsvError(
            f"{table.name}: every label in {column!r} is empty. Name the column that holds them."
        )
    same: dict[Any, str] = {}
    for name in names:
        other = same.setdefault(meaning(name), name)
        if other != name:
            rows = [table.numbers[cells.index(each)] for each in (other, name)]
            raise CsvError(
                f"{table.name}: column {column!r} holds the classes {other!r} (row {rows[0]}) and "
                f"{name!r} (row {rows[1]}), which look like one. Write one class in one way."
            )
    if all(isinstance(meaning(name), float) for name in names):
        names.sort(key=float)
    place = {name: number for number, name in enumerate(names)}
    labels = np.array([place.get(cell, -1) for cell in cells], np.int32)
    return labels, Label("graph", "multiclass", len(names), tuple(names))


def _split_by_column(
    dataset: Dataset, table: Table, smiles: Sequence[str], column: str
) -> tuple[Dataset, list[Rejected]]:
    """The split that the column names, and the rows that it leaves out."""
    cells = table.column(column)
    split, left_out = [], []
    for row in dataset.ids.tolist():
        part = "valid" if cells[row].lower() in _VALID else cells[row].lower()
        if part not in (*SPLITS, ""):
            raise cell_error(table, row, column, cells[row], f"one of {SPLITS}")
        if not part:
            reason = f"its cell in column {column!r} is empty, so it is in no part"
            left_out.append(Rejected(table.numbers[row], smiles[row], reason))
        split.append(part)
    if "train" not in split:
        raise CsvError(
            f"{table.name}: column {column!r} puts no molecule into train. Write train, valid or "
            "test into its cells."
        )
    return dataset.with_split(split), left_out
