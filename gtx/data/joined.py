"""Datasets one after the other, as one."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from gtx.data.columns import offsets
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.targets import TargetTable
from gtx.typing import LEVELS


def check_alike(datasets: Sequence[Dataset], names: Sequence[str]) -> None:
    """Raise a DatasetError unless all have one spec, level of targets, and the same arrays.

    Args:
      datasets: those that belong together.
      names: of each, for the message.
    """
    for dataset, name in zip(datasets, names, strict=True):
        if _form(dataset) != _form(datasets[0]):
            raise DatasetError(
                f"{name}: has another spec, level of targets or other arrays than {names[0]}. "
                "Build all with one spec (Dataset.from_columns(..., spec=spec))."
            )


def _form(dataset: Dataset) -> tuple[Any, ...]:
    table = dataset.targets
    there = (table.labels is not None, table.weights is not None, dataset.names is not None)
    return dataset.spec, table.level, there


def joined(datasets: Sequence[Dataset]) -> Dataset:
    """The graphs and targets of some Datasets, in their order, in arrays of its own.

    The graphs are numbered anew, because the `ids` of two Datasets may be the same.

    Raises:
      DatasetError: there is none, they have edge sets, or they differ in spec, level of targets, or
        in whether there are labels, weights and names.
    """
    if not datasets:
        raise DatasetError("dataset: there is nothing to join. Give at least one Dataset.")
    first = datasets[0]
    check_alike(datasets, [f"Dataset {place}" for place in range(len(datasets))])
    if first.edge_sets:
        raise DatasetError(
            f"dataset: Datasets with the edge sets {sorted(first.edge_sets)} cannot be joined. "
            "Join them first, and add structures to the whole."
        )

    def rows(name: str) -> Any:
        return np.concatenate([getattr(each, name) for each in datasets])

    columns: dict[str, Any] = {
        field: {
            name: np.concatenate([getattr(each, field)[name] for each in datasets])
            for name in getattr(first, field)
        }
        for field in LEVELS.values()
    }
    return dataclasses.replace(
        first,
        **columns,
        node_ptr=offsets(rows("num_nodes")),
        edge_ptr=offsets(rows("num_edges")),
        senders=rows("senders"),
        receivers=rows("receivers"),
        targets=joined_targets(datasets),
        ids=np.arange(sum(map(len, datasets)), dtype=np.int32),
        names=None if first.names is None else rows("names"),
    )


def joined_targets(datasets: Sequence[Dataset]) -> TargetTable:
    """The targets of Datasets of one form, in their order, as rows of all graphs together."""
    first = datasets[0].targets
    counted = "node" if first.level == "pair" else first.level
    starts = offsets([each.num_rows(counted) for each in datasets])
    index = np.concatenate(
        [each.targets.index + start for each, start in zip(datasets, starts, strict=False)]
    )
    return first.replace(
        index=index,
        **{
            name: np.concatenate([getattr(each.targets, name) for each in datasets])
            for name in ("labels", "split", "weights")
            if getattr(first, name) is not None
        },
    )
