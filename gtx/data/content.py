"""What a dataset holds as hashes: what changed between two readings, and in which part."""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from gtx.data.columns import SPLITS
from gtx.data.dataset import Dataset
from gtx.typing import LEVELS

# By part, then by what it is the hash of. `num_graphs` is a number and no hash.
Content = dict[str, dict[str, Any]]

_STRUCTURE = ("node_ptr", "edge_ptr", "senders", "receivers")
_VERBS = {"structure": "differs", "labels": "differ", "targets": "differ", "ids": "differ"}


def content(dataset: Dataset) -> dict[str, Any]:
    """Number of graphs, and sha256 of structure, labels, ids and each column, as JSON data.

    Also of the rows of the targets, where these are not all graphs, nodes or edges in order.
    Names are left out: nothing is computed from them.
    """
    table = dataset.targets
    found: dict[str, Any] = {
        "num_graphs": len(dataset),
        "structure": _sha256(*(getattr(dataset, name) for name in _STRUCTURE)),
        "labels": None if table.labels is None else _sha256(table.labels),
        "ids": _sha256(dataset.ids),
    }
    if not dataset.targets_are_all:
        found["targets"] = _sha256(table.index)
    for level in LEVELS.values():
        for name, array in sorted(getattr(dataset, level).items()):
            found[f"{level}.{name}"] = _sha256(array)
    for name, edges in sorted(dataset.edge_sets.items()):
        columns = [edges.columns[key] for key in sorted(edges.columns)]
        arrays = (edges.ptr, edges.senders, edges.receivers, *columns)
        found[f"edge_sets.{name}"] = _sha256(*arrays)
    return found


def content_of_parts(dataset: Dataset, without: Collection[str] = ()) -> Content:
    """`content` of each part that has graphs, but for its ids.

    The ids number the whole dataset, so that those of one part change with another part.

    Args:
      dataset: split.
      without: columns to leave out, as `nodes.rwse`.
    """
    parts = {name: dataset.part(name) for name in SPLITS}
    left_out = {"ids", *without}
    return {
        name: {what: value for what, value in content(part).items() if what not in left_out}
        for name, part in parts.items()
        if len(part)
    }


def changes(old: Content, new: Content, without: Collection[str] = ()) -> dict[str, list[str]]:
    """What changed in each part that did, in words: `labels differ`, `no graphs`, ...

    Args:
      old: of an earlier reading.
      new: of this one.
      without: columns to leave out, as `nodes.rwse`.
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
        # With other graphs every array is another one: to list them all would say nothing.
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
    digest = hashlib.sha256()
    for array in arrays:
        array = np.ascontiguousarray(array)
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
