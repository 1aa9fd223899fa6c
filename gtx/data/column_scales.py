"""Columns of numbers on one scale, that of the training graphs.

The description of a column says by which mean and standard deviation its values were scaled, so
that further graphs are scaled in the same way, and once.
"""

import dataclasses
from typing import Any

import numpy as np

from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.spec import Continuous, GraphSpec

_LEVELS = ("nodes", "edges", "graphs")


def standardize_columns(dataset: Dataset) -> Dataset:
    """Every continuous column with mean 0 and standard deviation 1 over the training graphs.

    Those are the graphs with a target in train; of one large graph all nodes and edges count. No
    label is read. A constant column is only moved to 0. Columns that are scaled already stay.

    Raises:
      DatasetError: there is no train part.
    """
    train = dataset.part("train")
    if not len(train):
        raise DatasetError("dataset: there is no train part to standardise by. Set a split first.")
    levels: dict[str, dict[str, Continuous]] = {}
    for level in _LEVELS:
        levels[level] = dict(getattr(dataset.spec, level))
        for name, column in levels[level].items():
            if not isinstance(column, Continuous) or column.mean:
                continue
            values = getattr(train, level)[name].astype(np.float64)
            if not len(values):
                continue
            mean, std = values.mean(axis=0), values.std(axis=0)
            # Rounding may leave a constant column a tiny std, and division would magnify noise.
            std = np.where(std > 1e-6 * np.maximum(1e-30, np.abs(mean)), std, 1.0)
            levels[level][name] = dataclasses.replace(
                column, mean=tuple(mean.tolist()), std=tuple(std.tolist())
            )
    return scaled_like(dataset, dataset.spec.replace(**levels))


def scaled_like(dataset: Dataset, spec: GraphSpec) -> Dataset:
    """The dataset with the columns scaled that are scaled in a spec, and not yet here.

    Raises:
      DatasetError: a column is scaled in another way already.
    """
    changes: dict[str, Any] = {}
    columns: dict[str, Any] = {}
    for level in _LEVELS:
        arrays = dict(getattr(dataset, level))
        own = dict(getattr(dataset.spec, level))
        for name, column in getattr(spec, level).items():
            there = own.get(name)
            if not isinstance(column, Continuous) or not isinstance(there, Continuous):
                continue
            if not column.mean or (there.mean, there.std) == (column.mean, column.std):
                continue
            if there.mean:
                raise DatasetError(
                    f"dataset: {level}[{name!r}] was standardised by other means than those of the "
                    "training data. Give the values as they were before."
                )
            wide = arrays[name].astype(np.float64)
            with np.errstate(over="ignore"):  # Inf is reported by the check of the dataset
                arrays[name] = ((wide - column.mean) / column.std).astype(np.float32)
            own[name] = dataclasses.replace(there, mean=column.mean, std=column.std)
        changes[level], columns[level] = arrays, own
    return dataclasses.replace(dataset, spec=dataset.spec.replace(**columns), **changes)


def without_scales(spec: GraphSpec) -> GraphSpec:
    """The spec of the same columns before they are scaled."""
    levels: dict[str, Any] = {
        level: {
            name: dataclasses.replace(column, mean=(), std=())
            if isinstance(column, Continuous)
            else column
            for name, column in getattr(spec, level).items()
        }
        for level in _LEVELS
    }
    return spec.replace(**levels)
