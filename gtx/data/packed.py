"""Many graphs in one `.npz`: offsets, an edge index and columns, without pickle.

A file holds `node_ptr` and `edge_ptr` (int64 [graphs + 1]), `edge_index` ([2, edges], senders
above receivers, ids local to each graph), and may hold `y`, `split` with `split_names`, `ids`,
`names` and columns named `nodes.<name>`, `edges.<name>`, `pairs.<name>`, `graphs.<name>`, which
`spec` (JSON) describes. Files of other makers have no spec: there `node_feat` and `edge_feat`
are categories, `node_attr` and `edge_attr` floats, `tasks` names the targets, and the names may
lie beside the file as `<stem>_smiles.txt.gz`, a line each.
"""

import gzip
import json
import os
import uuid
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gtx.data.check import DatasetError
from gtx.data.columns import SPLITS
from gtx.data.dataset import Dataset
from gtx.data.spec import Categorical, GraphSpec, Label

_LEVELS = ("nodes", "edges", "pairs", "graphs")


def save(dataset: Dataset, path: str | Path) -> None:
    """Write the dataset; `load` gives back an equal one. The file appears whole or not at all."""
    dataset.check()
    path = Path(path)
    arrays = dict(
        node_ptr=dataset.node_ptr,
        edge_ptr=dataset.edge_ptr,
        edge_index=np.stack([dataset.senders, dataset.receivers]),
        ids=dataset.ids,
        split=dataset.split,
        split_names=np.array(SPLITS),
        spec=np.array(json.dumps(dataset.spec.to_json())),
    )
    for level in _LEVELS:
        for name, array in getattr(dataset, level).items():
            arrays[f"{level}.{name}"] = array
    if dataset.labels is not None:
        arrays["y"] = dataset.labels
    if dataset.names is not None:
        arrays["names"] = dataset.names
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    try:
        with temporary.open("xb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def load(
    path: str | Path,
    *,
    node_sizes: Sequence[int] | None = None,
    edge_sizes: Sequence[int] | None = None,
    label: Label | None = None,
    node_name: str = "type",
    edge_name: str = "type",
) -> Dataset:
    """Read a packed file.

    Args:
      path: the `.npz`.
      node_sizes, edge_sizes: vocabularies of `node_feat` and `edge_feat`, one per column; the
        largest value + 1 if None.
      label: what `y` is. If None: integers [graphs] are classes, integers [graphs, dim] and
        floats that are all 0, 1 or NaN are binary or multilabel, other floats regression.
      node_name, edge_name: the columns that `node_feat` and `edge_feat` become. `node_attr` and
        `edge_attr` become "feat".

    The arguments other than `path` are for files without a spec.

    Raises:
      DatasetError: if the file is not a packed dataset, or a graph in it is wrong.
    """
    path = Path(path)
    data = _read(path)
    missing = sorted({"node_ptr", "edge_ptr", "edge_index"} - set(data))
    if missing:
        raise DatasetError(f"{path.name}: {missing} are missing. Write it with packed.save.")
    if data["edge_index"].ndim != 2 or data["edge_index"].shape[0] != 2:
        raise DatasetError(
            f"{path.name}: edge_index has shape {data['edge_index'].shape}. It must be "
            "[2, edges], senders above receivers."
        )
    shared = dict(
        node_ptr=data["node_ptr"],
        edge_ptr=data["edge_ptr"],
        senders=data["edge_index"][0],
        receivers=data["edge_index"][1],
        ids=data.get("ids"),
        names=data.get("names", _names_beside(path)),
        split=_split(data, path),
    )
    if "spec" in data:
        columns: dict[str, Any] = {level: {} for level in _LEVELS}
        for key, array in data.items():
            level, dot, name = key.partition(".")
            if dot and level in columns:
                columns[level][name] = array
        try:
            spec = GraphSpec.from_json(json.loads(str(data["spec"])))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DatasetError(
                f"{path.name}: its spec cannot be read ({error!r}). Write it with packed.save."
            ) from error
        return Dataset.from_columns(**shared, **columns, labels=data.get("y"), spec=spec)

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
    if labels is None:
        return dataset
    if label is None:
        label = _label(labels, tuple(map(str, data.get("tasks", ()))))
    return dataset.with_labels(labels, label)


def find(root: str | Path, name: str) -> Path:
    """The path of `name` under `root`, or a FileNotFoundError that says where to put it."""
    path = Path(root) / name
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no {name} in {root}. Put the packed file there (gtx.data.packed says what "
            "it holds), or name the folder that has it."
        )
    return path


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise DatasetError(f"{path.name}: is a single array. A packed dataset is an .npz.")
            return {key: archive[key] for key in archive.files}
    except (zipfile.BadZipFile, EOFError, ValueError) as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(
            f"{path.name}: not a packed dataset ({error}). It may be cut short or hold pickled "
            "objects, which are refused; write it with packed.save."
        ) from error


def _present(data: Mapping[str, np.ndarray], keys: Mapping[str, str]) -> dict[str, np.ndarray]:
    return {name: data[key] for name, key in keys.items() if key in data}


def _names_beside(path: Path) -> np.ndarray | None:
    beside = path.with_name(f"{path.stem}_smiles.txt.gz")
    if not beside.exists():
        return None
    with gzip.open(beside, "rt", encoding="utf-8") as file:
        return np.array(file.read().splitlines())


def _split(data: Mapping[str, np.ndarray], path: Path) -> np.ndarray | None:
    """The split in codes of SPLITS, whatever the file calls its parts."""
    if "split" not in data:
        return None
    split = data["split"]
    names = [str(name) for name in data.get("split_names", SPLITS)]
    names = ["valid" if name in ("val", "validation") else name for name in names]
    unknown = sorted(set(names) - set(SPLITS))
    if unknown or np.any(split >= len(names)):
        raise DatasetError(
            f"{path.name}: split must index split_names, of which {unknown or 'none'} is unknown. "
            f"Name the parts {SPLITS}."
        )
    codes = np.array([*(SPLITS.index(name) for name in names), -1], np.int8)
    return codes[np.maximum(split, -1)]


def _label(labels: np.ndarray, names: tuple[str, ...]) -> Label:
    dim = 1 if labels.ndim == 1 else labels.shape[1]
    if labels.dtype.kind in "iu" and labels.ndim == 1:
        return Label("graph", "multiclass", int(labels.max(initial=0)) + 1)
    if np.all(np.isnan(labels) | (labels == 0) | (labels == 1)):
        return Label("graph", "binary" if dim == 1 else "multilabel", dim, names)
    return Label("graph", "regression", dim, names)
