"""Further columns of a CSV file that a model reads beside the molecule, such as a temperature.

A column of numbers is one number of each molecule. One of texts, or of true and false, is a
category. Each becomes a graph column with the name that it has in the file.
"""

import dataclasses
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from gtx.data import tables
from gtx.data.csv_numbers import advice, with_point
from gtx.data.csv_table import MISSING, CsvError, Table, meaning
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.smiles import shortened
from gtx.data.spec import Categorical, Column, Continuous

FAR = 10  # standard deviations from the mean of training
_DESCRIPTORS = "descriptors"  # the graph column of RDKit's descriptors


def described(
    table: Table, names: Sequence[str], categorical: Collection[str] = ()
) -> dict[str, Column]:
    """What each column is: a number, or a category with the names of all of them.

    Empty cells are not looked at.

    Args:
      table: the file.
      names: of the columns.
      categorical: those whose numbers are categories.

    Raises:
      CsvError: a column has no cell that is not empty, or its name is taken.
      DatasetError: a column holds numbers and texts, or two spellings of one category.
    """
    others = [name for name in categorical if name not in names]
    if others:
        raise CsvError(
            f"{table.name}: the categorical columns {others} are not among the columns that the "
            f"model reads, {list(names)}. Name them in both."
        )
    if _DESCRIPTORS in names:
        raise CsvError(
            f"{table.name}: the column {_DESCRIPTORS!r} has the name of RDKit's descriptors. "
            "Rename it."
        )
    return {name: _described(table, name, name in categorical) for name in names}


def _described(table: Table, name: str, categorical: bool) -> Column:
    cells = table.column(name)
    filled = [row for row, cell in enumerate(cells) if cell.lower() not in MISSING]
    if not filled:
        raise CsvError(
            f"{table.name}: every cell of column {name!r} is empty. Leave it out of the columns "
            "that the model reads."
        )
    without_empty = dataclasses.replace(
        table,
        rows=tuple(table.rows[row] for row in filled),
        numbers=tuple(table.numbers[row] for row in filled),
    )
    written = [with_point(cells[row]) for row in filled]
    if not categorical and any(written):
        first = next(row for row, numbers in zip(filled, written, strict=True) if numbers)
        if all(
            numbers or tables.finite(cells[row]) is not None
            for row, numbers in zip(filled, written, strict=True)
        ):
            raise CsvError(
                f"{table.name}: row {table.numbers[first]}, column {name!r} holds "
                f"{cells[first]!r}. {advice(cells[first])} If its cells are categories, name the "
                "column in config.data.categorical."
            )
    found = tables.feature(tables.Frame(without_empty), name, None, categorical)
    if found.dtype.kind == "f":
        return Continuous(1)
    spelled: dict[float | str, str] = {}
    for row in filled:
        spelled.setdefault(meaning(cells[row]), cells[row])
    of_numbers = all(isinstance(each, float) for each in spelled)
    names = sorted(spelled.values(), key=float) if of_numbers else sorted(spelled.values())
    return Categorical((len(names),), names=(tuple(names),))


def added(
    dataset: Dataset,
    errors: Mapping[int, str],
    cells: Mapping[str, Sequence[str]],
    known: Mapping[str, Column],
) -> tuple[Dataset, dict[int, str]]:
    """The molecules with these columns; those with a cell that is no value are left out.

    Args:
      dataset: the molecules that parse; its `ids` are their rows.
      errors: by row the reasons why the others do not.
      cells: by name of the column a text for each row.
      known: what the columns are: see `described`.

    Returns:
      The molecules, and by row the reasons why the others are left out.
    """
    if not known:
        return dataset, dict(errors)
    arrays, lacking = _values(cells, known)
    found = {**lacking, **errors}
    kept = dataset.select(np.array([row not in lacking for row in dataset.ids.tolist()], bool))
    columns = {name: array[kept.ids] for name, array in arrays.items()}
    return kept.with_columns("graph", columns, known), {row: found[row] for row in sorted(found)}


def far(dataset: Dataset, scaled: Mapping[str, Column]) -> list[tuple[int, str]]:
    """The molecules with a number that is far from those of training, by id, and what it is.

    A model then says something of what it has seen nothing like, such as of 298 where a column held
    temperatures in degrees Celsius.

    Args:
      dataset: molecules with columns as their file has them.
      scaled: what the columns are, with mean and standard deviation of training; numbers without
        them are not compared.
    """
    found = []
    for name, column in scaled.items():
        if not isinstance(column, Continuous) or not column.mean:
            continue
        values = dataset.graphs[name][:, 0].astype(np.float64)
        distance = np.abs(values - column.mean[0]) / column.std[0]
        for row in np.flatnonzero(distance > FAR):
            reason = (
                f"column {name!r} holds {values[row]:g}, which is {distance[row]:.0f} standard "
                f"deviations from the mean of training, {column.mean[0]:.4g}"
            )
            found.append((int(dataset.ids[row]), reason))
    return found


def _values(
    cells: Mapping[str, Sequence[str]], known: Mapping[str, Column]
) -> tuple[dict[str, np.ndarray], dict[int, str]]:
    """The columns as numbers, 0 where a cell is no value, and by row the reason of that."""
    arrays: dict[str, np.ndarray] = {}
    reasons: dict[int, str] = {}
    for name, column in known.items():
        categories = column.names[0] if isinstance(column, Categorical) else ()
        places = {meaning(category): place for place, category in enumerate(categories)}
        array = np.zeros(len(cells[name]), np.int32 if categories else np.float64)
        for row, text in enumerate(cells[name]):
            cell = text.strip()
            value = places.get(meaning(cell)) if categories else tables.finite(cell)
            if cell.lower() in MISSING:
                reasons.setdefault(row, f"column {name!r} is empty")
            elif value is not None:
                array[row] = value
            elif categories:
                shown = ", ".join(map(repr, categories[:10])) + ", ..." * (len(categories) > 10)
                reasons.setdefault(
                    row,
                    f"column {name!r} holds {shortened(cell)!r}, which the training data do not "
                    f"have; they have {shown}",
                )
            else:
                reasons.setdefault(
                    row, f"column {name!r} holds {shortened(cell)!r}, which is no finite number"
                )
        arrays[name] = array
    return arrays, reasons


def given(
    columns: Mapping[str, Sequence[object]] | None, known: Mapping[str, Column], num_rows: int
) -> dict[str, list[str]]:
    """Values that a caller gives for some molecules, as the cells of a file.

    Args:
      columns: by name a number or text for each molecule; None for a missing one.
      known: what the model reads.
      num_rows: number of molecules.

    Raises:
      DatasetError: a column is missing, unknown, or has not one value for each molecule.
    """
    columns = columns or {}
    if set(columns) != set(known):
        wanted = "{" + ", ".join(f"{name!r}: [...]" for name in known) + "}"
        raise DatasetError(
            f"molecules: this model reads the columns {list(known)} of each molecule beside its "
            f"SMILES, and got {list(columns)}. Give gtx predict a file with them (--input); in "
            f"Python call predictor.smiles(smiles, columns={wanted}), or give the Dataset of "
            "predictor.molecules."
            if known
            else f"molecules: this model reads SMILES alone, and got {list(columns)}. Leave out "
            "columns."
        )
    cells = {}
    for name, values in columns.items():
        cells[name] = ["" if value is None else str(value) for value in values]
        if len(cells[name]) != num_rows:
            raise DatasetError(
                f"molecules: columns[{name!r}] has {len(cells[name])} values for {num_rows} "
                "molecules. Give one for each."
            )
    return cells
