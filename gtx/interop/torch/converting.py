"""From the names and shapes of PyTorch to those of gtx, by tables, with nothing left over."""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from flax import traverse_util

from gtx.interop.torch.grit import GRIT
from gtx.interop.torch.layers import LAYERS
from gtx.interop.torch.reading import Source, read
from gtx.interop.torch.rows import Row, Table, Unread
from gtx.limits import unknown

Arrays = Mapping[str, np.ndarray]

TABLES: dict[str, Table] = {**LAYERS, "grit": GRIT}


def convert(
    source: Source, kind: str | Table, like: Mapping[str, Any], *, key: str | None = None
) -> dict[str, Any]:
    """The variables of a gtx module from the state dict of a PyTorch module.

    Args:
      source: the state dict; see `read`.
      kind: a name of `gtx.interop.torch.TABLES`, or a table.
      like: the variables of the gtx module, arrays or shapes: what `module.init` returns, or
        `jax.eval_shape` of it. It says which parameters there have to be, their shapes and dtypes.
      key: as in `read`.

    Returns:
      Collections as in `like`, numpy arrays of its dtypes.

    Raises:
      ValueError: an array is missing, is left over, or has another shape or numbers that the dtype
        does not hold. The message names the array, the parameter and the layer.
    """
    state = read(source, key=key)
    if isinstance(kind, str):
        if kind not in TABLES:
            raise ValueError(f"kind: {unknown(kind, TABLES)}")
        kind = TABLES[kind]
    wanted: dict[tuple[str, str], Any] = {
        (collection, path): leaf
        for collection, tree in like.items()
        for path, leaf in traverse_util.flatten_dict(tree, sep="/").items()
    }
    rows = list(numbered(kind, state))
    made: dict[tuple[str, str], np.ndarray] = {}
    read_from: dict[str, str] = {}
    for row in rows:
        place = (row.collection, row.to) if isinstance(row, Row) else None
        if not isinstance(row, Row) or place not in wanted or place in made:
            continue
        if all(name in state for name in row.names):
            made[place] = _fitted(row, state, wanted[place])
            read_from |= dict.fromkeys(row.names, row.to)
    _check_all_made(wanted, made, rows, state)
    for row in rows:
        if isinstance(row, Unread) and row.name in state and row.name not in read_from:
            _check_unread(row, state)
            read_from[row.name] = ""
    left = sorted(set(state) - set(read_from))
    if left:
        raise ValueError(
            f"the state dict has {left[0]!r} {state[left[0]].shape}"
            f"{f' and {len(left) - 1} more arrays' if len(left) > 1 else ''} for which the gtx "
            "module has no parameter. Build it with the same layers and options, or leave them out "
            f"of the state dict: {', '.join(left[:10])}{', ...' if len(left) > 10 else ''}."
        )
    collections: dict[str, Any] = {collection: {} for collection in like}
    for (collection, path), array in made.items():
        collections[collection][tuple(path.split("/"))] = array
    return {name: traverse_util.unflatten_dict(flat) for name, flat in collections.items()}


def numbered(table: Table, state: Arrays) -> Iterator[Row | Unread]:
    """The rows, those of layers once for each number that the state dict has."""
    for row in table:
        names = (row.name,) if isinstance(row, Unread) else row.names
        if not any("{}" in name for name in names):
            yield row
            continue
        start = next(name for name in names if "{}" in name).split("{}")[0]
        pattern = re.compile(re.escape(start) + r"(\d+)\.")
        numbers = {int(found[1]) for name in state if (found := pattern.match(name))}
        for number in sorted(numbers):
            if isinstance(row, Unread):
                yield dataclasses.replace(row, name=row.name.format(number))
            else:
                yield dataclasses.replace(
                    row,
                    to=row.to.format(number),
                    names=tuple(name.format(number) for name in names),
                )


def _fitted(row: Row, state: Arrays, wanted: Any) -> np.ndarray:
    """The array of one row, in the shape and dtype of gtx."""
    arrays = [state[name] for name in row.names]
    shapes = ", ".join(f"{name} {state[name].shape}" for name in row.names)
    try:
        array = row.make(*arrays)
    except ValueError as error:
        raise ValueError(f"{_called(row.to)} cannot be made of {shapes}: {error}") from error
    if row.cut and array.shape[1:] == wanted.shape[1:]:
        array = array[: wanted.shape[0]]
    if array.shape != wanted.shape:
        raise ValueError(
            f"{_called(row.to)} has the shape {wanted.shape}, but {shapes} of the state dict "
            f"give{'s' * (len(arrays) == 1)} {array.shape}. Build the gtx module with the same "
            "sizes."
        )
    with np.errstate(over="ignore"):
        cast = np.asarray(array, wanted.dtype)
    if not np.array_equal(np.isfinite(array), np.isfinite(cast.astype(np.float64))):
        raise ValueError(f"{_called(row.to)} is {wanted.dtype}, which cannot hold {shapes}.")
    return cast


def _check_all_made(
    wanted: Mapping[tuple[str, str], Any],
    made: Mapping[tuple[str, str], Any],
    rows: list[Row | Unread],
    state: Arrays,
) -> None:
    for place in wanted:
        if place in made:
            continue
        collection, path = place
        sources = [
            row.names for row in rows if isinstance(row, Row) and (row.collection, row.to) == place
        ]
        missing = sorted({name for names in sources for name in names if name not in state})
        reason = (
            f"the state dict has no {' or '.join(map(repr, missing))}"
            if missing
            else "the state dict has no array for it"
        )
        raise ValueError(
            f"{_called(path)} ({collection}) stays empty: {reason}. Its names are "
            f"{', '.join(sorted(state)[:10])}{', ...' if len(state) > 10 else ''}."
        )


def _check_unread(row: Unread, state: Arrays) -> None:
    array = state[row.name]
    if row.equals is not None and not np.array_equal(array, state.get(row.equals, np.nan)):
        raise ValueError(f"the state dict has {row.name!r} unequal {row.equals!r}: {row.why}.")
    if row.zero and np.any(array):
        raise ValueError(f"the state dict has {row.name!r} other than 0: {row.why}.")


def _called(path: str) -> str:
    """A parameter by its name and the layer that it is of."""
    layer, _, name = path.rpartition("/")
    return f"the parameter {name!r} of the layer {layer!r}" if layer else f"the parameter {name!r}"
