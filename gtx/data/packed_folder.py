"""Sets of graphs larger than memory: a folder of plain `.npy` files that are memory-mapped.

    packed_folder.save((read(part) for part in parts), "mine")  # Datasets, one after the other
    dataset = packed_folder.load("mine")  # a Dataset; its columns stay on the disk

The folder holds one file for each array and `manifest.json`, with the spec, the counts, and the
shape, dtype and sha256 of each file. The graphs of train come first, then those of valid, test and
no part, so that `Dataset.part` copies no column. `gtx.batching.Streamed` reads from the disk only
the graphs of its next batches.

In memory are, for each graph, its offsets, and for each target its index, part and label: about 40
bytes for a graph and 20 for a target. Nodes, edges and their columns are not.
"""

import dataclasses
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from gtx.data import npz
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.sharded import ShardedDataset
from gtx.data.spec import GraphSpec
from gtx.data.splits import graph_split
from gtx.data.targets import TargetTable
from gtx.typing import LEVELS

MANIFEST = "manifest.json"
_FORMAT = "gtx packed folder 1"
_CHUNK = 2**22
# What the index of targets counts, by their level.
_COUNTED = dict(graph="graph", node="node_ptr", edge="edge_ptr", pair="node_ptr")
_NEEDED = ("node_ptr", "edge_ptr", "senders", "receivers", "ids", "split", "target_index")


def save(datasets: Dataset | Iterable[Dataset], path: str | Path) -> None:
    """Write a Dataset, or Datasets one after the other, as a folder; `load` opens it.

    One of several Datasets is in memory at a time. All have one spec, level of targets and set of
    arrays, and each graph is in one part. Columns that `gtx.encodings.apply` added are written like
    others. The folder gets its name when all is written. Until then the files need the room of the
    largest array twice.

    Args:
      datasets: the graphs. If there are several, their ids are counted through; the ids of one
        Dataset are kept.
      path: the folder, which must not exist.

    Raises:
      DatasetError: there are no graphs, Datasets differ or break a rule, or the path exists.
      OSError: there is no space, or no permission to write.
    """
    path = Path(path)
    if path.exists():
        raise DatasetError(f"{path}: exists already. Remove it, or choose another folder.")
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")
    temporary.mkdir(parents=True)
    try:
        writer = _Writer(temporary)
        alone = isinstance(datasets, Dataset)
        for dataset in [datasets] if isinstance(datasets, Dataset) else datasets:
            writer.add(dataset, keep_ids=alone)
        writer.finish()
        name_folder(temporary, path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def name_folder(temporary: Path, path: Path) -> None:
    """Give a finished folder its name.

    Raises:
      DatasetError: another process was faster.
    """
    try:
        os.replace(temporary, path)
    except OSError as error:
        if path.exists():
            raise DatasetError(
                f"{path}: another process wrote it meanwhile. Remove it, or choose another folder."
            ) from error
        raise


def load(path: str | Path, *, verify: bool = True) -> Dataset:
    """Open a folder as a Dataset whose arrays are memory-mapped and cannot be written to.

    Args:
      path: the folder.
      verify: whether every file is read once, in constant memory, and compared with its sha256.
        Without it only the sizes of the files and their headers are compared.

    Raises:
      DatasetError: a file is missing, cut short or altered; the message names it.
    """
    path = Path(path)
    manifest = _manifest(path)
    arrays = {}
    for name, entry in manifest["files"].items():
        file = path / _file_name(name)
        arrays[name] = _mapped(file, entry)
        if verify and _sha256(file) != entry["sha256"]:
            raise DatasetError(
                f"{path.name}/{file.name}: its content is not what was written (sha256). The file "
                "was altered or damaged, or belongs to another folder. Write the folder again."
            )
    columns: dict[str, Any] = {level: {} for level in LEVELS.values()}
    for name, array in arrays.items():
        level, dot, column = name.partition(".")
        if dot and level in columns:
            columns[level][column] = array
    try:
        columns |= {name: arrays[name] for name in _NEEDED[:5]}
        spec = GraphSpec.from_json(manifest["spec"])
        table = TargetTable(
            manifest["level"],
            arrays["target_index"],
            arrays.get("y"),
            arrays["split"],
            arrays.get("target_weights"),
        )
        return Dataset(
            **columns,
            targets=table,
            names=arrays.get("names"),
            spec=spec,
        )
    except (KeyError, ValueError) as error:
        raise DatasetError(
            f"{path.name}/{MANIFEST}: does not describe a dataset ({error}). Write the folder "
            "again with packed_folder.save."
        ) from error


def is_mapped(dataset: Dataset) -> bool:
    """Whether the edges of a dataset are read from the disk, as those that `load` returns are.

    So it is with those of shards (`gtx.data.packed_shards`).
    """
    if isinstance(dataset, ShardedDataset):
        return True
    array: Any = dataset.senders
    while array is not None and not isinstance(array, np.memmap):
        array = getattr(array, "base", None)
    return array is not None


class _Writer:
    """Writes the arrays of each part (train, valid, test, none) to raw files, then joins them."""

    def __init__(self, folder: Path):
        self._folder = folder
        # The pieces in the raw file of each array and part: dtype, shape, and the number that is
        # to be added to each entry (targets count the nodes or edges of their part).
        self._pieces: dict[tuple[str, int], list[tuple[np.dtype, tuple[int, ...], int]]] = {}
        self._totals = [dict(node_ptr=0, edge_ptr=0, graph=0) for _ in range(4)]
        self._like: tuple[Any, ...] | None = None
        self._number = 0

    def add(self, dataset: Dataset, *, keep_ids: bool) -> None:
        dataset.check()
        if dataset.edge_sets:
            raise DatasetError(
                f"dataset: the folder has no place for the edge sets {sorted(dataset.edge_sets)}. "
                "Save the dataset without them."
            )
        if not keep_ids:
            ids = np.arange(self._number, self._number + len(dataset), dtype=np.int32)
            dataset = dataclasses.replace(dataset, ids=ids)
        self._number += len(dataset)
        if self._number > np.iinfo(np.int32).max:
            raise DatasetError(f"dataset: {self._number:,} graphs are more than int32 can number.")
        split = graph_split(dataset)
        for part, code in enumerate((0, 1, 2, -1)):
            chosen = dataset.select(split == code)
            arrays = _arrays(chosen)
            like = (dataset.spec, dataset.targets.level, sorted(arrays))
            if self._like is None:
                self._like = like
            elif self._like != like:
                raise DatasetError(
                    f"dataset: Dataset with graph {self._number - 1} has another spec, level of "
                    "targets or other arrays than those before it. Build all with one spec "
                    "(Dataset.from_columns(..., spec=spec))."
                )
            totals = self._totals[part]
            level = dataset.targets.level
            start = totals[_COUNTED[level]]
            for name, array in arrays.items():
                self._append(name, part, array, start if name == "target_index" else 0)
            totals["graph"] += len(chosen)
            totals["node_ptr"] += int(chosen.node_ptr[-1])
            totals["edge_ptr"] += int(chosen.edge_ptr[-1])

    def finish(self) -> None:
        if self._like is None or not self._number:
            raise DatasetError("dataset: there are no graphs to write.")
        spec, level, names = self._like
        files = {name: self._join(name, level) for name in names}
        body = dict(
            format=_FORMAT, num_graphs=self._number, level=level, spec=spec.to_json(), files=files
        )
        with (self._folder / MANIFEST).open("w") as stream:
            json.dump(body | dict(sha256=_sha256_of(body)), stream, indent=1)
            stream.flush()
            os.fsync(stream.fileno())

    def _append(self, name: str, part: int, array: np.ndarray, start: int) -> None:
        array = np.ascontiguousarray(array)
        with self._raw(name, part).open("ab") as stream:
            stream.write(array.tobytes())
        self._pieces.setdefault((name, part), []).append((array.dtype, array.shape, start))

    def _raw(self, name: str, part: int) -> Path:
        return self._folder / f"{_file_name(name)}.{part}.raw"

    def _join(self, name: str, level: str) -> dict[str, Any]:
        """Write the file of an array from its raw files, which are removed."""
        pieces = [self._pieces[name, part] for part in range(4)]
        dtype = np.result_type(*(dtype for part in pieces for dtype, _, _ in part))
        shape = pieces[0][0][1]
        rows = sum(shape[0] for part in pieces for _, shape, _ in part)
        pointer = name in ("node_ptr", "edge_ptr")  # of which the raw files hold the differences
        shape = (rows + pointer, *shape[1:])
        counted = _COUNTED[level]
        with (self._folder / _file_name(name)).open("xb") as stream:
            digest = _Digest(stream)
            header = dict(
                descr=np.lib.format.dtype_to_descr(dtype), fortran_order=False, shape=shape
            )
            np.lib.format.write_array_header_1_0(digest, header)
            last = 0
            if pointer:
                digest.write(np.zeros(1, dtype))
            for part in range(4):
                base = sum(totals[counted] for totals in self._totals[:part])
                with self._raw(name, part).open("rb") as raw:
                    for own, size, start in pieces[part]:
                        count = int(np.prod(size, dtype=np.int64))
                        array = np.frombuffer(raw.read(count * own.itemsize), own, count)
                        if pointer:
                            array = last + np.cumsum(array)
                            last = int(array[-1]) if len(array) else last
                        elif name == "target_index":
                            array = array + (start + base)
                        digest.write(array.astype(dtype, copy=False))
                self._raw(name, part).unlink()
            stream.flush()
            os.fsync(stream.fileno())
        return dict(dtype=dtype.str, shape=list(shape), sha256=digest.hexdigest())


class _Digest:
    """A file that is hashed while it is written."""

    def __init__(self, stream: BinaryIO):
        self._stream, self._digest = stream, hashlib.sha256()

    def write(self, content: bytes | np.ndarray) -> None:
        data = content if isinstance(content, bytes) else content.tobytes()
        self._stream.write(data)
        self._digest.update(data)

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def _arrays(dataset: Dataset) -> dict[str, np.ndarray]:
    """The arrays of a dataset by the names of their files, offsets as differences."""
    table = dataset.targets
    found = dict(
        node_ptr=dataset.num_nodes,
        edge_ptr=dataset.num_edges,
        senders=dataset.senders,
        receivers=dataset.receivers,
        ids=dataset.ids,
        split=table.split,
        target_index=table.index,
    )
    for level in LEVELS.values():
        for name, array in getattr(dataset, level).items():
            found[f"{level}.{name}"] = array
    more = dict(y=table.labels, target_weights=table.weights, names=dataset.names)
    return found | {name: array for name, array in more.items() if array is not None}


def _file_name(array: str) -> str:
    """The name of the file of an array. Names of columns can be anything, also paths and long."""
    plain = not set("/\\\0") & set(array) and len(array.encode()) <= 200
    level = array.partition(".")[0]
    known = level if level in LEVELS.values() else "other"
    name = array if plain else f"{known}.{hashlib.sha256(array.encode()).hexdigest()}"
    return f"{name}.npy"


def _manifest(path: Path) -> dict[str, Any]:
    """The manifest of a folder, which is as it was written."""
    try:
        data = json.loads((path / MANIFEST).read_text())
    except FileNotFoundError:
        raise DatasetError(
            f"{path}: has no {MANIFEST}. Give a folder that packed_folder.save wrote."
        ) from None
    except (ValueError, RecursionError) as error:
        raise DatasetError(
            f"{path.name}/{MANIFEST}: cannot be read ({error}). Write the folder again."
        ) from error
    if not isinstance(data, dict) or data.get("format") != _FORMAT:
        raise DatasetError(
            f"{path.name}/{MANIFEST}: is not that of a {_FORMAT!r}. Write the folder with this "
            "version of gtx."
        )
    if data.pop("sha256", None) != _sha256_of(data):
        raise DatasetError(
            f"{path.name}/{MANIFEST}: was altered after it was written. Write the folder again."
        )
    return data


def _mapped(path: Path, entry: dict[str, Any]) -> np.ndarray:
    """An array whose numbers stay on the disk."""
    where = f"{path.parent.name}/{path.name}"
    try:
        with path.open("rb") as stream:
            member = npz.parse_header(stream.read(npz.HEADER_BYTES))
    except FileNotFoundError:
        raise DatasetError(f"{where}: is missing. Copy it, or write the folder again.") from None
    except ValueError as error:
        raise DatasetError(
            f"{where}: its header cannot be read ({error}). Write the folder again."
        ) from error
    shape, dtype = tuple(entry["shape"]), np.dtype(entry["dtype"])
    if (member.shape, member.dtype, member.fortran_order) != (shape, dtype, False):
        raise DatasetError(
            f"{where}: holds {member.dtype} of shape {member.shape}, and {MANIFEST} says {dtype} "
            f"of shape {shape}. The two belong to different folders; write the folder again."
        )
    size, expected = path.stat().st_size, member.start + member.size * dtype.itemsize
    if size != expected:
        raise DatasetError(
            f"{where}: has {size:,} bytes, and its header promises {expected:,}. It was cut short "
            "or altered; write the folder again."
        )
    if not member.size:
        return np.zeros(shape, dtype)
    return np.asarray(np.memmap(path, dtype, mode="r", offset=member.start, shape=shape))


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while part := stream.read(_CHUNK):
            digest.update(part)
    return digest.hexdigest()


def _sha256_of(data: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
