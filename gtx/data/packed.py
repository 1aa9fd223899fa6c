"""Many graphs in one `.npz`: offsets, an edge index and columns, without pickle.

A file holds `node_ptr` and `edge_ptr` (int64 [graphs + 1]) and `edge_index` ([2, edges], senders
above receivers, ids local to each graph). It may hold `y`, `split` with `split_names`, `ids`,
`names`, and columns named `nodes.<name>`, `edges.<name>`, `pairs.<name>`, `graphs.<name>`, which
`spec` (JSON) describes. `y` and `split` have one row per target. The targets are the graphs, unless
`target_level` names another level. `target_index` lists the rows of that level that are targets, if
not all are. `target_weights` says how much each target counts in the loss.

Files of other programs have no spec. There `node_feat` and `edge_feat` are categories, `node_attr`
and `edge_attr` floats, and `tasks` names the targets. The names may be in a second file
`<stem>_smiles.txt.gz`, one on each line.
"""

import gzip
import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gtx.data import exact, npz
from gtx.data.check import DatasetError
from gtx.data.columns import SPLITS, as_offsets, infer_label
from gtx.data.dataset import Dataset
from gtx.data.spec import Categorical, GraphSpec, Label
from gtx.typing import LEVELS

# The members that are read, with the kind of rows that they must have; others are ignored.
_ROWS = dict(
    node_ptr=None, edge_ptr=None, edge_index=None, node_feat="nodes", node_attr="nodes",
    edge_feat="edges", edge_attr="edges", ids="graphs", names="graphs", split=None,
    split_names=None, tasks=None, y=None, target_level=None, target_index=None,
    target_weights=None, spec=None,
)  # fmt: skip
# The size of arrays that is accepted without `max_bytes`: _FREE_BYTES, or _FREE_RATIO times the
# size of the file. Bags of words, which are nearly all zeros, are compressed 250 to 1, molecules
# 15 to 1, and a decompression bomb 1000 to 1.
_FREE_BYTES, _FREE_RATIO = 2**28, 100


def save(dataset: Dataset, path: str | Path) -> None:
    """Write the dataset; `load` returns an equal one. The file is written completely or not."""
    dataset.check()
    if dataset.edge_sets:
        raise DatasetError(
            f"dataset: the file has no place for the edge sets {sorted(dataset.edge_sets)}. Save "
            "the dataset without them, and add them by gtx.structures after loading."
        )
    path = Path(path)
    arrays = dict(
        node_ptr=dataset.node_ptr,
        edge_ptr=dataset.edge_ptr,
        edge_index=np.stack([dataset.senders, dataset.receivers]),
        ids=dataset.ids,
        split=dataset.targets.split,
        split_names=np.array(SPLITS),
        spec=np.array(json.dumps(dataset.spec.to_json())),
    )
    for level in LEVELS.values():
        for name, array in getattr(dataset, level).items():
            arrays[f"{level}.{name}"] = array
    if dataset.targets.labels is not None:
        arrays["y"] = dataset.targets.labels
    if dataset.targets.level != "graph":
        arrays["target_level"] = np.array(dataset.targets.level)
    if not dataset.targets_are_all:
        arrays["target_index"] = dataset.targets.index
    if dataset.targets.weights is not None:
        arrays["target_weights"] = dataset.targets.weights
    if dataset.names is not None:
        arrays["names"] = dataset.names
    npz.remove_abandoned(path.parent)
    npz.write(path, arrays, compressed=True)
    if sum(array.nbytes for array in arrays.values()) > _limit(path.stat().st_size):
        # Arrays of nearly all zeros compress so well that `load` would refuse the file as a bomb.
        npz.write(path, arrays)


def load(
    path: str | Path,
    *,
    node_sizes: Sequence[int] | None = None,
    edge_sizes: Sequence[int] | None = None,
    label: Label | None = None,
    node_name: str = "type",
    edge_name: str = "type",
    max_bytes: int | None = None,
) -> Dataset:
    """Read a packed file.

    Args:
      path: the `.npz`.
      node_sizes, edge_sizes: vocabularies of `node_feat` and `edge_feat`, one per column; the
        largest value + 1 if None.
      label: description of `y`. If None: integers [graphs] are classes, integers [graphs, dim] and
        floats that are all 0, 1 or NaN are binary or multilabel, other floats are regression.
      node_name, edge_name: names of the columns for `node_feat` and `edge_feat`. `node_attr` and
        `edge_attr` become "feat".
      max_bytes: largest size of all arrays, counted with at least 4 bytes per number. None for
        256 MiB, or 100 times the size of the file if that is more.

    The arguments from `node_sizes` to `edge_name` are for files without a spec.

    Raises:
      DatasetError: the file is not a packed dataset, or a graph in it is not valid.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            data = _read(path, npz.Archive(path, stream), max_bytes)
    except npz.NpzError as error:
        raise DatasetError(
            f"{error} It is not a packed dataset, or was cut short or altered. Write it with "
            "packed.save, or fetch it again."
        ) from error
    shared = dict(
        node_ptr=data["node_ptr"],
        edge_ptr=data["edge_ptr"],
        senders=data["edge_index"][0],
        receivers=data["edge_index"][1],
        ids=data.get("ids"),
        names=data["names"] if "names" in data else _names_beside(path, len(data["node_ptr"]) - 1),
    )
    split = _split(data, path)
    if "spec" in data:
        columns: dict[str, Any] = {level: {} for level in LEVELS.values()}
        for key, array in data.items():
            level, dot, name = key.partition(".")
            if dot and level in columns:
                columns[level][name] = array
        try:
            spec = GraphSpec.from_json(json.loads(str(data["spec"])))
        except (ValueError, RecursionError) as error:
            raise DatasetError(
                f"{path.name}: its spec cannot be read ({error}). Write it with packed.save."
            ) from error
        dataset = Dataset.from_columns(**shared, **columns, spec=spec.replace(label=None))
        return _with_targets(dataset, data, spec.label, split)

    labels = data.get("y")
    dataset = Dataset.from_columns(
        **shared,
        nodes=_present(data, {node_name: "node_feat", "feat": "node_attr"}),
        edges=_present(data, {edge_name: "edge_feat", "feat": "edge_attr"}),
    )
    for level, name, sizes in (("nodes", node_name, node_sizes), ("edges", edge_name, edge_sizes)):
        if sizes is not None:
            array = getattr(dataset, level).get(name)
            if array is None:
                raise DatasetError(
                    f"{path.name}: has no {level[:-1]}_feat, for which sizes are given. Leave "
                    f"{level[:-1]}_sizes out."
                )
            singular: Any = level[:-1]
            column = Categorical(tuple(sizes))
            dataset = dataset.with_columns(singular, {name: array}, {name: column})
    if labels is not None and label is None:
        label = _label(path, labels, tuple(map(str, data.get("tasks", ()))))
    return _with_targets(dataset, data, label, split)


def _with_targets(
    dataset: Dataset, data: Mapping[str, Any], label: Label | None, split: np.ndarray | None
) -> Dataset:
    """The targets of a file."""
    level: Any = str(data["target_level"]) if "target_level" in data else "graph"
    if label is not None and "target_level" not in data:
        level = label.level  # files of older versions have the rows of the label
    index, labels = data.get("target_index"), data.get("y")
    if "target_level" not in data and level != "graph":
        dataset = dataset.with_targets(level, index, labels, label=label)
        return dataset if split is None else dataset.with_split(split)  # one part per graph
    return dataset.with_targets(
        level, index, labels, split, label=label, weights=data.get("target_weights")
    )


def find(root: str | Path, name: str) -> Path:
    """The path of `name` under `root`, or a FileNotFoundError that says where to put it."""
    path = Path(root) / name
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no {name} in {root}. Put the packed file there (gtx.data.packed says what "
            "it holds), or name the folder that has it."
        )
    return path


def _read(path: Path, archive: npz.Archive, max_bytes: int | None) -> dict[str, np.ndarray]:
    """The arrays of a dataset. All headers are checked against each other before any is read."""
    members = {
        name: archive.member(name)
        for name in archive.names
        if name in _ROWS or name.partition(".")[0] in LEVELS.values()
    }
    missing = sorted({"node_ptr", "edge_ptr", "edge_index"} - set(members))
    if missing:
        raise DatasetError(f"{path.name}: {missing} are missing. Write it with packed.save.")
    index = members["edge_index"].shape
    if len(index) != 2 or index[0] != 2:
        raise DatasetError(
            f"{path.name}: edge_index has shape {index}. It must be [2, edges], senders above "
            "receivers."
        )
    total = sum(member.size * max(member.dtype.itemsize, 4) for member in members.values())
    limit = _limit(path.stat().st_size) if max_bytes is None else max_bytes
    if total > limit:
        raise DatasetError(
            f"{path.name}: a file of {path.stat().st_size:,} bytes promises arrays of "
            f"{total:,} bytes, beyond the limit of {limit:,}. If that is right, give max_bytes="
            f"{total}."
        )
    data = {name: archive.read(name) for name in ("node_ptr", "edge_ptr")}
    node_ptr, edge_ptr = (as_offsets(data[name], f"{name} of {path.name}") for name in data)
    nodes = node_ptr[1:] - node_ptr[:-1]
    # In floats: the square of a wrong number could wrap around and then look right.
    pairs = np.sum(nodes.astype(np.float64) ** 2) if np.all(nodes >= 0) else -1
    rows = dict(graphs=len(node_ptr) - 1, nodes=node_ptr[-1], edges=edge_ptr[-1], pairs=pairs)
    if index[1] != rows["edges"]:
        raise DatasetError(
            f"{path.name}: edge_index has {index[1]} edges, edge_ptr ends at {rows['edges']}. "
            "Write it with packed.save."
        )
    for name, member in members.items():
        level = _ROWS[name] if name in _ROWS else name.partition(".")[0]
        if level is not None and (not member.shape or member.shape[0] != rows[level]):
            raise DatasetError(
                f"{path.name}: {name} has shape {member.shape}, but there are "
                f"{int(rows[level])} {level}. Give one row for each."
            )
    return data | {name: archive.read(name) for name in members if name not in data}


def _limit(size: int) -> int:
    return max(_FREE_BYTES, _FREE_RATIO * size)


def _present(data: Mapping[str, np.ndarray], keys: Mapping[str, str]) -> dict[str, np.ndarray]:
    return {name: data[key] for name, key in keys.items() if key in data}


def _names_beside(path: Path, num_graphs: int) -> list[str] | None:
    """The lines of the file of names; None if there is no such file."""
    beside = path.with_name(f"{path.stem}_smiles.txt.gz")
    if not beside.exists():
        return None
    limit = _limit(beside.stat().st_size)
    try:
        with gzip.open(beside, "rb") as file:
            content = file.read(limit + 1)
        text = content.decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DatasetError(
            f"{beside.name}: cannot be read ({error}). It must be gzip of UTF-8 text with a name "
            f"on each line; mend it, or remove it to read {path.name} without names."
        ) from error
    lines = text.removesuffix("\n").split("\n") if text else []
    lines = [line.removesuffix("\r") for line in lines]
    longest = max(map(len, lines), default=0)
    if len(content) > limit or 4 * longest * len(lines) > max(limit, _FREE_BYTES):
        raise DatasetError(
            f"{beside.name}: {len(lines)} names of up to {longest} characters take too much "
            f"memory for a file of {beside.stat().st_size:,} bytes. Shorten them, or remove it."
        )
    if len(lines) != num_graphs:
        raise DatasetError(
            f"{beside.name}: has {len(lines)} lines for {num_graphs} graphs. Give one name each."
        )
    return lines


def _split(data: Mapping[str, np.ndarray], path: Path) -> np.ndarray | None:
    """The split as places in SPLITS, from the names that the file uses for its parts."""
    if "split" not in data:
        return None
    given = data.get("split_names", np.array(SPLITS))
    names = [str(name) for name in given.reshape(-1)]
    names = ["valid" if name in ("val", "validation") else name for name in names]
    unknown = sorted(set(names) - set(SPLITS))
    if unknown or len(set(names)) < len(names):
        raise DatasetError(
            f"{path.name}: split_names are {names[:5]}. Name the parts {SPLITS}, each once."
        )
    split = exact.integers(
        data["split"], f"split of {path.name}", low=-1, high=len(names) - 1,
        rule=f"It is a place in split_names {names}, or -1 for none.",
    )  # fmt: skip
    # The last entry maps the code -1 (no part) to itself, as -1 indexes the last entry.
    return np.array([*(SPLITS.index(name) for name in names), -1], np.int8)[split]


def _label(path: Path, labels: np.ndarray, names: tuple[str, ...]) -> Label:
    if labels.dtype.kind not in "biuf" or labels.ndim not in (1, 2):
        raise DatasetError(
            f"{path.name}: y is {labels.dtype} of shape {labels.shape}. Give numbers [graphs] or "
            "[graphs, dim], or say what it is with label=."
        )
    dim = 1 if labels.ndim == 1 else labels.shape[1]
    if labels.dtype.kind in "iu" and labels.ndim == 1:
        return infer_label(labels, "graph")
    if np.all(np.isnan(labels) | (labels == 0) | (labels == 1)):
        return Label("graph", "binary" if dim == 1 else "multilabel", dim, names)
    return Label("graph", "regression", dim, names)
