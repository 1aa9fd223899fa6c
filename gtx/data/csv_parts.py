"""Molecules of two CSV files, of which the second is the test part."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gtx.data import csv_source
from gtx.data.csv_table import Table, read
from gtx.data.dataset import Dataset
from gtx.data.joined import joined


def load(
    path: str | Path,
    test_path: str | Path,
    *,
    target_columns: str | Sequence[str],
    kind: str,
    kinds: str | Sequence[str] = (),
    **settings: Any,
) -> csv_source.CsvData:
    """The molecules of the first file as the training part, those of the second as the test part.

    Both have the same columns; their order may differ. The arguments are those of
    `csv_source.load`. Classes are those of both files.
    """
    given = dict(target_columns=target_columns, kind=kind, kinds=kinds, **settings)
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
    """The datasets with labels that know the classes of all tables."""
    names = csv_source.target_names(tables[0], target_columns)
    columns = [[table.column(name) for name in names] for table in tables]
    rows = [row for table in columns for row in zip(*table, strict=True)]
    numbers = [number for table in tables for number in table.numbers]
    name = " and ".join(table.name for table in tables)
    both = Table(name, names, tuple(rows), tuple(numbers))
    labels, label = csv_source.labels_of(both, names, kind, kinds=kinds)
    starts = np.cumsum([0, *(len(table.rows) for table in tables[:-1])])
    return [
        dataset.with_targets(
            "graph",
            labels=labels[start + dataset.ids],
            label=label,
            weights=dataset.targets.weights,
        )
        for start, dataset in zip(starts, datasets, strict=True)
    ]
