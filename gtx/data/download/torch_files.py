"""Reads files of torch.save as plain data, without torch: those of today, and those before 2020.

Tensors become numpy arrays. What else a file may hold is said in `gtx.data.download.pickles`.
"""

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from gtx.data.download import pickles
from gtx.data.download.pickles import PickleError

_LEGACY = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_STORAGES = {
    "DoubleStorage": "f8", "FloatStorage": "f4", "HalfStorage": "f2", "LongStorage": "i8",
    "IntStorage": "i4", "ShortStorage": "i2", "CharStorage": "i1", "ByteStorage": "u1",
    "BoolStorage": "b1",
}  # fmt: skip
_DTYPES = {
    "float64": "f8", "float32": "f4", "float16": "f2", "int64": "i8", "int32": "i4", "int16": "i2",
    "int8": "i1", "uint8": "u1", "bool": "b1", "long": "i8", "float": "f4", "double": "f8",
}  # fmt: skip
# A tensor may show the same number at many places; more than these are not unfolded.
_MAX_SHOWN = 2**24


class _Kind:
    """The type of a storage or of a tensor."""

    def __init__(self, code: str):
        self.dtype = np.dtype(f"<{code}")


class _Storage:
    """The numbers of a storage; those of an old file are read after the pickle that names it."""

    def __init__(self, dtype: np.dtype, size: int):
        self.dtype, self.size = dtype, size
        self.values: np.ndarray | None = None

    def fill(self, raw: bytes, name: str) -> None:
        if len(raw) != self.size * self.dtype.itemsize:
            raise PickleError(f"{name}: a storage of {self.size} numbers has {len(raw)} bytes.")
        self.values = np.frombuffer(raw, self.dtype)


class _Tensor:
    """A view of a storage, which may not have its numbers yet."""

    def __init__(self, storage: Any, offset: Any, shape: Any, stride: Any):
        numbers = (offset, *shape, *stride)
        if not isinstance(storage, _Storage) or len(shape) != len(stride):
            raise PickleError("a tensor has no storage.")
        if any(not isinstance(number, int) or number < 0 for number in numbers):
            raise PickleError("a tensor has a shape or stride that is no number.")
        self.storage, self.offset = storage, offset
        self.shape, self.stride = tuple(shape), tuple(stride)
        self.count = 1
        for size in self.shape:
            self.count *= size
        last = offset + sum(
            (size - 1) * step for size, step in zip(self.shape, self.stride, strict=True)
        )
        if self.count and last >= storage.size:
            raise PickleError("a tensor reaches beyond its storage.")
        if self.count > max(storage.size, _MAX_SHOWN):
            raise PickleError(f"a tensor shows {storage.size} numbers at {self.count} places.")

    def array(self) -> np.ndarray:
        values = self.storage.values
        if values is None:
            raise PickleError("a tensor has no numbers.")
        if not self.count:
            return np.zeros(self.shape, self.storage.dtype.newbyteorder("="))
        strides = tuple(step * values.itemsize for step in self.stride)
        view = np.lib.stride_tricks.as_strided(values[self.offset :], self.shape, strides)
        return np.array(view, self.storage.dtype.newbyteorder("="))


def read_torch(path: str | Path) -> Any:
    """The content of a file of torch.save, or of a pickle that holds tensors.

    Raises:
      PickleError: it names something that is not data, or is damaged.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            if stream.read(4) == b"PK\x03\x04":
                return _zipped(path)
            stream.seek(0)
            return _one(stream, path.name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise PickleError(f"{path.name}: is damaged ({error}). Fetch it again.") from error


def _one(stream: io.BufferedIOBase, name: str) -> Any:
    start = stream.tell()
    try:
        first = pickles.loads(stream, name, {})
    except PickleError:
        first = None  # a plain pickle with tensors
    if first == _LEGACY:
        return _legacy(stream, name)
    stream.seek(start)
    found = pickles.loads(stream, name, _names(name))
    if stream.read(1):
        raise PickleError(f"{name}: goes on after its end. Fetch it again.")
    return _arrays(found, {})


def _zipped(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        members = {}
        for info in archive.infolist():
            _, _, inner = info.filename.partition("/")
            if inner in members or info.flag_bits & 1:
                raise PickleError(f"{path.name}: a member is encrypted, or there twice.")
            members[inner] = info
        # torch.save does not compress: a file that unpacks to more is not one of its files.
        if sum(info.file_size for info in members.values()) > path.stat().st_size:
            raise PickleError(f"{path.name}: unpacks to more than its size.")
        if "data.pkl" not in members:
            raise PickleError(f"{path.name}: is no file of torch.save.")
        if "byteorder" in members and archive.read(members["byteorder"]) != b"little":
            raise PickleError(f"{path.name}: its numbers are not little-endian.")
        storages: dict[str, _Storage] = {}

        def stored(pid: Any) -> _Storage:
            dtype, key, size = _reference(pid, path.name)
            if key not in storages:
                member = members.get(f"data/{key}")
                if member is None or member.file_size != size * dtype.itemsize:
                    raise PickleError(f"{path.name}: storage {key} is missing, or cut short.")
                storages[key] = _Storage(dtype, size)
                storages[key].fill(archive.read(member), path.name)
            return storages[key]

        pickle = io.BytesIO(archive.read(members["data.pkl"]))
        found = pickles.loads(pickle, path.name, _names(path.name), persistent=stored)
        return _arrays(found, {})


def _legacy(stream: io.BufferedIOBase, name: str) -> Any:
    """A file of torch before 1.6: pickles of its head and of the objects, then the storages."""
    if pickles.loads(stream, name, {}) != _PROTOCOL:
        raise PickleError(f"{name}: is a file of an unknown version of torch.")
    system = pickles.loads(stream, name, {})
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise PickleError(f"{name}: its numbers are not little-endian.")
    storages: dict[str, _Storage] = {}

    def stored(pid: Any) -> _Storage:
        dtype, key, size = _reference(pid, name)
        storage = storages.setdefault(key, _Storage(dtype, size))
        if (storage.dtype, storage.size) != (dtype, size):
            raise PickleError(f"{name}: storage {key} has two types or sizes.")
        return storage

    found = pickles.loads(stream, name, _names(name), persistent=stored)
    keys = pickles.loads(stream, name, {})
    if not isinstance(keys, list) or set(keys) != set(storages):
        raise PickleError(f"{name}: does not hold the storages that it names.")
    for key in keys:
        storage = storages[key]
        if int.from_bytes(stream.read(8), "little") != storage.size:
            raise PickleError(f"{name}: storage {key} has another size than it promises.")
        storage.fill(stream.read(storage.size * storage.dtype.itemsize), name)
    if stream.read(1):
        raise PickleError(f"{name}: goes on after its end. Fetch it again.")
    return _arrays(found, {})


def _reference(pid: Any, name: str) -> tuple[np.dtype, str, int]:
    """The type, the key and the size of a storage that a pickle refers to."""
    if not (
        isinstance(pid, tuple)
        and len(pid) in (5, 6)
        and pid[0] == "storage"
        and isinstance(pid[1], _Kind)
        and isinstance(pid[2], str)
        and isinstance(pid[4], int)
        and pid[4] >= 0
    ):
        raise PickleError(f"{name}: refers to something that is no storage.")
    if len(pid) == 6 and pid[5] is not None:
        raise PickleError(f"{name}: holds views of storages, which are not read.")
    return pid[1].dtype, pid[2], pid[4]


def _tensor(storage: Any, offset: Any, shape: Any, stride: Any, *_: Any) -> _Tensor:
    return _Tensor(storage, offset, shape, stride)


def _parameter(data: Any, *_: Any) -> Any:
    return data


def _typed(kind: Any, storage: Any) -> Any:
    return storage


def _names(name: str) -> dict[tuple[str, str], Any]:
    """What a pickle with tensors may name, beyond arrays and containers."""

    def nested(raw: Any) -> Any:
        """A storage in a plain pickle: the bytes of a file of torch.save with that storage."""
        if isinstance(raw, str):
            raw = raw.encode("latin1")
        if not isinstance(raw, bytes) or raw[:4] == b"PK\x03\x04":
            raise PickleError(f"{name}: a storage in it is no old file of torch.save.")
        return _nested(io.BytesIO(raw), name)

    kinds = {("torch", storage): _Kind(code) for storage, code in _STORAGES.items()}
    dtypes = {("torch", dtype): _Kind(code) for dtype, code in _DTYPES.items()}
    size = {("torch", "Size"): tuple, ("torch", "device"): _device}
    return {
        **kinds,
        **dtypes,
        **size,
        ("torch._utils", "_rebuild_tensor_v2"): _tensor,
        ("torch._utils", "_rebuild_tensor"): _tensor,
        ("torch._utils", "_rebuild_parameter"): _parameter,
        ("torch.storage", "_load_from_bytes"): nested,
    }


def _device(*_: Any) -> None:
    return None


def _nested(stream: io.BufferedIOBase, name: str) -> _Storage:
    """The storage of an old file that holds one storage and nothing else."""
    if pickles.loads(stream, name, {}) != _LEGACY or pickles.loads(stream, name, {}) != _PROTOCOL:
        raise PickleError(f"{name}: a storage in it is no old file of torch.save.")
    pickles.loads(stream, name, {})
    kinds = {key: value for key, value in _names(name).items() if isinstance(value, _Kind)}
    found: list[_Storage] = []

    def stored(pid: Any) -> _Storage:
        dtype, _, size = _reference(pid, name)
        found.append(_Storage(dtype, size))
        return found[-1]

    storage = pickles.loads(stream, name, kinds, persistent=stored)
    pickles.loads(stream, name, {})  # its key
    if len(found) != 1 or storage is not found[0]:
        raise PickleError(f"{name}: holds something else than a storage.")
    if int.from_bytes(stream.read(8), "little") != storage.size:
        raise PickleError(f"{name}: a storage has another size than it promises.")
    storage.fill(stream.read(), name)
    return storage


def _arrays(value: Any, seen: dict[int, Any]) -> Any:
    """Tensors become arrays, in all containers."""
    if isinstance(value, _Tensor):
        return value.array()
    if isinstance(value, _Storage):
        if value.values is None:
            raise PickleError("a storage has no numbers.")
        return value.values
    if isinstance(value, str | bytes | int | float | bool | None | np.ndarray):
        return value
    if id(value) in seen:
        return seen[id(value)]
    seen[id(value)] = value
    if isinstance(value, list):
        value[:] = [_arrays(item, seen) for item in value]
    elif isinstance(value, tuple):
        seen[id(value)] = kept = tuple(_arrays(item, seen) for item in value)
        return kept
    elif isinstance(value, dict):
        for key in list(value):
            value[key] = _arrays(value[key], seen)
    elif isinstance(value, pickles.Record):
        value.fields = {key: _arrays(item, seen) for key, item in value.fields.items()}
    return value
