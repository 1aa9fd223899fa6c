"""From what callers have to the dtypes and shapes of a Dataset's columns."""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from gtx.data.check import DatasetError
from gtx.data.spec import Categorical, Column, Continuous, Label

SPLITS = ("train", "valid", "test")


def offsets(sizes: Any) -> np.ndarray:
    """Where each of consecutive blocks of these sizes starts, and the end: int64 [blocks + 1]."""
    return np.concatenate([[0], np.cumsum(np.asarray(sizes, np.int64))]).astype(np.int64)


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
    return {name: np.asarray(value) for name, value in features.items()}


def as_ids(values: Any, field: str) -> np.ndarray:
    array = np.asarray(values)
    if array.size and array.dtype.kind not in "iu":
        raise DatasetError(
            f"dataset: {field} has dtype {array.dtype}. Ids must be integers; convert them with "
            ".astype(np.int32)."
        )
    return np.clip(array.reshape(-1), -1, np.iinfo(np.int32).max).astype(np.int32)


def as_column(values: Any, field: str) -> np.ndarray:
    """A feature as int32 or float32 with two axes."""
    array = np.asarray(values)
    floats = jnp.issubdtype(array.dtype, jnp.floating)  # knows bfloat16, unlike numpy
    if not (floats or array.dtype.kind in "biu") or array.ndim not in (1, 2):
        raise DatasetError(
            f"dataset: {field} is {array.dtype} of shape {array.shape}. Columns are integers or "
            "real floats with one or two axes; map names to integers, flatten further axes."
        )
    array = array[:, None] if array.ndim == 1 else array
    if floats:
        with np.errstate(over="ignore"):  # becomes Inf, which check() reports with its place
            return np.ascontiguousarray(array, dtype=np.float32)
    limits = np.iinfo(np.int32)
    if array.size and (array.max() > limits.max or array.min() < limits.min):
        raise DatasetError(
            f"dataset: {field} holds integers beyond 32 bits. Number the categories from 0."
        )
    return np.ascontiguousarray(array, dtype=np.int32)


def as_split(split: Any, num_graphs: int) -> np.ndarray:
    if split is None:
        return np.full(num_graphs, -1, np.int8)
    array = np.asarray(split)
    if array.dtype.kind in "UO":
        codes = {name: code for code, name in enumerate(SPLITS)} | {"": -1, "none": -1}
        unknown = sorted(set(map(str, array.tolist())) - set(codes))
        if unknown:
            raise DatasetError(
                f"dataset: split names {unknown} are unknown. Use one of {SPLITS} per graph."
            )
        array = np.array([codes[str(name)] for name in array.tolist()], np.int8)
    elif array.dtype.kind not in "iu":
        raise DatasetError(
            f"dataset: split has dtype {array.dtype}. Give a name of {SPLITS} or its index each."
        )
    return np.clip(array, -128, 127).astype(np.int8)


def infer_label(labels: Any, num_graphs: int, node_ptr: np.ndarray) -> Label:
    array = _label_array(labels)
    at_nodes = len(array) != num_graphs and len(array) == node_ptr[-1]
    level: Any = "node" if at_nodes else "graph"
    dim = 1 if array.ndim == 1 else array.shape[1]
    if array.dtype.kind == "b":
        return Label(level, "binary" if dim == 1 else "multilabel", dim)
    if array.dtype.kind in "iu" and array.ndim == 1:
        return Label(level, "multiclass", int(array.max(initial=0)) + 1)
    if array.dtype.kind in "iu":
        return Label(level, "binary" if dim == 1 else "multilabel", dim)
    return Label(level, "regression", dim)


def _label_array(labels: Any) -> np.ndarray:
    try:
        array = np.asarray(labels)
    except ValueError:
        raise DatasetError(
            "dataset: labels have rows of several lengths. Give one row per graph; join labels "
            "of nodes with np.concatenate."
        ) from None
    if array.dtype.kind not in "biuf" or array.ndim not in (1, 2):
        raise DatasetError(
            f"dataset: labels are {array.dtype} of shape {array.shape}. Give numbers [graphs] or "
            "[graphs, dim], NaN where one is missing."
        )
    return array


def as_labels(labels: Any, label: Label | None) -> np.ndarray | None:
    if labels is None or label is None:
        return labels
    array = _label_array(labels)
    if label.kind == "multiclass":
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.dtype.kind == "f":
            whole = np.where(np.isnan(array), -1, array)
            if np.any(whole != np.round(whole)):
                raise DatasetError(
                    "dataset: multiclass labels are not whole numbers. Give class numbers from 0."
                )
            array = whole
        return array.astype(np.int32)
    with np.errstate(over="ignore"):  # becomes Inf, which check() reports
        array = array.astype(np.float32)
    return array[:, None] if array.ndim == 1 else array
