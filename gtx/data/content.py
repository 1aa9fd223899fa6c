"""Hashes of the content of a dataset, to find what changed between two readings of it."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from gtx.data.columns import SPLITS
from gtx.data.dataset import Dataset
from gtx.data.sharded import pieces
from gtx.typing import LEVELS

# Hashes by part (train, valid, test) and by array. `num_graphs` is a number and not a hash.
Content = dict[str, dict[str, Any]]

_STRUCTURE = ("node_ptr", "edge_ptr", "senders", "receivers")
_VERBS = {
    "structure": "differs", "labels": "differ", "targets": "differ", "ids": "differ",
    "weights": "differ",
}  # fmt: skip


def content(dataset: Dataset) -> dict[str, Any]:
    """Number of graphs, and sha256 of structure, labels, ids and each column, as JSON data.

    The rows of the targets have a hash too, if they are not all graphs, nodes or edges in order,
    and so have their weights, if there are any.
    Names have none, because nothing is computed from them.
    """
    table = dataset.targets
    digest = hashlib.sha256()
    for name in _STRUCTURE[:2]:
        add_array(digest, getattr(dataset, name))
    for name in _STRUCTURE[2:]:
        _add_pieces(digest, [getattr(piece, name) for piece in pieces(dataset)])
    found: dict[str, Any] = {
        "num_graphs": len(dataset),
        "structure": digest.hexdigest(),
        "labels": None if table.labels is None else _sha256(table.labels),
        "ids": _sha256(dataset.ids),
    }
    if not dataset.targets_are_all:
        found["targets"] = _sha256(table.index)
    if table.weights is not None:
        found["weights"] = _sha256(table.weights)
    for level in LEVELS.values():
        for name in sorted(getattr(dataset.spec, level)):
            digest = hashlib.sha256()
            _add_pieces(digest, [getattr(piece, level)[name] for piece in pieces(dataset)])
            found[f"{level}.{name}"] = digest.hexdigest()
    for name, edges in sorted(dataset.edge_sets.items()):
        columns = [edges.columns[key] for key in sorted(edges.columns)]
        arrays = (edges.ptr, edges.senders, edges.receivers, *columns)
        found[f"edge_sets.{name}"] = _sha256(*arrays)
    return found


def content_of_parts(dataset: Dataset, without: Collection[str] = ()) -> Content:
    """`content` of each part that has graphs, without its ids.

    The ids number the whole dataset. Those of one part would therefore change with another part.

    Args:
      dataset: a dataset with a split.
      without: columns to leave out, such as `nodes.rwse`.
    """
    parts = {name: dataset.part(name) for name in SPLITS}
    left_out = {"ids", *without}
    return {
        name: {what: value for what, value in content(part).items() if what not in left_out}
        for name, part in parts.items()
        if len(part)
    }


def changes(old: Content, new: Content, without: Collection[str] = ()) -> dict[str, list[str]]:
    """The changes of each part that changed, in words: `labels differ`, `no graphs`, ...

    Args:
      old: content of an earlier reading.
      new: content of this reading.
      without: columns to leave out, such as `nodes.rwse`.
    """
    found = {}
    for part in dict.fromkeys([*old, *new]):
        said = _changes_of_part(old.get(part), new.get(part), without)
        if said:
            found[part] = said
    return found


def _changes_of_part(
    old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, without: Collection[str]
) -> list[str]:
    if old is None or new is None:
        return [] if old is new else ["no graphs" if new is None else "had no graphs"]
    if old["num_graphs"] != new["num_graphs"]:
        # With another number of graphs every array differs. A list of all of them would not help.
        return [f"{new['num_graphs']} graphs instead of {old['num_graphs']}"]
    said = []
    for what in dict.fromkeys([*old, *new]):
        if what not in without and old.get(what) != new.get(what):
            level, _, name = what.partition(".")
            column = f"column {name} of the {level}"
            if level == "edge_sets":
                column = f"edge set {name}"
            if name and not (what in old and what in new):
                said.append(f"{column} is {'new' if what in new else 'gone'}")
            else:
                said.append(f"{column} differs" if name else f"{what} {_VERBS[what]}")
    return said


def _sha256(*arrays: np.ndarray) -> str:
    # dtype and shape are hashed too: arrays with the same bytes may differ in them.
    digest = hashlib.sha256()
    for array in arrays:
        add_array(digest, array)
    return digest.hexdigest()


def _add_pieces(digest: Any, arrays: Sequence[np.ndarray]) -> None:
    """Add what `add_array` adds of these arrays one after the other, one of them at a time."""
    if len(arrays) == 1:
        add_array(digest, arrays[0])
        return
    shape = (sum(map(len, arrays)), *arrays[0].shape[1:])
    digest.update(f"{arrays[0].dtype.str}{shape}".encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8))


def add_array(digest: Any, array: np.ndarray) -> None:
    """Add an array to a hash of `hashlib`: its dtype, its shape and its bytes, without a copy."""
    array = np.ascontiguousarray(array)
    digest.update(f"{array.dtype.str}{array.shape}".encode())
    # As bytes, because a buffer cannot have every dtype: bfloat16 is none of Python's.
    digest.update(array.reshape(-1).view(np.uint8))
