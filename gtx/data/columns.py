"""Converts the arguments of callers to the dtypes and shapes of a Dataset's columns."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gtx.data import exact
from gtx.data.exact import DatasetError
from gtx.data.spec import Categorical, Column, Continuous, GraphSpec, Label
from gtx.typing import Level

SPLITS = ("train", "valid", "test")


def offsets(sizes: Any) -> np.ndarray:
    """The start of each of consecutive blocks of these sizes, and the end: int64 [blocks + 1]."""
    # int64, because sums of 32-bit sizes could wrap around.
    return np.concatenate([[0], np.cumsum(np.asarray(sizes, np.int64))]).astype(np.int64)


def block_rows(ptr: np.ndarray, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the selected blocks, and the offsets of the selection."""
    sizes = ptr[indices + 1] - ptr[indices]
    new = offsets(sizes)
    # A running count, shifted in each block to the start of the old block: no Python loop.
    return np.repeat(ptr[indices] - new[:-1], sizes) + np.arange(new[-1]), new


def as_slice(indices: np.ndarray) -> Any:
    """Numbers that follow each other as a slice, which copies nothing; others as they are."""
    if not len(indices) or np.any(np.diff(indices) != 1):
        return indices
    return slice(int(indices[0]), int(indices[-1]) + 1)


def shared_rows(ptr: np.ndarray, indices: np.ndarray) -> tuple[Any, np.ndarray]:
    """`block_rows`, with a slice as rows if the blocks follow each other."""
    blocks = as_slice(indices)
    if not isinstance(blocks, slice):
        return block_rows(ptr, indices)
    new = ptr[blocks.start : blocks.stop + 1]
    return slice(int(new[0]), int(new[-1])), new - new[0]


def infer_column(array: np.ndarray) -> Column:
    """Categorical with the largest value + 1 for integers, Continuous for floats."""
    if array.dtype.kind in "iu":
        largest = array.max(axis=0) if len(array) else np.zeros(array.shape[1], np.int64)
        return Categorical(tuple(int(value) + 1 for value in np.maximum(largest, 0)))
    return Continuous(array.shape[1])


def named_columns(features: Any, field: str) -> dict[str, np.ndarray]:
    if features is None:
        return {}
    if not isinstance(features, Mapping):
        features = dict(feat=features)
    for name, value in features.items():
        if isinstance(value, Mapping | list | tuple):
            raise DatasetError(
                f"dataset: {field}[{name!r}] is a {type(value).__name__}. "
                f"Make {field} a flat dict of arrays."
            )
    return {name: exact.plain(value, f"{field}[{name!r}]") for name, value in features.items()}


def as_offsets(values: Any, field: str) -> np.ndarray:
    """Offsets of graphs as int64; `check` tests whether they rise and end at the right number."""
    high = int(np.iinfo(np.int64).max)
    ptr = exact.integers(values, field, low=0, high=high, whole_floats=True)
    if len(ptr) == 0:
        raise DatasetError(
            f"dataset: {field} is empty. Give where each graph starts, and the end: [0] for none."
        )
    return ptr


def as_ids(values: Any, field: str, ptr: np.ndarray, graph: Any) -> np.ndarray:
    """Ids of nodes as int32.

    Args:
      values: integers, [edges].
      field: their name in messages.
      ptr: offsets of the edges of each graph.
      graph: a function from the place of a graph to its name in messages.
    """

    def place(row: int) -> str:
        number = int(np.searchsorted(ptr, row, side="right")) - 1
        known = 0 <= number < len(ptr) - 1
        return f"{graph(number)}: {field}[{row - ptr[number]}]" if known else f"{field}[{row}]"

    rule = "Ids are local to the graph, from 0 to n_node - 1, and fit 32 bits."
    high = exact.INT32_MAX  # `check` knows the narrower limits
    return exact.integers(
        values, field, low=-high, high=high, place=place, rule=rule, dtype=np.int32
    )


def as_numbers(values: Any, num_graphs: int) -> np.ndarray:
    """The numbers of the graphs, int32; 0, 1, ... if None."""
    if values is None:
        return np.arange(num_graphs, dtype=np.int32)
    high = exact.INT32_MAX
    return exact.integers(values, "ids", low=0, high=high, whole_floats=True, dtype=np.int32)


def as_names(values: Any) -> np.ndarray | None:
    """One text per graph."""
    if values is None:
        return None
    if not isinstance(values, np.ndarray) or values.dtype.kind != "U":
        try:
            values = list(values)
        except TypeError:
            values = [values]
    for row, value in enumerate(values):
        if not isinstance(value, str) or not exact.is_text(value):
            raise DatasetError(
                f"dataset: names[{row}] is {value!r:.100}. Give a text for each graph, without "
                "NUL, empty where there is none."
            )
    return np.asarray(values, dtype=np.str_)


def as_column(values: Any, field: str) -> np.ndarray:
    """A feature as int32 or float32 with two axes."""
    array = exact.plain(values, field)
    floats = exact.is_float(array)
    if not (floats or exact.is_integer(array) or array.dtype.kind == "b") or array.ndim not in (
        1,
        2,
    ):
        raise DatasetError(
            f"dataset: {field} is {array.dtype} of shape {array.shape}. Columns are integers or "
            "real floats with one or two axes; map names to integers, flatten further axes."
        )
    array = array[:, None] if array.ndim == 1 else array
    if array.shape[1] == 0:
        raise DatasetError(
            f"dataset: {field} has shape {array.shape}, no numbers. Leave the column out."
        )
    if floats:
        return np.ascontiguousarray(exact.float32(array, field))
    return exact.int32_matrix(array, field)


def as_columns(level: str, arrays: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Columns of a level by name, as `as_column` makes them."""
    if not isinstance(arrays, Mapping):
        raise DatasetError(
            f"dataset: {level} is a {type(arrays).__name__}. Give a dict of name to array."
        )
    return {name: as_column(array, f"{level}[{name!r}]") for name, array in arrays.items()}


def as_places(indices: Any, num_graphs: int) -> np.ndarray:
    """Places of graphs as int64, from integers (negative ones from the end) or a bool per graph."""
    indices = exact.plain(indices, "indices")
    if indices.dtype == bool:
        if indices.shape != (num_graphs,):
            raise DatasetError(
                f"dataset: a mask of shape {indices.shape} cannot select from {num_graphs} "
                "graphs. Give one bool per graph."
            )
        indices = np.nonzero(indices)[0]
    indices = indices.astype(np.int64) if indices.size == 0 else indices
    if indices.ndim != 1 or indices.dtype.kind not in "iu":
        raise DatasetError(
            f"dataset: cannot select by {indices.dtype} of shape {indices.shape}. "
            "Give integers [graphs] or one bool per graph."
        )
    if indices.size and not (-num_graphs <= indices.min() and indices.max() < num_graphs):
        raise IndexError(
            f"graphs {indices.min()} to {indices.max()} asked of a dataset of {num_graphs}."
        )
    return indices.astype(np.int64) % max(num_graphs, 1)


def as_split(split: Any, what: str, numbers: np.ndarray) -> np.ndarray:
    """Places in SPLITS, or -1, as int8; from names or places.

    Args:
      split: one entry for each graph or target.
      what: "graph" or "target", for messages.
      numbers: the numbers of the graphs or targets in messages.
    """
    if isinstance(split, np.ma.MaskedArray):
        split = exact.plain(split, "split")
    array = np.asarray(split)
    if array.dtype.kind in "UOT":
        known = {name: code for code, name in enumerate(SPLITS)} | {"": -1, "none": -1}
        unknown = sorted({str(name) for name in array.reshape(-1).tolist()} - set(known))
        if unknown:
            raise DatasetError(
                f"dataset: split names {unknown[:5]} are unknown. Use one of {SPLITS} per {what}."
            )
        array = np.array([known[str(name)] for name in array.reshape(-1).tolist()], np.int8)

    def place(row: int) -> str:
        known = len(array) == len(numbers)
        return f"{what} {numbers[row]}: split" if known else f"split[{row}]"

    rule = "It is 0 for train, 1 for valid, 2 for test, -1 for none."
    return exact.integers(array, "split", low=-1, high=2, place=place, rule=rule, dtype=np.int8)


def as_weights(weights: Any) -> np.ndarray | None:
    """Weights of targets as float32 [targets]; None if there are none."""
    if weights is None:
        return None
    array = exact.plain(weights, "weights of targets")
    if array.ndim != 1 or not (exact.is_float(array) or exact.is_integer(array)):
        raise DatasetError(
            f"dataset: weights of targets are {array.dtype} of shape {array.shape}. Give one "
            "number for each target."
        )
    return np.ascontiguousarray(exact.float32(array, "weights of targets"))


def infer_spec(columns: Mapping[str, Mapping[str, np.ndarray]], label: Label | None) -> GraphSpec:
    """The spec of columns by level, inferred from their dtypes, with this label."""
    levels: dict[str, Any] = {
        level: {name: infer_column(array) for name, array in arrays.items()}
        for level, arrays in columns.items()
    }
    return GraphSpec(**levels, label=label)


def infer_label(labels: Any, level: Level) -> Label:
    """The Label of targets of this level, inferred from the dtype and shape of the labels."""
    array, mask = _label_array(labels)
    dim = 1 if array.ndim == 1 else array.shape[1]
    if array.dtype.kind == "b":
        return Label(level, "binary" if dim == 1 else "multilabel", dim)
    if exact.is_integer(array) and array.ndim == 1:
        return Label(level, "multiclass", int(_classes(array, mask).max(initial=0)) + 1)
    if exact.is_integer(array):
        return Label(level, "binary" if dim == 1 else "multilabel", dim)
    return Label(level, "regression", dim)


def infer_level(labels: Any, num_graphs: int, num_nodes: int) -> Level:
    """The level "node" if labels have one row per node and not one per graph, else "graph"."""
    count = len(_label_array(labels)[0])
    return "node" if count != num_graphs and count == num_nodes else "graph"


def _label_array(labels: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Labels with one or two axes, and their mask of missing labels; None if none is masked."""
    try:
        array, mask = exact.masked_array(labels, "labels")
    except DatasetError as error:
        raise DatasetError(
            f"{error} Labels are one row per target; where rows have several lengths, join labels "
            "of nodes with np.concatenate."
        ) from error
    real = exact.is_integer(array) or exact.is_float(array) or array.dtype.kind == "b"
    if not real or array.ndim not in (1, 2) or array.shape[1:] == (0,):
        raise DatasetError(
            f"dataset: labels are {array.dtype} of shape {array.shape}. Give numbers [graphs] or "
            "[graphs, dim], NaN where one is missing."
        )
    if array.dtype.kind not in "biuf":  # int4, bfloat16 and the like, which numpy cannot compare
        array = array.astype(np.int64 if exact.is_integer(array) else np.float32)
    return array, mask


def join_labels(parts: Any) -> np.ma.MaskedArray:
    """The labels of the nodes of several graphs, one after the other."""
    arrays = []
    for number, part in enumerate(parts):
        array, mask = exact.masked_array(part, f"labels[{number}]")
        arrays.append(np.ma.MaskedArray(array, np.ma.nomask if mask is None else mask))
        if array.ndim == 0 or array.shape[1:] != arrays[0].shape[1:]:
            raise DatasetError(
                f"dataset: labels[{number}] has shape {array.shape}, labels[0] has shape "
                f"{arrays[0].shape}. Give for each graph an array with one row per node."
            )
    return np.ma.concatenate(arrays)


def as_labels(labels: Any, label: Label | None) -> np.ndarray | None:
    """Labels in the dtype and shape of their kind; masked labels become missing ones."""
    if labels is None:
        return None
    if label is None:
        raise DatasetError(
            "dataset: targets.labels and spec.label must both be given or both be None. "
            "Set them together with with_targets."
        )
    array, mask = _label_array(labels)
    if label.kind == "multiclass":
        if array.ndim == 2 and array.shape[1] == 1:
            array, mask = array[:, 0], None if mask is None else mask[:, 0]
        return _classes(array, mask)
    array = exact.float32(array, "labels")
    if mask is not None:
        array = np.where(mask, np.float32(np.nan), array)
    return array[:, None] if array.ndim == 1 else array


def of_part(labels: np.ndarray, part: Label) -> np.ndarray:
    """The labels of a part of a mixed label in the form of its kind.

    Args:
      labels: the columns of the part, float32 [rows, columns].
      part: the part.

    Raises:
      DatasetError: the number of a class is not whole.
    """
    if part.kind != "multiclass":
        return labels
    column = labels[:, 0]
    missing = np.isnan(column)
    if np.any(~missing & (column != np.round(column))):
        row = int(np.argmax(~missing & (column != np.round(column))))
        raise DatasetError(
            f"dataset: labels[{row}] of {part.name!r} is {column[row]}. Give the number of a class "
            "from 0, or NaN if it is missing."
        )
    return np.where(missing, -1, np.nan_to_num(column)).astype(np.int32)


def _classes(array: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """Class numbers as int32, -1 where one is missing."""
    missing = np.zeros(array.shape, bool) if mask is None else mask
    if array.dtype.kind == "f":
        missing = missing | np.isnan(array)
    array = np.where(missing, np.array(-1, array.dtype) if array.dtype.kind in "if" else 0, array)
    wrong = ~missing & ((array < np.iinfo(np.int32).min) | (array > exact.INT32_MAX))
    if array.dtype.kind == "f":
        wrong |= array != np.round(array)
    if wrong.any():
        place = [int(part[0]) for part in np.nonzero(wrong)]
        raise DatasetError(
            f"dataset: labels{place} is {array[tuple(place)]}: multiclass labels are not whole "
            "numbers, or beyond 32 bits. Give class numbers from 0, -1 or NaN for missing."
        )
    array = array.astype(np.int32)
    array[missing] = -1
    return array
