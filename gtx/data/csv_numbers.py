"""Numbers in the cells of a CSV file; of a cell that holds none, what it may mean instead."""

import logging
import math
import re

import numpy as np

from gtx.data.csv_table import MISSING, CsvError, Table
from gtx.data.smiles import shortened
from gtx.data.spec import Label
from gtx.data.tables import finite

# How many labels a column has before they are looked at, and 95 % over 5 % of those worth a note.
_FEW, _WIDE = 20, 1000
_TRUTH = {"0": 0.0, "0.0": 0.0, "false": 0.0, "1": 1.0, "1.0": 1.0, "true": 1.0}
_log = logging.getLogger(__name__)

_PLAIN = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_GROUPED = re.compile(r"[+-]?\d[\d.,]*(?:[eE][+-]?\d+)?")
_LIMIT = re.compile(r"(?:[<>≤≥]|=[<>]|[<>]=)=?\s*(.+)")
_ABOUT = re.compile(r"(?:~|≈|ca\.?|c\.)\s*(.+)", re.IGNORECASE)
_ERROR = re.compile(r"(.+?)\s*(?:±|\+/-|\+-)\s*.+")
_RANGE = re.compile(rf"({_PLAIN})\s*(?:-|–|—|to|\.\.+)\s*({_PLAIN})")
_UNIT = re.compile(rf"({_PLAIN})\s*([^\d\s.,+-].*)")


def with_point(cell: str) -> tuple[str, ...]:
    """The numbers that a text with commas may mean, with a decimal point; none if it has no comma.

    "3,25" is 3.25, "1.234,5" and "1,234.5" are 1234.5, and "1,234" is one of two.
    """
    text = cell.strip()
    if "," not in text or not _GROUPED.fullmatch(text):
        return ()
    head, _, last = text.rpartition(",")
    if "." in last or "," in head:  # commas part thousands
        return (text.replace(",", ""),) if text.count(".") <= 1 else ()
    whole = f"{head.replace('.', '')}.{last}"
    digits = re.split("[eE]", last)[0]
    if "." not in head and len(digits) == 3 and 1 <= len(head.lstrip("+-")) <= 3:
        return whole, text.replace(",", "")
    return (whole,)


def advice(cell: str) -> str:
    """A sentence about a cell that is no number and what to write; "" if nothing is known of it."""
    text = cell.strip()
    numbers = with_point(text)
    if len(numbers) == 2 and not numbers[0].startswith("0"):
        return f"It is {numbers[0]} or {numbers[1]}, depending on what the comma means. Write one."
    if numbers:
        return f"Write {numbers[0]}: a decimal point, and no marks between thousands."
    if found := _LIMIT.fullmatch(text):
        return (
            "It is a limit, and only measured values can be learned. Leave the cell empty, or "
            f"write {_number(found[1])} if that is near enough."
        )
    if found := _ABOUT.fullmatch(text) or _ERROR.fullmatch(text):
        return f"Write the value alone: {_number(found[1])}."
    if found := _RANGE.fullmatch(text):
        return "It is a range. Write one number, or leave the cell empty."
    if found := _UNIT.fullmatch(text):
        return f"Write the number alone, {found[1]}. A unit stands in the name of the column."
    return ""


def _number(text: str) -> str:
    numbers = with_point(text)
    return numbers[0] if numbers else text.strip()


def cell_error(table: Table, row: int, column: str, value: str, wanted: str) -> CsvError:
    """The error about a cell that holds something else than what is wanted."""
    return CsvError(
        f"{table.name}: row {table.numbers[row]}, column {column!r} holds "
        f"{shortened(value)!r}. It must be {wanted}, or empty if the label is missing."
    )


def number_in(table: Table, row: int, column: str, value: str) -> float:
    """The number in a cell; NaN if it is empty.

    Raises:
      CsvError: it holds something else; says what to write, and how many others do.
    """
    if value.lower() in MISSING:
        return math.nan
    number = finite(value)
    if number is None:
        raise _number_error(table, row, column, value)
    return number


def _number_error(table: Table, row: int, column: str, value: str) -> CsvError:
    """What is wrong with a cell, and with how many others of its column."""
    others = [
        other
        for other, cell in enumerate(table.column(column))
        if other > row and cell.lower() not in MISSING and finite(cell) is None
    ]
    parts = [str(cell_error(table, row, column, value, "a finite number")), advice(value)]
    if others:
        rows = ", ".join(str(table.numbers[other]) for other in others[:5])
        rows += " and others" if len(others) > 5 else ""
        count = f"{len(others):,} more cells of this column hold" if others[1:] else "1 more holds"
        parts.append(f"{count} no number either, in row{'s' * (len(others) > 1)} {rows}.")
    return CsvError(" ".join(filter(None, parts)))


def truth_in(table: Table, row: int, column: str, value: str) -> float:
    """1 for yes and 0 for no in a cell; NaN if it is empty."""
    if value.lower() in MISSING:
        return math.nan
    if value.lower() not in _TRUTH:
        raise cell_error(table, row, column, value, "0 or 1")
    return _TRUTH[value.lower()]


def report_wide(table: Table, labels: np.ndarray, label: Label) -> None:
    """Say in the log which targets are positive and span orders of magnitude."""
    if label.kind != "regression":
        return
    for name, column in zip(label.names, labels.T, strict=True):
        values = column[~np.isnan(column)]
        if len(values) < _FEW or values.min() <= 0:
            continue
        low, high = np.quantile(values, (0.05, 0.95))
        if high >= _WIDE * low:
            _log.warning(
                "%s: column %r has values from %.3g to %.3g. A few large ones decide what is "
                "learned. A column of their logarithms (log10) is mostly learned better.",
                table.name, name, values.min(), values.max(),
            )  # fmt: skip
