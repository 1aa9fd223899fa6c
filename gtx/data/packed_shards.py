"""Sets of graphs in many packed folders, which several processes can write: shards.

    packed_shards.save((read(part) for part in parts), "mine")  # a shard for each Dataset
    shards = packed_shards.load("mine")  # Datasets whose columns stay on the disk
    source = gtx.batching.Sharded.fit([each.part("train") for each in shards], batch_size=32)

The folder holds a folder of `gtx.data.packed_folder` for each shard and `shards.json`, with their
names, in the order in which they are read, and the sha256 of each manifest, which has those of the
files. Several processes write shards by `packed_folder.save(part, "mine/00007")`; when all are
there, `packed_shards.close("mine")` writes the list.
"""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gtx.data import packed_folder
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.joined import check_alike

LIST = "shards.json"
_FORMAT = "gtx packed shards 1"


def save(datasets: Iterable[Dataset], path: str | Path) -> None:
    """Write each Dataset as a shard; one of them is in memory at a time.

    The folder gets its name when all is written.

    Raises:
      DatasetError: there is none, they differ in form, or the path exists.
    """
    path = Path(path)
    if path.exists():
        raise DatasetError(f"{path}: exists already. Remove it, or choose another folder.")
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")
    try:
        for number, dataset in enumerate(datasets):
            packed_folder.save(dataset, temporary / f"{number:05d}")
        if not temporary.exists():
            raise DatasetError("dataset: there are no Datasets to write. Give at least one.")
        close(temporary)
        packed_folder.name_folder(temporary, path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def close(path: str | Path) -> None:
    """Write the list of the shards in a folder, in the order of their names.

    Raises:
      DatasetError: a folder there is not finished or no packed folder, or they differ in form.
    """
    path = Path(path)
    names = sorted(each.name for each in path.iterdir() if each.is_dir())
    for name in names:
        if name.endswith(".partial"):
            raise DatasetError(
                f"{path.name}/{name}: is not finished. Wait for the process that writes it, or "
                "remove it and write that shard again."
            )
    if not names:
        raise DatasetError(f"{path}: holds no folder. Write shards by packed_folder.save.")
    _opened(path, names, verify=False)
    shards = [dict(name=name, sha256=_sha256(path / name)) for name in names]
    aside = path / f"{LIST}.{uuid.uuid4().hex}.tmp"
    with aside.open("w") as stream:
        json.dump(dict(format=_FORMAT, shards=shards), stream, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(aside, path / LIST)


def load(path: str | Path, *, verify: bool = True) -> list[Dataset]:
    """Open the shards of a folder, in their order.

    Args:
      path: the folder.
      verify: whether every file is read once, in constant memory, and compared with its sha256.

    Raises:
      DatasetError: a shard or a file of one is missing, additional, cut short or altered.
    """
    path = Path(path)
    listed = _listed(path)
    there = {each.name for each in path.iterdir() if each.is_dir()}
    for name, wrong in (
        *((name, "is missing. Copy it") for name in sorted(set(listed) - there)),
        *((name, "is not in the list. Remove it") for name in sorted(there - set(listed))),
    ):
        raise DatasetError(f"{path.name}/{name}: {wrong}, or call packed_shards.close again.")
    for name, digest in listed.items():
        if _sha256(path / name) != digest:
            raise DatasetError(
                f"{path.name}/{name}: is another shard than the one that {LIST} names (sha256 of "
                "its manifest). Copy it anew, or call packed_shards.close again."
            )
    return _opened(path, list(listed), verify=verify)


def is_sharded(path: str | Path) -> bool:
    """Whether a folder holds a list of shards."""
    return (Path(path) / LIST).is_file()


def _listed(path: Path) -> dict[str, str]:
    """The sha256 of each shard, by its name."""
    try:
        data: Any = json.loads((path / LIST).read_text())
        known = data["format"] == _FORMAT
        found = {str(each["name"]): str(each["sha256"]) for each in data["shards"]}
    except FileNotFoundError:
        raise DatasetError(
            f"{path}: has no {LIST}. Write it with packed_shards.close, or name another folder."
        ) from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DatasetError(
            f"{path.name}/{LIST}: cannot be read ({error}). Write it with packed_shards.close."
        ) from error
    if not known:
        raise DatasetError(
            f"{path.name}/{LIST}: is not that of a {_FORMAT!r}. Write the shards with this version "
            "of gtx."
        )
    if not found or any(Path(name).name != name or name in (".", "..") for name in found):
        raise DatasetError(
            f"{path.name}/{LIST}: lists no shards, or one outside of the folder. Write it with "
            "packed_shards.close."
        )
    return found


def _opened(path: Path, names: list[str], *, verify: bool) -> list[Dataset]:
    shards = [packed_folder.load(path / name, verify=verify) for name in names]
    check_alike(shards, [f"{path.name}/{name}" for name in names])
    return shards


def _sha256(shard: Path) -> str:
    """The sha256 of the manifest of a shard; "" without one."""
    manifest = shard / packed_folder.MANIFEST
    return hashlib.sha256(manifest.read_bytes()).hexdigest() if manifest.is_file() else ""
