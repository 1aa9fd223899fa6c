"""Columns without spread in train that a BatchNorm divides by that spread: a note before training.

In training such a number is always the mean of its batch, and nothing is wrong to be seen. Where it
differs from that mean in evaluation, the difference is divided by the root of epsilon alone, and so
becomes some 300 times as large.
"""

from collections.abc import Callable, Collection, Sequence

import jax
import numpy as np

from gtx.data import Dataset, packed_folder
from gtx.training.patterns import leaf_name
from gtx.typing import PyTree

# Relative to the largest value: rounding, not spread.
_ROUNDING = 1e-6


def notes_on_spread(
    train: Dataset,
    others: Sequence[Dataset],
    batch_stats: Callable[[], PyTree],
    *,
    dense: bool,
    ignored: Collection[str] = (),
) -> list[str]:
    """One sentence for each column that a BatchNorm of the model divides by no spread.

    A column counts if one of its numbers is the same in all rows of train and another in valid or
    test, and its own encoder has a BatchNorm. The nodes as a whole count if all of their columns
    are the same at all nodes of train, and the model attends to all pairs and has a BatchNorm: the
    sums that attention makes of equal nodes are equal.

    Args:
      train: the training part, with structures and encodings.
      others: the parts that are scored.
      batch_stats: gives the running statistics of the model, of which names are read. It is called
        if there is a column to look for.
      dense: whether the model attends to all pairs.
      ignored: columns of nodes that the batches of training change.
    """
    if not len(train) or packed_folder.is_mapped(train):  # whose columns are larger than memory
        return []
    suspects: dict[str, tuple[str, int, int]] = {}
    for level, field in (("node", "nodes"), ("edge", "edges"), ("graph", "graphs")):
        for name, values in getattr(train, field).items():
            if values.dtype.kind != "f" or not len(values) or (field, name) in _nodes(ignored):
                continue
            constant = _constant(values)
            moved = np.zeros_like(constant)
            for part in others:
                there = getattr(part, field)[name]
                if len(there):
                    ends = np.stack([there.min(axis=0), there.max(axis=0)])
                    far = np.abs(ends - values[0]).max(axis=0)
                    moved |= far > _ROUNDING * np.abs(ends).max(axis=0)
            count = int(np.sum(constant & moved))
            if count:
                suspects[f"{level}_{name}"] = f"{field}.{name}", count, len(constant)
    equal = dense and bool(train.nodes) and not ignored
    equal = equal and all(bool(_constant(values).all()) for values in train.nodes.values())
    if not suspects and not equal:
        return []
    names = [
        leaf_name(path).split("/") for path, _ in jax.tree_util.tree_leaves_with_path(batch_stats())
    ]
    found = [
        f"{count} of {width} numbers of {column} are the same in all of train and others in valid "
        f"or test, and a BatchNorm of the model divides them by that spread, so that scores there "
        f"may be far off. Leave them out, or give the encoder another norm."
        for encoder, (column, count, width) in suspects.items()
        if any(encoder in parts for parts in names)
    ]
    if equal and any("embed" not in parts[0] for parts in names):
        found.append(
            "all nodes of train start equal, as no column of nodes has spread, and the model "
            "normalises by BatchNorm, which divides by that spread, so that scores in valid and "
            'test may be far off. Give the model norm="layer", or an encoding of nodes.'
        )
    return found


def _nodes(ignored: Collection[str]) -> set[tuple[str, str]]:
    return {("nodes", name) for name in ignored}


def _constant(values: np.ndarray) -> np.ndarray:
    """Which columns have the same value in all rows, up to rounding: bool [columns]."""
    low, high = values.min(axis=0), values.max(axis=0)
    scale = np.maximum(np.abs(low), np.abs(high)).astype(np.float64)
    return (high.astype(np.float64) - low) <= _ROUNDING * scale
