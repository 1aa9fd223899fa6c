"""Molecules from a CSV file: a column of SMILES and columns of targets.

The first row names the columns. An empty cell (or NaN, NA) in a target column is a missing
label. Blanks around a cell are ignored. Row numbers in messages are those of a spreadsheet: the
header is row 1.
"""

import contextlib
import csv
import dataclasses
import difflib
import io
import itertools
import math
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast, get_args

import numpy as np

from gtx.data import molecules
from gtx.data.check import DatasetError
from gtx.data.columns import SPLITS
from gtx.data.dataset import Dataset
from gtx.data.smiles import shortened
from gtx.data.spec import Label, LabelKind, mixed_label
from gtx.typing import Level

MISSING = ("", "nan", "na", "n/a")
_VALID = ("val", "validation")
_TRUTH = {"0": 0.0, "0.0": 0.0, "false": 0.0, "1": 1.0, "1.0": 1.0, "true": 1.0}


class CsvError(DatasetError):
    """A CSV file that cannot be used; the message names the file, the row and the column."""


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


@dataclasses.dataclass(frozen=True)
class Table:
    """A CSV file as text, rows in the order of the file.

    Attributes:
      name: name of the file.
      header: names of the columns; unused columns may have an empty name or the same name.
      rows: one cell per column, unchanged from the file; short and blank rows are padded with
        empty cells.
      numbers: the row number of each row in the file.
    """

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]

    def column(self, name: str) -> list[str]:
        """The cells of a column without blanks around them.

        Raises:
          CsvError: see `place`.
        """
        place = self.place(name)
        return [row[place].strip() for row in self.rows]

    def place(self, name: str) -> int:
        """The place of a column.

        Raises:
          CsvError: there is no such column (the message lists the columns), or several of them.
        """
        if self.header.count(name) > 1:
            raise CsvError(
                f"{self.name}: the column {name!r} occurs {self.header.count(name)} times. Rename "
                "the others."
            )
        if name not in self.header:
            close = difflib.get_close_matches(name.lower(), map(str.lower, self.header), 1, 0.5)
            near = [column for column in self.header if column.lower() in close]
            hint = f" Did you mean {near[0]!r}?" if near else ""
            if any(mark in cell for mark in ";\t" for cell in self.header):
                hint = " The cells seem to be parted by semicolons or tabs; use commas."
            raise CsvError(
                f"{self.name}: there is no column {name!r} among {_listing(self.header)}.{hint}"
            )
        return self.header.index(name)

    def without_blank_rows(self) -> "Table":
        """The rows in which at least one cell is not blank; a CsvError if there is none."""
        kept = [row for row, cells in enumerate(self.rows) if any(map(str.strip, cells))]
        if not kept:
            raise CsvError(f"{self.name}: has a header and no rows. Give at least one row.")
        return dataclasses.replace(
            self,
            rows=tuple(self.rows[row] for row in kept),
            numbers=tuple(self.numbers[row] for row in kept),
        )


def read(path: str | Path, *, empty: bool = False) -> Table:
    """Read a CSV file (UTF-8, commas) without interpreting its cells; every row is kept.

    Args:
      path: the file.
      empty: whether a file with a header and no rows is right.

    Raises:
      CsvError: there is no header or no row, a row has more cells than the header, the file is not
        text in UTF-8, or its quotes are not closed.
    """
    path = Path(path)
    with path.open("rb") as file:
        rows = iterate(file, path.name)
        header = next(rows)[1]
        numbered = list(rows)
    if not numbered and not empty:
        raise CsvError(f"{path.name}: has a header and no rows. Give at least one row.")
    cells = tuple(row for _, row in numbered)
    return Table(path.name, header, cells, tuple(number for number, _ in numbered))


def iterate(file: BinaryIO, name: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The rows of a CSV file one after the other, with their numbers; the header is row 1.

    Args:
      file: the file, of which no more is held in memory than a row.
      name: its name in messages.

    Raises:
      CsvError: as `read`, but for a file without rows.
    """
    number = 1
    try:
        # "utf-8-sig" also reads files of spreadsheet programs, which begin with a byte order mark.
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        with _cells_of_any_length():
            reader = csv.reader(text, strict=True)
            header = tuple(cell.strip() for cell in next(reader, []))
        if not any(header):
            raise CsvError(f"{name}: is empty. The first row must name the columns.")
        yield 1, header
        rows, failed = [()], None
        while rows and failed is None:
            rows, failed = _next_rows(reader)
            for row in rows:
                number += 1
                if len(row) > len(header) and any(map(str.strip, row[len(header) :])):
                    raise CsvError(
                        f"{name}: row {number} has {len(row)} cells, the header "
                        f"{len(header)}. Put quotes around cells with commas."
                    )
                padding = [""] * (len(header) - len(row))
                yield number, tuple([*row, *padding][: len(header)])
        if failed is not None:
            raise failed
        text.detach()
    except UnicodeDecodeError as error:
        raise CsvError(f"{name}: is not text in UTF-8 ({error}). Save it as one.") from error
    except csv.Error as error:
        raise CsvError(
            f"{name}: is not a CSV file: {error}, after row {number}. Close every quote, "
            'and write a quote inside of quotes twice ("").'
        ) from error


def _next_rows(reader: Any) -> tuple[list[Any], Exception | None]:
    """Some rows, and the error that ended them, if there was one."""
    rows: list[Any] = []
    # The limit is changed for many rows at once, and never while another generator runs.
    with _cells_of_any_length():
        try:
            for row in itertools.islice(reader, _AT_ONCE):
                rows.append(row)  # those before an error are kept
        except (csv.Error, UnicodeDecodeError) as error:
            return rows, error
    return rows, None


_AT_ONCE = 256
_LIMIT = threading.Lock()


@contextlib.contextmanager
def _cells_of_any_length() -> Iterator[None]:
    """Raise the limit of the csv module, which refuses cells of more than 131,072 characters."""
    with _LIMIT:  # the limit is global to the process, so only one thread may change it
        before = csv.field_size_limit(2**31 - 1)
        try:
            yield
        finally:
            csv.field_size_limit(before)


def _listing(names: Sequence[str]) -> str:
    """Names for a message: twenty at most."""
    shown = ", ".join(repr(name) for name in names[:20])
    return f"[{shown}, ...] ({len(names)} columns)" if len(names) > 20 else f"[{shown}]"


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
    smiles = table.column(smiles_column)
    labels, label = labels_of(table, target_columns, kind, kinds=kinds)
    weights = None if weight_column is None else weights_in(table, weight_column)
    dataset, errors = molecules.from_smiles(smiles, features=features, num_workers=num_workers)
    rejected = tuple(
        Rejected(table.numbers[row], smiles[row], reason) for row, reason in errors.items()
    )
    if not len(dataset):
        first = rejected[0]
        text = shortened(first.smiles)
        raise CsvError(
            f"{table.name}: none of {len(smiles)} molecules in column {smiles_column!r} can be "
            f"read; row {first.row} ({text!r}): {first.reason}. Name the column of SMILES."
        )
    labels, names = labels[dataset.ids], target_names(table, target_columns)
    if np.all(labels == -1 if kind == "multiclass" else np.isnan(labels)):
        raise CsvError(
            f"{table.name}: no molecule has a label in {list(names)}. Name the columns "
            "that hold them, or use read_smiles for prediction."
        )
    dataset = dataset.with_targets(
        "graph",
        labels=labels,
        label=label,
        weights=None if weights is None else weights[dataset.ids],
    )
    if split_column is not None:
        dataset, left_out = _split_by_column(dataset, table, smiles, split_column)
        rejected = tuple(sorted((*rejected, *left_out), key=lambda each: each.row))
    return CsvData(dataset, rejected)


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
    read_cell = _number if kind == "regression" else _truth
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
        number = math.nan if cell.lower() in MISSING else _number(table, row, column, cell)
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


def target_names(table: Table, columns: str | Sequence[str]) -> tuple[str, ...]:
    """The names of a text or a sequence. A text may also be one name that contains commas."""
    if isinstance(columns, str):
        try:
            names = names_in(columns)
        except csv.Error as error:
            raise CsvError(
                f"{table.name}: the target {columns!r} is no row of names: {error}. Put a name "
                "with commas into double quotes."
            ) from error
        whole = columns.strip()
        if whole in table.header and names != (whole,):
            if all(name in table.header for name in names):
                raise CsvError(
                    f"{table.name}: the target {columns!r} is a column, and so are {list(names)}. "
                    "Put double quotes around each name that you mean."
                )
            names = (whole,)
    else:
        names = tuple(columns)
    if not all(names):
        raise CsvError(f"{table.name}: the targets {list(names)} hold an empty name. Leave it out.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CsvError(f"{table.name}: the targets {twice} are given twice. Name each once.")
    return names


def _cell_error(table: Table, row: int, column: str, value: str, wanted: str) -> CsvError:
    return CsvError(
        f"{table.name}: row {table.numbers[row]}, column {column!r} holds "
        f"{shortened(value)!r}. It must be {wanted}, or empty if the label is missing."
    )


def _number(table: Table, row: int, column: str, value: str) -> float:
    if value.lower() in MISSING:
        return math.nan
    try:
        number = float(value)
    except ValueError:
        number = math.inf
    if not abs(number) <= float(np.finfo(np.float32).max) or "_" in value:  # float("1_0") is 10
        raise _cell_error(table, row, column, value, "a finite number")
    return number


def _truth(table: Table, row: int, column: str, value: str) -> float:
    if value.lower() in MISSING:
        return math.nan
    if value.lower() not in _TRUTH:
        raise _cell_error(table, row, column, value, "0 or 1")
    return _TRUTH[value.lower()]


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


def meaning(name: str) -> float | str:
    """A form that is equal for two spellings of one class: the number, or the text without case."""
    try:
        return float(name)
    except ValueError:
        return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _split_by_column(
    dataset: Dataset, table: Table, smiles: Sequence[str], column: str
) -> tuple[Dataset, list[Rejected]]:
    """The split that the column names, and the rows that it leaves out."""
    cells = table.column(column)
    split, left_out = [], []
    for row in dataset.ids.tolist():
        part = "valid" if cells[row].lower() in _VALID else cells[row].lower()
        if part not in (*SPLITS, ""):
            raise _cell_error(table, row, column, cells[row], f"one of {SPLITS}")
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
