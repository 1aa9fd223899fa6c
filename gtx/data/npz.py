"""Reads and writes files of named arrays (`.npz`) safely, also damaged or malicious ones.

A member is read as a whole and its checksum is compared before any number of it is used. The
directory and the headers state dtype and size of a member in advance, so that a caller can refuse a
size before memory is taken. Nothing is unpickled or evaluated.
"""

import contextlib
import dataclasses
import math
import os
import re
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from gtx.data.exact import DatasetError

try:
    import fcntl
except ImportError:  # Windows: without locks, files of writers that were killed are not removed
    fcntl = None  # type: ignore[assignment]

MAX_MEMBERS = 4096
HEADER_BYTES = 4096  # the headers that numpy writes take 128
# Parsed by a regular expression: numpy's own reader evaluates the header as a Python literal.
_HEADER = re.compile(
    rb"\s*\{\s*'descr'\s*:\s*'([^']{2,20})'\s*,\s*'fortran_order'\s*:\s*(True|False)\s*,"
    rb"\s*'shape'\s*:\s*\(([0-9, ]{0,500})\)\s*,?\s*\}\s*"
)
_DTYPE = re.compile(rb"[<>|=]?(?:b1|[iu][1248]|f(?:2|4|8|16)|U[1-9][0-9]{0,8})")
_CHUNK = 2**20
_MAX_RATIO = 1032  # the largest compression ratio that deflate can reach
_PARTIAL = re.compile(r"(.+\.)?[0-9a-f]{32}\.partial")


class NpzError(DatasetError):
    """A file that holds no arrays or was damaged; the message names the member and the reason."""


@dataclasses.dataclass(frozen=True)
class Member:
    """The content of the header of an array.

    Attributes:
      dtype: dtype of the array.
      shape: shape of the array.
      fortran_order: whether the first axis varies fastest.
      start: number of bytes before the numbers.
    """

    dtype: np.dtype
    shape: tuple[int, ...]
    fortran_order: bool
    start: int

    @property
    def size(self) -> int:
        return math.prod(self.shape)


class Archive:
    """A `.npz` file that is open for reading.

    Args:
      path: its name in messages.
      stream: its bytes; the caller closes it.

    Attributes:
      names: names of its arrays.

    Raises:
      NpzError: the file is not a `.npz` file.
    """

    def __init__(self, path: Path, stream: BinaryIO):
        self._path = path
        if stream.read(6) == b"\x93NUMPY":
            raise NpzError(f"{path.name}: is a single array (.npy), not a file of several (.npz).")
        with self._reading("its directory"):
            self._zip = zipfile.ZipFile(stream)
            entries = self._zip.infolist()
            names = {entry.filename for entry in entries}
            self._size, count = _end(stream)
            if not 0 < len(names) == len(entries) == count <= MAX_MEMBERS:
                raise ValueError("its members are not those that it counts, or not all different")
            # `open` compares the name in the directory with that at the member itself.
            for entry in entries:
                if not entry.flag_bits & 1:
                    self._zip.open(entry).close()
        self._entries = {
            entry.filename.removesuffix(".npy"): entry
            for entry in entries
            if entry.filename.endswith(".npy")
        }
        self.names = tuple(self._entries)

    def member(self, name: str) -> Member:
        """The header of an array. Only its first bytes are read, without their checksum.

        Raises:
          NpzError: there is no such array, or its sizes in header and directory disagree.
        """
        with self._reading(f"member {name!r}"):
            return self._header(self._entry(name))

    def read(self, name: str) -> np.ndarray:
        """An array, in the machine's byte order.

        Raises:
          NpzError: the file is damaged: header, size or checksum do not agree.
        """
        with self._reading(f"member {name!r}"):
            entry = self._entry(name)
            member = self._header(entry)
            content = bytearray(entry.file_size)
            with self._zip.open(entry) as file:  # compares the checksum at the end
                place = 0
                while place < len(content):
                    part = file.read(_CHUNK)
                    if not part:
                        raise EOFError(f"ends after {place} of {len(content)} bytes")
                    content[place : place + len(part)] = part
                    place += len(part)
            if parse_header(content[:HEADER_BYTES]) != member:
                raise ValueError("its header changed while it was read")
            return _array(content, member)

    def _entry(self, name: str) -> zipfile.ZipInfo:
        if name not in self._entries:
            raise ValueError("it is not there")
        return self._entries[name]

    def _header(self, entry: zipfile.ZipInfo) -> Member:
        """The header of an array, from its first bytes, whose checksum is not known yet."""
        if entry.flag_bits & 1:
            raise ValueError("it is encrypted")
        packed, plain = entry.compress_size, entry.file_size
        if entry.compress_type == zipfile.ZIP_STORED:
            possible = packed == plain
        elif entry.compress_type == zipfile.ZIP_DEFLATED:
            possible = plain <= _MAX_RATIO * packed + _CHUNK
        else:
            raise ValueError(f"it is packed in way {entry.compress_type}; only deflate is read")
        if not possible or packed > self._size:
            raise ValueError(f"{plain} bytes cannot come from {min(packed, self._size)}")
        with self._zip.open(entry) as file:
            member = parse_header(file.read(min(HEADER_BYTES, plain)))
        expected = member.start + member.size * member.dtype.itemsize
        if expected != plain:
            raise ValueError(f"its header promises {expected} bytes, the directory {plain}")
        return member

    @contextlib.contextmanager
    def _reading(self, what: str) -> Iterator[None]:
        try:
            yield
        # Damaged bytes make zipfile and zlib raise a dozen kinds of errors, MemoryError included.
        except Exception as error:
            reason = str(error) or type(error).__name__
            raise NpzError(f"{self._path.name}: {what} cannot be read ({reason}).") from error


def write(
    path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], *, compressed: bool = False
) -> None:
    """Write arrays by name. At every moment the path holds the whole old or the whole new file.

    Raises:
      OSError: there is no space, or no permission to write. The old file stays.
    """
    path = Path(path)
    content: dict[str, Any] = dict(arrays)
    stream, temporary = _partial(path.parent)
    try:
        with stream:
            (np.savez_compressed if compressed else np.savez)(stream, **content)
            # On disk before it gets its name: after a power failure the name would otherwise
            # belong to an empty file.
            stream.flush()
            os.fsync(stream.fileno())
            os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_abandoned(folder: Path) -> None:
    """Remove the unfinished files of writers that were killed.

    A running writer holds a lock on its file. The system releases the lock when the writer ends.
    """
    for path in folder.glob("*.partial"):
        if _PARTIAL.fullmatch(path.name) is None or fcntl is None:
            continue
        # OSError: another process holds the lock, or the file is already gone.
        with contextlib.suppress(OSError), path.open("r+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


def _partial(folder: Path) -> tuple[BinaryIO, Path]:
    """A new file whose name and lock mark it as unfinished."""
    while True:
        path = folder / f"{uuid.uuid4().hex}.partial"
        stream = path.open("xb")  # unlike tempfile, this respects the user's umask
        with contextlib.suppress(OSError):  # the file system may not support locks
            if fcntl is not None:
                fcntl.flock(stream, fcntl.LOCK_EX)
        if path.exists():  # otherwise `remove_abandoned` removed it before it was locked
            return stream, path
        stream.close()


def _end(stream: BinaryIO) -> tuple[int, int]:
    """The size of a zip file and the number of members that its end record states.

    A damaged directory may have lost some of them.
    """
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - 2**16 - 22))
    tail = stream.read()
    end = tail.rfind(b"PK\x05\x06")
    return size, int.from_bytes(tail[end + 10 : end + 12], "little")


def parse_header(head: bytes | bytearray) -> Member:
    """The header at the start of an array's bytes. Raises a ValueError if it is damaged."""
    if head[:6] != b"\x93NUMPY" or head[6:8] not in (b"\x01\x00", b"\x02\x00"):
        raise ValueError("it is no array in numpy's format 1 or 2")
    width = 2 if head[6] == 1 else 4
    start = 8 + width + int.from_bytes(head[8 : 8 + width], "little")
    found = _HEADER.fullmatch(head[8 + width : start]) if start <= len(head) else None
    if found is None:
        raise ValueError("its header is damaged, or that of a table")
    descr, fortran, shape = found.groups()
    if descr.endswith(b"O"):
        raise ValueError("it holds pickled objects, which are refused")
    if _DTYPE.fullmatch(descr) is None:
        raise ValueError(f"its dtype {descr.decode('ascii', 'replace')} is no number and no text")
    axes = tuple(int(size) for size in shape.split(b",") if size.strip())
    if len(axes) > 32:
        raise ValueError(f"it has {len(axes)} axes")
    return Member(np.dtype(descr.decode()), axes, fortran == b"True", start)


def _array(content: bytearray, member: Member) -> np.ndarray:
    flat = np.frombuffer(content, member.dtype, member.size, member.start)
    if member.dtype.kind == "U" and flat.size:
        codes = flat.view(member.dtype.byteorder + "u4")
        if codes.max() > 0x10FFFF or np.any((codes >= 0xD800) & (codes <= 0xDFFF)):
            raise ValueError("it holds numbers that are no characters")
    order = "F" if member.fortran_order else "C"
    array = flat.reshape(member.shape, order=order)  # type: ignore[call-overload]
    # Files of other programs may have unaligned numbers or the byte order of another machine.
    return np.require(array, member.dtype.newbyteorder("="), ["ALIGNED", "WRITEABLE"])
