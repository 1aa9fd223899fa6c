"""Attributes that are Python objects, one for each node or edge, as arrays."""

import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gtx.data import exact
from gtx.data.exact import DatasetError

_INT64 = 2**63
_EXACT = 2**53  # beyond it a float64 cannot hold every integer

Where = Callable[[int], str]  # from a row to words for a message


def attribute(
    rows: Sequence[Mapping[Any, Any]], name: str, field: str, where: Where, *, missing: bool = False
) -> np.ndarray:
    """The attribute `name` of every row as an array of bools, integers, floats or texts.

    Integers and floats in one attribute are floats. Sequences of numbers of one length have two
    axes.

    Args:
      rows: one dict of attributes for each row.
      name: of the attribute.
      field: its name in messages.
      where: see above.
      missing: whether None (or no such attribute) is allowed: a float becomes NaN, a text empty,
        and others are masked.

    Raises:
      DatasetError: names the row and the remedy: an attribute is missing, is of a type that has no
        place in a Dataset, or of another type than in other rows.
    """
    values = []
    for row, attributes in enumerate(rows):
        value = attributes.get(name)
        if value is None and not missing:
            there = "is None" if name in attributes else "is missing"
            raise DatasetError(
                f"{where(row)}: {field} {there}. Give every row this attribute, or choose "
                "attributes that all of them have."
            )
        values.append(value)
    return as_array(values, field, where)


def as_array(values: Sequence[Any], field: str, where: Where) -> np.ndarray:
    """Values of one kind as an array; see `attribute`."""
    kinds: dict[str, int] = {}
    for row, value in enumerate(values):
        kinds.setdefault(_kind(value, field, where, row), row)
    none = kinds.pop("none", None)
    if not kinds:
        return np.full(len(values), np.nan) if values else np.zeros(0, np.float64)
    if set(kinds) == {"integer", "float"}:
        for row, value in enumerate(values):
            if isinstance(value, numbers.Integral) and abs(int(value)) > _EXACT:
                raise DatasetError(
                    f"{where(row)}: {field} is {value}, and others are floats, which cannot hold "
                    "it exactly. Give integers in all rows, or smaller ones."
                )
        kinds = {"float": kinds["float"]}
    if len(kinds) > 1:
        (one, first), (other, second), *_ = kinds.items()
        raise DatasetError(
            f"{where(second)}: {field} is {values[second]!r:.60}, of type {other}, and {one} in "
            f"{where(first)}. Give one type in all rows."
        )
    (kind,) = kinds
    if kind == "row":
        return _rows(values, field, where, none)
    if none is not None:
        if kind == "text":
            return np.array(["" if value is None else str(value) for value in values], np.str_)
        if kind == "float":
            return np.array([np.nan if value is None else float(value) for value in values])
        mask = [value is None for value in values]
        blank: Any = False if kind == "bool" else 0
        filled = as_array([blank if value is None else value for value in values], field, where)
        return np.ma.MaskedArray(filled, mask)
    if kind == "integer":
        for row, value in enumerate(values):
            if not -_INT64 <= int(value) < _INT64:
                raise DatasetError(
                    f"{where(row)}: {field} is {value}, beyond 64 bits. Number the categories from "
                    "0, or give floats."
                )
    types: dict[str, Any] = dict(bool=bool, integer=np.int64, float=np.float64, text=np.str_)
    return np.array(values, types[kind])


def _kind(value: Any, field: str, where: Where, row: int) -> str:
    if value is None:
        return "none"
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bool | np.bool_):
        return "bool"
    if isinstance(value, numbers.Integral):
        return "integer"
    if isinstance(value, float | np.floating):
        return "float"
    if isinstance(value, str):
        if not exact.is_text(value):
            raise DatasetError(
                f"{where(row)}: {field} is {value!r:.60}, with a NUL or half a character. Mend it."
            )
        return "text"
    if isinstance(value, list | tuple | np.ndarray):
        return "row"
    raise DatasetError(
        f"{where(row)}: {field} is {value!r:.60}, a {type(value).__name__}. Give a bool, an "
        "integer, a real float, a text, or a list of numbers."
    )


def _rows(values: Sequence[Any], field: str, where: Where, none: int | None) -> np.ndarray:
    """Lists of numbers as an array of two axes."""
    if none is not None:
        raise DatasetError(
            f"{where(none)}: {field} is None, and others are lists. Give NaN for each number that "
            "is missing."
        )
    arrays = [exact.plain(value, f"{field} of {where(row)}") for row, value in enumerate(values)]
    for row, array in enumerate(arrays):
        real = array.dtype.kind == "b" or exact.is_integer(array) or exact.is_float(array)
        if array.size and (array.ndim != 1 or not real):
            raise DatasetError(
                f"{where(row)}: {field} is {array.dtype} of shape {array.shape}. Give numbers with "
                "one axis."
            )
        if array.shape != arrays[0].shape:
            raise DatasetError(
                f"{where(row)}: {field} has shape {array.shape}, in {where(0)} it has "
                f"{arrays[0].shape}. Give lists of one length, or fill them up."
            )
        if (array.dtype.kind == "b") != (arrays[0].dtype.kind == "b"):
            raise DatasetError(
                f"{where(row)}: {field} is {array.dtype}, in {where(0)} it is {arrays[0].dtype}. "
                "Give one type in all rows."
            )
    return np.stack(arrays)
