"""What several converters check and write in the same way."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gtx.data.columns import SPLITS
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.spec import Categorical, Column

_PARTS = {"val": "valid", "validation": "valid", "dev": "valid", "none": ""}


def split_names(values: np.ndarray, where: Callable[[int], str]) -> np.ndarray:
    """Names of parts, with "val" and the like as "valid", and "" for none.

    Raises:
      DatasetError: names the first row with another name.
    """
    if values.dtype.kind == "f" and np.isnan(values).all():
        values = np.full(len(values), "", np.str_)
    found = []
    for row, value in enumerate(values.tolist()):
        name = _PARTS.get(str(value).strip().lower(), str(value).strip().lower())
        if name not in (*SPLITS, ""):
            raise DatasetError(
                f"{where(row)}: split is {value!r:.60}. Give one of {SPLITS}, or nothing for none."
            )
        found.append(name)
    return np.array(found, np.str_)


def split_of_masks(masks: dict[str, np.ndarray | None], fold: int) -> np.ndarray | None:
    """Codes of parts from the masks of `SPLITS`, [rows] or [rows, folds]; None without masks.

    Raises:
      DatasetError: a row is in two masks, or there is no such fold.
    """
    given = {name: mask for name, mask in masks.items() if mask is not None}
    if not given:
        return None
    split = np.full(len(next(iter(given.values()))), -1, np.int8)
    for name, mask in given.items():
        if mask.dtype != bool or mask.ndim > 2 or len(mask) != len(split):
            raise DatasetError(
                f"split: the mask of {name} is {mask.dtype} of shape {mask.shape}. Give bools, one "
                "for each node."
            )
        if mask.ndim == 2 and not 0 <= fold < mask.shape[1]:
            raise DatasetError(
                f"split: there is no fold {fold} in the mask of {name}, which has {mask.shape[1]}. "
                "Count folds from 0."
            )
        rows = mask if mask.ndim == 1 else mask[:, fold]
        if np.any(split[rows] != -1):
            twice = int(np.flatnonzero(rows & (split != -1))[0])
            raise DatasetError(
                f"split: node {twice} is in {SPLITS[split[twice]]} and in {name}. Give each node "
                "one part."
            )
        split[rows] = SPLITS.index(name)
    return split


def check_plain(dataset: Dataset, library: str, *, levels: tuple[str, ...]) -> None:
    """Refuse a dataset with what another library has no place for."""
    problem = ""
    if dataset.pairs:
        problem = f"columns of pairs, {sorted(dataset.pairs)}"
    elif dataset.edge_sets:
        problem = f"edge sets, {sorted(dataset.edge_sets)}"
    elif dataset.targets.level not in levels:
        problem = f"targets of each {dataset.targets.level}"
    if problem:
        raise DatasetError(
            f"dataset: it has {problem}, for which {library} has no place. Leave them out."
        )


def scalar(values: np.ndarray, column: Column | None) -> Any:
    """The numbers of a row as one number or text, or as a list of several numbers."""
    if isinstance(column, Categorical) and len(column.names) == 1:
        return column.names[0][int(values[0])]
    numbers = values.tolist()
    return numbers[0] if len(numbers) == 1 else numbers
