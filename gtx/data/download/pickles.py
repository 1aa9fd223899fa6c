"""Reads a published pickle as plain data. No object of a foreign class is made, no code is run.

A pickle is a program that may call any function of any module. Here the functions that it may name
are those of `_ALLOWED`, all written in this file; every other name is an error. Arrays become numpy
arrays, sparse matrices `Csr`, objects of a few known classes `Record`, and containers plain ones.
"""

import codecs
import dataclasses
import io
import pickle
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gtx.data.exact import DatasetError

_DTYPE = re.compile(r"[<>=|]?(b1|[iu][1248]|f[248]|S\d{1,6}|U\d{1,6}|O8?)")


class PickleError(DatasetError):
    """A pickle that is damaged, or names something that data do not need."""


class Record:
    """An object of a known class as plain data: the name of the class, and its attributes.

    Attributes:
      kind: such as "Data".
      fields: attributes by name.
    """

    kind = ""

    fields: dict[Any, Any]

    def __new__(cls, *_: Any) -> "Record":  # a pickle may make an object without __init__
        made = super().__new__(cls)
        made.fields = {}
        return made

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict):
            state = {**(state[0] or {}), **state[1]}
        if isinstance(state, dict):
            self.fields.update(state)
        else:
            self.fields["state"] = state

    def __setitem__(self, key: Any, value: Any) -> None:  # objects that are also dicts
        self.fields[key] = value

    def __repr__(self) -> str:
        return f"{self.kind}({', '.join(map(str, self.fields))})"


@dataclasses.dataclass(frozen=True)
class Csr:
    """A sparse matrix in compressed rows.

    Attributes:
      data: the values.
      indices: the column of each.
      indptr: the first value of each row, and the end.
      shape: rows and columns.
    """

    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray
    shape: tuple[int, int]

    def to_scipy(self) -> Any:
        """The matrix of scipy, whose indices are checked."""
        from scipy import sparse

        try:
            matrix = sparse.csr_array((self.data, self.indices, self.indptr), shape=self.shape)
            matrix.check_format()
        except ValueError as error:
            raise PickleError(f"a sparse matrix is not valid ({error}).") from error
        return matrix


def read_pickle(path: str | Path, *, encoding: str = "latin1") -> Any:
    """The content of a pickle as plain data.

    Args:
      path: the file.
      encoding: of texts that Python 2 wrote.

    Raises:
      PickleError: it names something that is not data, or is damaged.
    """
    path = Path(path)
    with path.open("rb") as stream:
        found = loads(stream, path.name, {}, encoding=encoding)
        if stream.read(1):
            raise PickleError(f"{path.name}: goes on after its end. Fetch it again.")
    return found


def loads(
    stream: io.BufferedIOBase,
    name: str,
    further: Mapping[tuple[str, str], Any],
    *,
    persistent: Callable[[Any], Any] | None = None,
    encoding: str = "latin1",
) -> Any:
    """One pickle of a stream, with `further` names allowed. See `read_pickle`."""
    try:
        found = _Reader(stream, name, further, persistent, encoding).load()
        return plain(found)
    except DatasetError:
        raise
    # Damaged bytes make the machine of pickle raise a dozen kinds of errors.
    except Exception as error:
        raise PickleError(
            f"{name}: is damaged, or no pickle ({type(error).__name__}: {error}). Fetch it again."
        ) from error


class _Reader(pickle.Unpickler):
    def __init__(
        self,
        stream: io.BufferedIOBase,
        name: str,
        further: Mapping[tuple[str, str], Any],
        persistent: Callable[[Any], Any] | None,
        encoding: str,
    ):
        super().__init__(stream, encoding=encoding)
        self._name, self._further, self._persistent = name, further, persistent

    def find_class(self, module: str, name: str) -> Any:
        found = self._further.get((module, name)) or _ALLOWED.get((module, name))
        if found is None and module.split(".")[0] in _RECORDED:
            found = _RECORDED[module.split(".")[0]].get(name)
        if found is None:
            raise PickleError(
                f"{self._name}: wants {module}.{name}, which is no data; a file that may call "
                "functions is not read."
            )
        return found

    def persistent_load(self, pid: Any) -> Any:
        if self._persistent is None:
            raise PickleError(f"{self._name}: refers to what is outside of it.")
        return self._persistent(pid)


class _Type:
    """The dtype of an array; it is made in two steps."""

    def __init__(self, text: Any, *_: Any):
        if isinstance(text, bytes):
            text = text.decode("ascii", "replace")
        if not isinstance(text, str) or _DTYPE.fullmatch(text) is None:
            raise PickleError(f"{text!r:.60} is no dtype of numbers or texts.")
        self.text = text

    def __setstate__(self, state: Any) -> None:
        order = state[1] if isinstance(state, tuple) and len(state) > 1 else "|"
        if isinstance(order, bytes):
            order = order.decode("ascii", "replace")
        if order in ("<", ">", "=", "|"):
            self.text = f"{order if order != '|' else ''}{self.text.lstrip('<>=|')}"
        if isinstance(state, tuple) and any(part is not None for part in state[2:5]):
            raise PickleError("a dtype has fields; tables are not read.")

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(self.text)


class _Array:
    """An array that is made in two steps: `_reconstruct`, then its state."""

    def __init__(self, *_: Any):
        self.value: np.ndarray | None = None

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, fortran, raw = state
        self.value = _filled(shape, _dtype(kind), bool(fortran), raw)


def _dtype(kind: Any) -> np.dtype:
    if not isinstance(kind, _Type):
        raise PickleError("an array has no dtype.")
    return kind.dtype


def _filled(shape: Any, dtype: np.dtype, fortran: bool, raw: Any) -> np.ndarray:
    """An array of the raw bytes, or of a list of Python objects."""
    shape = tuple(shape)
    if any(not isinstance(size, int) or size < 0 for size in shape) or len(shape) > 32:
        raise PickleError(f"an array has the shape {shape!r:.60}.")
    size = 1
    for axis in shape:
        size *= axis
    order: Any = "F" if fortran else "C"
    if dtype.kind == "O":
        if not isinstance(raw, list) or len(raw) != size:
            raise PickleError("an array of objects has no list of them.")
        found = np.empty(size, object)
        for place, value in enumerate(raw):
            found[place] = plain(value)
        return found.reshape(shape, order=order)
    if isinstance(raw, str):
        raw = raw.encode("latin1")
    if not isinstance(raw, bytes | bytearray) or len(raw) != size * dtype.itemsize:
        raise PickleError("the bytes of an array do not agree with its shape.")
    found = np.frombuffer(raw, dtype).reshape(shape, order=order)
    return np.array(found, dtype.newbyteorder("="))


def _from_buffer(raw: Any, kind: Any, shape: Any, order: Any) -> np.ndarray:
    return _filled(shape, _dtype(kind), order == "F", bytes(raw))


def _scalar(kind: Any, raw: Any) -> Any:
    return _filled((), _dtype(kind), False, raw)[()]


class _Matrix(Record):
    """A sparse matrix of scipy, of any version."""

    kind = "csr_matrix"

    def matrix(self) -> Csr:
        fields = {str(name).lstrip("_"): value for name, value in self.fields.items()}
        try:
            parts = [fields[name] for name in ("data", "indices", "indptr")]
            shape = tuple(int(size) for size in fields["shape"])
        except (KeyError, TypeError, ValueError) as error:
            raise PickleError(f"a sparse matrix has no {error}.") from error
        if not all(isinstance(part, np.ndarray) and part.ndim == 1 for part in parts):
            raise PickleError("a sparse matrix has no arrays.")
        if len(shape) != 2:
            raise PickleError(f"a sparse matrix has the shape {shape}.")
        return Csr(parts[0], parts[1], parts[2], shape)


def _object(kind: Any, *_: Any) -> Any:
    """`copyreg._reconstructor`: an empty object of an allowed class."""
    if not (isinstance(kind, type) and issubclass(kind, Record)):
        raise PickleError("an object of an unknown class is not read.")
    return kind()


class _Marker:
    """The name of a class, which is data here: it cannot be called."""


def _default_dict(*_: Any) -> dict[Any, Any]:
    return {}


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1", "utf-8", "ascii"):
        raise PickleError("a text has an unknown encoding.")
    return codecs.encode(text, encoding)


def _items(values: Any = ()) -> list[Any]:
    return list(values)


def _bytes(values: Any = ()) -> bytes:
    if isinstance(values, int):  # it would be a length, of any size
        raise PickleError("bytes are made of no content.")
    return bytes(values)


def _set(values: Any = ()) -> set[Any]:
    return set(values)


def _ordered(pairs: Any = ()) -> dict[Any, Any]:
    return dict(pairs)


def _slice(*ends: Any) -> slice:
    return slice(*ends)


def record(name: str) -> type[Record]:
    """A class for the objects of a foreign class of this name."""
    return type(name, (Record,), {"kind": name})


_NUMPY = {
    "_reconstruct": _Array, "scalar": _scalar, "_frombuffer": _from_buffer, "ndarray": _Marker,
    "dtype": _Type,
}  # fmt: skip
_ALLOWED: dict[tuple[str, str], Any] = {
    **{
        (module, name): _NUMPY[name]
        for names, modules in {
            ("_reconstruct", "scalar"): ("numpy.core.multiarray", "numpy._core.multiarray"),
            ("_frombuffer",): ("numpy.core.numeric", "numpy._core.numeric"),
            ("ndarray", "dtype"): ("numpy",),
        }.items()
        for module in modules
        for name in names
    },
    **{
        (f"scipy.sparse.{module}", name): _Matrix
        for module in ("csr", "_csr")
        for name in ("csr_matrix", "csr_array")
    },
    ("_codecs", "encode"): _encode,
    ("collections", "OrderedDict"): _ordered,
    ("collections", "defaultdict"): _default_dict,
    **{
        (module, name): value
        for module in ("builtins", "__builtin__")
        for name, value in {
            "list": _items, "set": _set, "frozenset": _set, "dict": _ordered, "object": _Marker,
            "slice": _slice, "bytes": _bytes, "int": _Marker, "float": _Marker,
        }.items()
    },
    ("copy_reg", "_reconstructor"): _object,
    ("copyreg", "_reconstructor"): _object,
}  # fmt: skip
# Objects that are kept as records, by library: graphs of PyTorch Geometric and of networkx.
_RECORDED: dict[str, dict[str, type[Record]]] = {
    "torch_geometric": {
        name: record(name)
        for name in (
            "Data", "GlobalStorage", "NodeStorage", "EdgeStorage", "BaseStorage", "DataEdgeAttr",
            "DataTensorAttr",
        )
    },
    "networkx": {name: record(name) for name in ("Graph", "DiGraph")},
}  # fmt: skip


def plain(value: Any) -> Any:
    """Arrays and matrices that were made in two steps become what they are, in all containers."""
    return _plain(value, {})


def _plain(value: Any, seen: dict[int, Any]) -> Any:
    if isinstance(value, int | float | str | bytes | bool | None) or id(value) in seen:
        return seen.get(id(value), value)
    if isinstance(value, _Array):
        if value.value is None:
            raise PickleError("an array has no content.")
        return value.value
    if isinstance(value, _Matrix):
        _plain(value.fields, seen)
        return value.matrix()
    # A container that is met again inside itself is left as it is.
    seen[id(value)] = value
    if isinstance(value, list):
        value[:] = [_plain(item, seen) for item in value]
    elif isinstance(value, tuple):
        seen[id(value)] = kept = tuple(_plain(item, seen) for item in value)
        return kept
    elif isinstance(value, dict):
        for key in list(value):
            value[key] = _plain(value[key], seen)
    elif isinstance(value, Record):
        value.fields = {key: _plain(item, seen) for key, item in value.fields.items()}
    return value
