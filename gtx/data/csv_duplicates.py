"""Molecules that stand in several rows of a table: reported, and averaged on request."""

import dataclasses
import logging
import math
from collections.abc import Sequence

import numpy as np

from gtx.data.csv_table import CsvError, Table
from gtx.data.labels import column_names, known, parts_of
from gtx.data.smiles import canonical
from gtx.data.spec import Label

MOST = 200_000  # molecules whose canonical SMILES are compared for the report alone
_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Merged:
    """Molecules without repeats.

    Attributes:
      places: of the molecules that stay, rising.
      labels, weights: of these.
      into: for each molecule that is left out, by place, the place of the one that stands for it.
    """

    places: np.ndarray
    labels: np.ndarray
    weights: np.ndarray | None
    into: dict[int, int]


def groups(smiles: Sequence[str], parts: Sequence[str] | None = None) -> list[list[int]]:
    """The places of each molecule that occurs several times, with the same stereo and charge.

    Args:
      smiles: of the molecules.
      parts: of each the part of the data, or what else must be the same in rows that belong
        together. None if all may.
    """
    found: dict[tuple[str, str], list[int]] = {}
    for place, text in enumerate(canonical(smiles)):
        found.setdefault((text, "" if parts is None else parts[place]), []).append(place)
    return [places for places in found.values() if len(places) > 1]


def report(
    table: Table,
    rows: Sequence[int],
    smiles: Sequence[str],
    labels: np.ndarray,
    parts: Sequence[str] | None = None,
) -> None:
    """Say in the log how many molecules stand in several rows, and how many with other values.

    Args:
      table: the file.
      rows: of each molecule its row of the table.
      smiles: of each molecule.
      labels: of each molecule, as floats [molecules, columns]; NaN is missing.
      parts: see `groups`.
    """
    if len(smiles) > MOST:
        return
    found = groups(smiles, parts)
    if not found:
        return
    different = [places for places in found if _differ(labels[places])]
    text = f"{table.name}: {len(found)} molecules stand in several rows"
    if different:
        first = ", ".join(str(table.numbers[rows[place]]) for place in different[0][:4])
        text += f", {len(different)} of them with different values, such as rows {first}"
    _log.warning("%s. duplicates=mean (--config.data.duplicates=mean) averages them.", text)


def merged(
    table: Table,
    rows: Sequence[int],
    smiles: Sequence[str],
    labels: np.ndarray,
    label: Label,
    weights: np.ndarray | None,
    parts: Sequence[str] | None,
) -> Merged:
    """Each molecule once: the mean of its known numbers, with the weights of its rows.

    Rows of weight 0 are left out where the molecule has others.

    Args:
      table, rows, smiles: as for `report`.
      labels: of each molecule, as in a table of targets.
      label: their description.
      weights: of each molecule; their sum is that of the mean. None if all count the same.
      parts: see `groups`.

    Raises:
      CsvError: a molecule has different classes, of which there is no mean; names the rows.
    """
    there = known(labels, label)
    values = labels.reshape(len(labels), -1).astype(np.float64)
    amounts = np.ones(len(labels)) if weights is None else weights.astype(np.float64)
    into = {}
    missing = -1 if label.kind == "multiclass" else math.nan
    for places in groups(smiles, parts):
        # Rows of weight 0 do not count, unless there are no others.
        counted = [place for place in places if amounts[place] > 0] or places
        for column, (name, of_numbers) in enumerate(_columns(label)):
            own = [place for place in counted if there[place, column]]
            if not own:
                values[places[0], column] = missing
                continue
            numbers = values[own, column]
            if not of_numbers and len(set(numbers.tolist())) > 1:
                lines = ", ".join(str(table.numbers[rows[place]]) for place in own)
                raise CsvError(
                    f"{table.name}: the molecule of rows {lines} has different classes in column "
                    f"{name!r}, of which there is no mean. Correct them, or give duplicates=keep."
                )
            share = amounts[own] if amounts[own].any() else None
            values[places[0], column] = np.average(numbers, weights=share)
        amounts[places[0]] = amounts[places].sum()
        into.update(dict.fromkeys(places[1:], places[0]))
    kept = np.array([place for place in range(len(labels)) if place not in into], np.int64)
    found = values[kept].reshape(-1, *labels.shape[1:]).astype(labels.dtype)
    return Merged(kept, found, None if weights is None else amounts[kept], into)


def _columns(label: Label) -> list[tuple[str, bool]]:
    """The name of each column of the labels, and whether it holds numbers and not classes."""
    kinds = [label.kind] * label.num_columns
    if label.kind == "mixed":
        kinds = [part.kind for part, _, _ in parts_of(label) for _ in range(part.num_columns)]
    return [
        (name, kind == "regression") for name, kind in zip(column_names(label), kinds, strict=True)
    ]


def _differ(values: np.ndarray) -> bool:
    """Whether known values of a column are not all the same."""
    return any(len(set(column[~np.isnan(column)].tolist())) > 1 for column in values.T)
