"""Molecules of two CSV files, of which the second is the test part."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gtx.data import csv_source
from gtx.data.csv_table import Table, read
from gtx.data.dataset import Dataset
from gtx.data.joined import joined
from gtx.data.labels import parts_of
from gtx.data.spec import Column, Label


def load(
    path: str | Path,
    test_path: str | Path,
    *,
    target_columns: str | Sequence[str],
    kind: str,
    kinds: str | Sequence[str] = (),
    columns: str | Sequence[str] | Mapping[str, Column] = (),
    categorical: str | Sequence[str] = (),
    **settings: Any,
) -> csv_source.CsvData:
    """The molecules of the first file as the training part, those of the second as the test part.

    Both have the same columns; their order may differ. The arguments are those of
    `csv_source.load`. Classes and categories are those of both files.
    """
    if columns and not isinstance(columns, Mapping):
        columns = _columns_of_both(path, test_path, columns, categorical)
    given: dict[str, Any] = dict(
        target_columns=target_columns, kind=kind, kinds=kinds, columns=columns, **settings
    )
    parts = [csv_source.load(each, **given) for each in (path, test_path)]
    datasets = [part.dataset for part in parts]
    if datasets[0].spec.label != datasets[1].spec.label:
        tables = [read(each).without_blank_rows() for each in (path, test_path)]
        datasets = _with_all_classes(tables, datasets, target_columns, kind, kinds)
    sizes = [len(dataset) for dataset in datasets]
    whole = joined(datasets).with_split(["train"] * sizes[0] + ["test"] * sizes[1])
    name = Path(test_path).name
    of_test = (
        dataclasses.replace(each, reason=f"of {name}: {each.reason}") for each in parts[1].rejected
    )
    return csv_source.CsvData(whole, (*parts[0].rejected, *of_test))


def _with_all_classes(
    tables: Sequence[Table],
    datasets: Sequence[Dataset],
    target_columns: str | Sequence[str],
    kind: str,
    kinds: str | Sequence[str],
) -> list[Dataset]:
    """The datasets with labels that know the classes of all tables.

    Their labels are renumbered and not read again: they may be means over several rows.
    """
    names = csv_source.target_names(tables[0], target_columns)
    _, label = csv_source.labels_of(_together(tables, names), names, kind, kinds=kinds)
    return [
        dataset.with_targets(
            "graph",
            labels=_renumbered(dataset, label),
            label=label,
            weights=dataset.targets.weights,
        )
        for dataset in datasets
    ]


def _renumbered(dataset: Dataset, label: Label) -> np.ndarray:
    """The labels of a dataset with the numbers that its classes have in another label."""
    own, table = dataset.spec.label, dataset.targets
    assert own is not None and table.labels is not None
    parts = [(own, label, slice(None))]
    if label.kind == "mixed":
        both = zip(parts_of(own), label.parts, strict=True)
        parts = [(mine, theirs, columns) for (mine, columns, _), theirs in both]
    labels = table.labels.copy()
    for mine, theirs, columns in parts:
        if theirs.kind != "multiclass":
            continue
        numbers = np.array([theirs.names.index(name) for name in mine.names])
        found = labels[..., columns] if label.kind == "mixed" else labels
        there = ~np.isnan(found) if label.kind == "mixed" else found >= 0
        found[there] = numbers[found[there].astype(np.int64)]
    return labels


def _columns_of_both(
    path: str | Path,
    test_path: str | Path,
    columns: str | Sequence[str],
    categorical: str | Sequence[str],
) -> dict[str, Column]:
    """What the further columns are, from the cells of both files."""
    tables = [read(each).without_blank_rows() for each in (path, test_path)]
    names = csv_source.target_names(tables[0], columns, "column")
    return csv_source.columns_of(_together(tables, names), names, categorical)


def _together(tables: Sequence[Table], names: Sequence[str]) -> Table:
    """Some columns of all tables, one below the other."""
    columns = [[table.column(name) for name in names] for table in tables]
    return Table(
        " and ".join(table.name for table in tables),
        tuple(names),
        tuple(row for table in columns for row in zip(*table, strict=True)),
        tuple(number for table in tables for number in table.numbers),
    )
