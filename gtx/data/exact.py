"""Converts numbers from outside exactly, or raises a DatasetError that says why it cannot.

No value wraps around, is rounded to a whole number, cut, clipped or unmasked silently.
"""

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from gtx.graphs import GraphError

INT32_MAX = 2**31 - 1
_EXACT = 2**53  # beyond it even float64 cannot distinguish an integer from its neighbours


class DatasetError(GraphError):
    """A dataset that is not valid; the message names the graph, the field and the remedy."""


def masked_array(values: Any, field: str) -> tuple[np.ndarray, np.ndarray | None]:
    """An array-like as a numpy array, and its mask; None if no entry is masked.

    Raises:
      DatasetError: the value is not an array of numbers or texts.
    """
    inner = values if isinstance(values, list | tuple) else ()
    if any(isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value) for value in inner):
        raise DatasetError(
            f"dataset: {field} is a list with masked arrays. Join them with np.ma.concatenate or "
            "np.ma.stack, or fill what is masked."
        )
    mask = np.ma.getmaskarray(values) if np.ma.is_masked(values) else None
    try:
        array = np.asarray(values.filled(0) if mask is not None else values)
    except Exception as error:  # the `__array__` of a foreign class may raise anything
        raise DatasetError(
            f"dataset: {field} cannot be made an array ({error}). Give numbers, with rows of one "
            "length."
        ) from error
    if array.dtype.kind == "O":
        raise DatasetError(
            f"dataset: {field} is an array of Python objects (dtype object, shape "
            f"{array.shape}). Give numbers of one type that fit 64 bits, with rows of one "
            "length; fill what is missing."
        )
    return array, mask


def plain(values: Any, field: str) -> np.ndarray:
    """An array-like as a numpy array; refuses one with masked entries."""
    array, mask = masked_array(values, field)
    if mask is not None:
        place = tuple(int(part[0]) for part in np.nonzero(mask))
        raise DatasetError(
            f"dataset: {field}{list(place)} is masked. Fill it, or leave its row out."
        )
    return array


def is_integer(array: np.ndarray) -> bool:
    """Whether the dtype is an integer type (bool is not). Unlike numpy's test, it knows int4."""
    return jnp.issubdtype(array.dtype, jnp.integer)


def is_float(array: np.ndarray) -> bool:
    """Whether the dtype is a real float type. Unlike numpy's test, it knows bfloat16."""
    return jnp.issubdtype(array.dtype, jnp.floating)


def integers(
    values: Any,
    field: str,
    *,
    low: int,
    high: int,
    place: Callable[[int], str] | None = None,
    rule: str = "",
    whole_floats: bool = False,
    dtype: type = np.int64,
) -> np.ndarray:
    """Whole numbers in [low, high] with one axis; not copied if they have this dtype already.

    Args:
      values: array-like of an integer dtype, or an empty list.
      field: its name in messages.
      low, high: limits, both allowed.
      place: a function from a row to its name in messages; `field[row]` if None.
      rule: a sentence on the limits, for messages.
      whole_floats: also accept floats, if each is a whole number that float64 holds exactly.
      dtype: an integer type that holds the limits.

    Raises:
      DatasetError: names the first entry outside the limits, or what is not an integer.
    """
    array = plain(values, field)
    if array.ndim != 1:
        raise DatasetError(
            f"dataset: {field} has shape {array.shape}. Give it one axis, with .reshape(-1)."
        )
    if array.size == 0 and array.dtype.kind not in "USTMm":
        return np.zeros(0, dtype)
    if is_float(array) and whole_floats:
        array = array.astype(np.float64)
        fraction = ~(np.isfinite(array) & (array == np.round(array)) & (abs(array) < _EXACT))
        if fraction.any():
            row = int(np.argmax(fraction))
            raise DatasetError(f"dataset: {field}[{row}] is {array[row]}, no whole number.")
    elif not is_integer(array):
        raise DatasetError(
            f"dataset: {field} has dtype {array.dtype}. It must be integers; convert whole "
            "numbers with .astype(np.int64)."
        )
    array = array if array.dtype.kind in "iu" else array.astype(np.int64)
    wrong = (array < low) | (array > high)
    if wrong.any():
        row = int(np.argmax(wrong))
        name = f"dataset: {field}[{row}]" if place is None else place(row)
        rule = rule or f"It must be from {low} to {high}."
        raise DatasetError(f"{name} is {array[row]}. {rule}")
    return array.astype(dtype, copy=False)


def int32_matrix(array: np.ndarray, field: str) -> np.ndarray:
    """Integers or bools with two axes as int32.

    Raises:
      DatasetError: names the first number that does not fit.
    """
    if array.dtype.kind not in "biu":
        array = array.astype(np.int64)
    if array.dtype.itemsize >= 4 and array.size:
        limits = np.iinfo(np.int32)
        if array.max() > limits.max or array.min() < limits.min:
            row, column = np.argwhere((array > limits.max) | (array < limits.min))[0].tolist()
            raise DatasetError(
                f"dataset: {field}[{row}, {column}] is {array[row, column]}: integers beyond 32 "
                "bits. Number the categories from 0, or give floats."
            )
    return np.ascontiguousarray(array, dtype=np.int32)


def float32(array: np.ndarray, field: str) -> np.ndarray:
    """Numbers as float32; not copied if they are float32 already.

    Floats are rounded. A float that is too large becomes Inf, which a later check reports.

    Raises:
      DatasetError: names the first integer that float32 does not hold exactly.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        result = array.astype(np.float32, copy=False)
        if not is_integer(array) or array.dtype.itemsize <= 2:
            return result
        # The way back finds rounded integers. Beyond 2**53 the comparison itself would round.
        wrong = result.astype(array.dtype) != array
    wrong |= (array > _EXACT) | (array < -_EXACT)
    if wrong.any():
        place = [int(part[0]) for part in np.nonzero(wrong)]
        raise DatasetError(
            f"dataset: {field}{place} is {array[tuple(place)]}, an integer that float32 cannot "
            "hold exactly. If rounding does no harm, give floats, with .astype(np.float32); "
            "else subtract an offset first."
        )
    return result


def count(value: Any, field: str, *, low: int = 1, high: int = INT32_MAX) -> int:
    """One whole number in [low, high]; floats and bools are refused.

    Raises:
      DatasetError: the value is not such a number.
    """
    number = value.item() if isinstance(value, np.integer) else value
    if type(number) is not int or not low <= number <= high:
        raise DatasetError(f"{field} is {value!r}. It must be an integer from {low} to {high}.")
    return number


def fraction(value: Any, field: str) -> float:
    """One number in [0, 1]."""
    result = number(value, field)
    if not 0 <= result <= 1:
        raise DatasetError(f"{field} is {value!r}. It must be from 0 to 1.")
    return result


def number(value: Any, field: str, *, positive: bool = False, float64: bool = False) -> float:
    """One finite number, above 0 if `positive`. It must stay so as float32, unless `float64`.

    Raises:
      DatasetError: the value is not such a number.
    """
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    limit, least = (np.inf, 0.0) if float64 else (float(np.finfo(np.float32).max), 2.0**-149)
    if not real or not math.isfinite(value) or not abs(value) <= limit:
        raise DatasetError(f"{field} is {value!r}. It must be a finite number.")
    if positive and not (value > 0 and value >= least):
        raise DatasetError(f"{field} is {value!r}. It must be positive, also as float32.")
    return float(value)


def texts(values: Any, field: str) -> tuple[str, ...]:
    """Names as a tuple: texts that UTF-8 can encode, not empty, all different, without NUL.

    Raises:
      DatasetError: names the first text that breaks a rule.
    """
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if not isinstance(values, list | tuple):
        raise DatasetError(f"{field} is {values!r:.100}. It must be a tuple of texts.")
    seen = set()
    for position, value in enumerate(values):
        if not isinstance(value, str) or not value or value in seen or not is_text(value):
            raise DatasetError(
                f"{field}[{position}] is {value!r:.100}. Names are texts, none empty and none "
                "twice."
            )
        seen.add(value)
    return tuple(str(value) for value in values)


def is_text(value: str) -> bool:
    """Whether files can hold a text: no NUL, which ends texts in numpy, and no lone surrogate."""
    if "\0" in value:
        return False
    return value.isascii() or not any("\ud800" <= each <= "\udfff" for each in value)


def record(
    data: Any, field: str, *, required: Collection[str], optional: Collection[str] = ()
) -> dict[str, Any]:
    """JSON data as a dict with these fields.

    Raises:
      DatasetError: `data` is not a dict, a required field is missing, or a field is unknown.
    """
    if not isinstance(data, Mapping):
        raise DatasetError(f"{field} is {data!r:.100}. It must be a dict of {sorted(required)}.")
    missing = sorted(set(required) - set(data))
    if missing:
        raise DatasetError(f"{field} lacks {missing}. Write it with the to_json of this class.")
    unknown = sorted(map(str, set(data) - set(required) - set(optional)))
    if unknown:
        raise DatasetError(
            f"{field} has the unknown fields {unknown}. A later version of gtx may have written "
            "it; read it with that one."
        )
    return dict(data)
