"""Tables of graphs, nodes and edges as columns: CSV files, or Parquet files with the extra.

A CSV file says nothing about types, so they follow from its cells: a column of numbers is a number,
a column of true and false is two categories, and one without numbers holds categories. A column of
numbers and other texts is refused, because one of them may be a slip. A Parquet file has types;
texts are categories there even where they look like numbers.
"""

import dataclasses
import math
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from gtx.data import csv_table
from gtx.data.csv_table import MISSING, Table, meaning
from gtx.data.exact import DatasetError
from gtx.data.spec import Categorical, Column, Continuous

_TRUTH = {"true": True, "false": False}
_INDEX = re.compile(r"__index_level_\d+__")  # what pandas calls an index without a name in Parquet


@dataclasses.dataclass(frozen=True)
class Frame:
    """A table as texts.

    Attributes:
      table: its cells.
      texts: columns whose type is text, so that they are categories.
    """

    table: Table
    texts: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.table.rows)

    def place(self, row: int) -> str:
        return f"{self.table.name}: row {self.table.numbers[row]}"

    def keys(self, column: str) -> list[str]:
        """The cells of a column that says which graph or node a row is of; none is empty."""
        cells = self.table.column(column)
        for row, cell in enumerate(cells):
            if not cell:
                raise DatasetError(f"{self.place(row)}: the column {column!r} is empty. Fill it.")
        return cells


def find(folder: str | Path, name: str) -> Path | None:
    """`<folder>/<name>.csv` or `.parquet`; None if there is neither.

    Raises:
      DatasetError: there are both.
    """
    paths = [Path(folder) / f"{name}{end}" for end in (".csv", ".parquet")]
    there = [path for path in paths if path.is_file()]
    if len(there) == 2:
        raise DatasetError(f"{folder}: has {name}.csv and {name}.parquet. Leave one of them.")
    return there[0] if there else None


def read(path: Path) -> Frame:
    """The table in a file, without blank rows.

    Raises:
      DatasetError: it is no such file.
      ImportError: it is a Parquet file, and pyarrow is not installed.
    """
    if path.suffix == ".parquet":
        return _read_parquet(path)
    table = csv_table.read(path, empty=True)
    kept = [row for row, cells in enumerate(table.rows) if any(map(str.strip, cells))]
    rows = tuple(table.rows[row] for row in kept)
    numbers = tuple(table.numbers[row] for row in kept)
    return Frame(dataclasses.replace(table, rows=rows, numbers=numbers))


def _read_parquet(path: Path) -> Frame:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise ImportError(
            'Parquet files need pyarrow: pip install "gtx-jax[parquet]".', name=error.name
        ) from error
    try:
        found = parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise DatasetError(f"{path.name}: is no Parquet file ({error}). Write it anew.") from error
    columns, texts = [], set()
    for name, column in zip(found.column_names, found.columns, strict=True):
        kind = column.type
        if pyarrow.types.is_dictionary(kind):
            kind = kind.value_type
        if pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind):
            texts.add(name)
        plain = (
            pyarrow.types.is_integer(kind)
            or pyarrow.types.is_floating(kind)
            or pyarrow.types.is_boolean(kind)
            or pyarrow.types.is_null(kind)
            or name in texts
        )
        if not plain:
            raise DatasetError(
                f"{path.name}: the column {name!r} is {column.type}. Write numbers, bools or "
                "texts; a list of numbers takes a column for each."
            )
        columns.append([_cell(value) for value in column.to_pylist()])
    rows = tuple(zip(*columns, strict=True))
    numbers = tuple(range(len(rows)))  # rows of a Parquet file have no header above them
    return Frame(Table(path.name, tuple(found.column_names), rows, numbers), frozenset(texts))


def _cell(value: Any) -> str:
    """A value as the text that a CSV file would hold; whole floats as integers, for keys."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def feature(frame: Frame, name: str, known: Column | None, categorical: bool) -> np.ndarray:
    """A column as floats, bools, or texts, which become categories.

    Args:
      frame: the table.
      name: of the column.
      known: what it is in the training data; None follows from its cells.
      categorical: whether numbers are categories too.

    Raises:
      DatasetError: a cell is empty, or is no number where there must be one.
    """
    cells = frame.table.column(name)
    for row, cell in enumerate(cells):
        if cell.lower() in MISSING:
            raise DatasetError(
                f"{frame.place(row)}, column {name!r} is {cell!r}. Fill it, a category with one of "
                "its own such as 'unknown', or leave the column out."
            )
    if isinstance(known, Continuous):
        return np.array([_number(frame, name, row, cell) for row, cell in enumerate(cells)])
    truths = bool(cells) and all(cell.lower() in _TRUTH for cell in cells)
    if isinstance(known, Categorical) and not known.names:
        for row, cell in enumerate(cells):
            if cell.lower() not in _TRUTH:
                raise DatasetError(
                    f"{frame.place(row)}, column {name!r} is {cell!r:.60}. It must be true or "
                    "false, as in the training data."
                )
        truths = True
    if truths and name not in frame.texts and not categorical:
        return np.array([_TRUTH[cell.lower()] for cell in cells], bool)
    if known is None and not categorical and name not in frame.texts:
        numbers = [_parsed(cell) for cell in cells]
        found = [number for number in numbers if number is not None]
        if len(found) == len(numbers):
            return np.array(
                [_number(frame, name, row, cell) for row, cell in enumerate(cells)], np.float64
            )
        if found:
            one, other = numbers.index(None), numbers.index(found[0])
            raise DatasetError(
                f"{frame.place(one)}, column {name!r} is {cells[one]!r:.60}, and a number, "
                f"{cells[other]!r:.60}, in row {frame.table.numbers[other]}. Mend it, or name the "
                "column in config.data.categorical if all its cells are categories."
            )
    if known is None:
        _check_spellings(frame, name, cells)
    return np.array(cells, np.str_)


def _parsed(cell: str) -> float | None:
    try:
        return None if "_" in cell else float(cell)  # float("1_0") is 10
    except ValueError:
        return None


def finite(cell: str) -> float | None:
    """The number of a cell; None if it is none that float32 holds."""
    number = _parsed(cell)
    fits = number is not None and abs(number) <= float(np.finfo(np.float32).max)
    return number if fits else None


def _number(frame: Frame, name: str, row: int, cell: str) -> float:
    number = finite(cell)
    if number is None:
        raise DatasetError(
            f"{frame.place(row)}, column {name!r} is {cell!r:.60}. It must be a finite number; "
            "name the column in config.data.categorical if it holds categories."
        )
    return number


def _check_spellings(frame: Frame, name: str, cells: list[str]) -> None:
    """Refuse two texts that look like one category."""
    first: dict[Any, int] = {}
    for row, cell in enumerate(cells):
        other = first.setdefault(meaning(cell), row)
        if cells[other] != cell:
            raise DatasetError(
                f"{frame.place(row)}, column {name!r} is {cell!r:.60}, and {cells[other]!r:.60} in "
                f"row {frame.table.numbers[other]}, which look like one category. Write it in one "
                "way."
            )


def features(
    frame: Frame,
    taken: Collection[str],
    known: dict[str, Column] | None,
    categorical: Collection[str],
    leave_out: Collection[str],
    level: str,
) -> dict[str, np.ndarray]:
    """The columns of a table that are features: all but those that are taken or left out.

    Args:
      frame: the table.
      taken: columns with another meaning: keys, targets, the split.
      known: columns of the training data; None if this is it.
      categorical, leave_out: names of columns, or `level.name` for that of one table.
      level: name of the table, such as "nodes".
    """

    def among(name: str, names: Collection[str]) -> bool:
        return name in names or f"{level}.{name}" in names

    found = {}
    for name in frame.table.header:
        if name in taken or among(name, leave_out):
            continue
        if not name:
            raise DatasetError(
                f"{frame.table.name}: a column has no name. Give it one, or take it out; a table "
                "of pandas is written without its index by index=False."
            )
        if _INDEX.fullmatch(name):
            raise DatasetError(
                f"{frame.table.name}: the column {name!r} is the index of a table of pandas, which "
                "numbers rows and says nothing of them. Write the table without it by index=False, "
                "or name the column in config.data.leave_out."
            )
        of_training = None if known is None else known.get(name)
        found[name] = feature(frame, name, of_training, among(name, categorical))
    return found
