"""Checks of the arguments of ops.

All checks look at types, shapes and dtypes only, never at values. They therefore also work under
jit, where values are unknown, and they cost no time in a compiled function.
"""

import operator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.export import is_symbolic_dim

ARRAYS = jax.Array | np.ndarray


def describe(value: Any) -> str:
    """A short description of a wrong argument: `float32 [3, 2]`, or the name of its type."""
    if isinstance(value, ARRAYS | np.generic):
        return f"{value.dtype} {list(value.shape)}"
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


def check_array(values: Any, name: str, shape: str) -> None:
    """Raise unless `values` is an array of numbers with as many axes as `shape` has names.

    Args:
      values: the argument.
      name: the name of the argument in error messages.
      shape: of the form "[nodes, heads]"; "..." stands for any further axes.
    """
    if not isinstance(values, ARRAYS):
        raise TypeError(
            f"{name} must be an array {shape}, got {describe(values)}. "
            "Pass a jax or numpy array; jnp.asarray makes one of a list."
        )
    refuse_masked(values, name)
    # jnp.issubdtype and not np.issubdtype: numpy does not know bfloat16 as a number.
    if not (jnp.issubdtype(values.dtype, jnp.number) or values.dtype == bool):
        raise TypeError(f"{name} must hold numbers, got {describe(values)}.")
    axes = [axis.strip() for axis in shape.strip("[]").split(",")]
    open_ended = axes[-1] == "..."
    if values.ndim < len(axes) - open_ended or (values.ndim > len(axes) and not open_ended):
        raise ValueError(f"{name} must have shape {shape}, got {list(values.shape)}.")


def check_floats(values: Any, name: str, shape: str) -> None:
    """Raise unless `values` is an array of real floats with the axes of `shape`."""
    check_array(values, name, shape)
    if jnp.issubdtype(values.dtype, jnp.complexfloating):
        raise TypeError(f"{name} must hold real floats and is {values.dtype}; split it in two.")
    if not jnp.issubdtype(values.dtype, jnp.floating):
        raise TypeError(
            f"{name} must hold floats and is {values.dtype}, to which its result would be "
            f"rounded; convert it: {name}.astype(jnp.float32)."
        )


def check_length(values: Any, length: int, name: str, rows: str) -> None:
    """Raise unless the first axis of an array has this length; `rows` says what it counts."""
    if values.ndim == 0 or values.shape[0] != length:
        raise ValueError(
            f"{name} must have one row for each of the {length} {rows}, got shape "
            f"{list(values.shape)}."
        )


def as_ids(ids: Any, name: str) -> Any:
    """Ids [entries] as an array of integers with at least 32 bits; a list becomes an array.

    Types of 8 and 16 bits become int32, because adding a number of rows to such an id overflows.
    """
    if not isinstance(ids, ARRAYS | list | tuple | range):
        raise TypeError(f"{name} must be integers [entries], got {describe(ids)}.")
    refuse_masked(ids, name)
    if not isinstance(ids, jax.Array):
        # numpy and not jax.numpy: ids on the host stay there, and int64 is not cut to int32.
        try:
            ids = np.asarray(ids)
        except ValueError:
            raise ValueError(f"{name} must be integers [entries], and its rows differ.") from None
    if ids.ndim != 1:
        remedy = ""
        if ids.ndim == 2 and ids.shape[0] == 2:
            remedy = " Of an edge_index [2, edges], senders are row 0 and receivers row 1."
        raise ValueError(
            f"{name} must have one axis, one id for each entry, got shape {list(ids.shape)}."
            + remedy
        )
    if not isinstance(ids, jax.Array) and ids.size == 0:
        ids = ids.astype(np.int32)  # numpy makes an empty list float64
    if not jnp.issubdtype(ids.dtype, jnp.integer):
        raise TypeError(
            f"{name} must be integers and are {ids.dtype}; convert them: .astype(jnp.int32)."
        )
    return ids.astype(np.int32) if ids.dtype.itemsize < 4 else ids


def check_where(where: Any, length: int, name: str = "where") -> None:
    """Raise unless `where` is None or an array of bools [length]."""
    if where is None:
        return
    check_array(where, name, "[...]")
    if where.dtype != bool:
        raise TypeError(
            f"{name} must be bool, True for what is real, and is {where.dtype}; "
            f"convert it: {name} != 0."
        )
    if where.shape != (length,):
        raise ValueError(
            f"{name} must have shape [{length}], one bool for each entry, got {list(where.shape)}."
        )


def check_flag(flag: Any, name: str) -> None:
    """Raise unless `flag` is True or False."""
    if not isinstance(flag, bool | np.bool_):
        raise TypeError(f"{name} is static, True or False, got {describe(flag)}.")


def check_count(count: Any, name: str) -> None:
    """Raise unless `count` is a static whole number that is not negative.

    A symbolic size of `jax.export`, as `x.shape[0]` may be, is one.
    """
    if isinstance(count, jax.core.Tracer):
        raise TypeError(
            f"{name} is the length of an array and must be static, and is traced; pass a Python "
            "int, such as x.shape[0] (under jit by static_argnames)."
        )
    try:
        # operator.index takes numpy integers too and refuses floats; True would pass as 1.
        valid = not isinstance(count, bool | np.bool_) and operator.index(count) >= 0
    except TypeError:
        valid = is_symbolic_dim(count)
    if not valid:
        raise TypeError(
            f"{name} must be an int that is not negative, got "
            f"{count if isinstance(count, int | float | str) else describe(count)!s}."
        )


def refuse_masked(values: Any, name: str) -> None:
    """Raise if `values` is a masked array of numpy."""
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array, whose mask would be lost. Pass its data and its mask "
            "apart, or fill it: .filled(value)."
        )


def check_choice(value: Any, choices: Any, name: str) -> None:
    """Raise unless `value` is one of the strings `choices`."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"There is no {name} {value!r}; there are {', '.join(choices)}.")
