"""Unpacks a zip or tar of unknown origin: regular files, inside one folder, within limits.

The whole archive is refused if one of its members is suspicious, and then nothing of it is left.
Members are written as new files by this module; the archive never says how (no links, no owners, no
permissions).
"""

import bz2
import contextlib
import functools
import gzip
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gtx.data.exact import DatasetError

_CHUNK = 2**18
# Names that Windows gives to devices, in any folder and with any ending.
_DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in "123456789\u00b9\u00b2\u00b3"
}
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
# Beyond it deflate cannot compress at all: 1032 to 1.
_MAX_RATIO = 1100
_BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, NotImplementedError,
    RuntimeError, ValueError, OverflowError, IndexError, KeyError,
)  # fmt: skip


class ArchiveError(DatasetError):
    """An archive that is damaged, or holds what no archive of data holds."""


def extract(
    path: str | Path,
    folder: str | Path,
    *,
    max_bytes: int = 2**36,
    max_files: int = 10**6,
    wanted: Callable[[str], bool] | None = None,
) -> list[Path]:
    """Unpack the regular files of an archive into a new folder.

    Args:
      path: a `.zip`, `.whl`, `.tar`, `.tar.gz`, `.tgz`, `.tar.bz2` or `.tar.xz`; what it is decides
        its content, not its name.
      folder: must not exist. It appears when all files are in it.
      max_bytes: limit of the sizes of all members together, as they are when unpacked.
      max_files: limit of the number of members, folders included.
      wanted: tells by its name, with "/" between folders, whether a member is unpacked; by default
        all are. Those that are not are checked too, as far as the directory describes them.

    Returns:
      The paths of the files, sorted.

    Raises:
      ArchiveError: names the member and says what is wrong with it.
    """
    path, folder = Path(path), Path(folder)
    if os.path.lexists(folder):
        raise ArchiveError(f"{folder} exists. Remove it, or unpack {path.name} elsewhere.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".unpack-"))
    try:
        names = _Names(path.name, max_bytes, max_files)
        try:
            with path.open("rb") as stream:
                start = stream.read(4)
            members = _zip if start[:2] == b"PK" else _tar
            with members(path, names) as found:
                for name, size, reader in found:
                    if wanted is None or wanted(name):
                        _write(path.name, temporary / name, name, size, reader)
        except _BROKEN as error:
            if isinstance(error, DatasetError):
                raise
            raise ArchiveError(
                f"{path.name}: is damaged, or no archive ({error or type(error).__name__}). Fetch "
                "it again."
            ) from error
        temporary.chmod(0o777 & ~_umask())
        os.rename(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return sorted(file for file in folder.rglob("*") if file.is_file())


class _Names:
    """The members that an archive may have: each name, their number and their sizes."""

    def __init__(self, archive: str, max_bytes: int, max_files: int):
        self._archive, self._max_bytes, self._max_files = archive, max_bytes, max_files
        self._files: dict[str, str] = {}
        self._folders: dict[str, str] = {}
        self._bytes = self._count = 0

    def add(self, name: str, size: int, is_folder: bool) -> str:
        """The name with "/" between its parts; refuses a member that is not as it should be."""
        self._count += 1
        if self._count > self._max_files:
            raise ArchiveError(f"{self._archive}: holds more than {self._max_files:,} members.")
        if size < 0:
            raise self.refused(name, f"it has {size} bytes")
        self._bytes += size
        if self._bytes > self._max_bytes:
            raise ArchiveError(
                f"{self._archive}: unpacks to more than {self._max_bytes:,} bytes. If that is "
                "right, raise max_bytes."
            )
        if not isinstance(name, str):
            raise self.refused(repr(name), "its name is no text")
        plain = name.rstrip("/") if is_folder else name
        while plain.startswith("./"):
            plain = plain[2:]
        if is_folder and plain in ("", "."):
            return ""
        parts = plain.split("/")
        for part in parts:
            reason = _bad_part(part)
            if reason:
                raise self.refused(name, reason)
        if len(plain.encode()) > 1024:
            raise self.refused(name, "its name is too long")
        above = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
        for folder in above:
            self._place(folder, folder, self._folders, self._files)
        if is_folder:
            self._place(plain, name, self._folders, self._files)
        else:
            if _folded(plain) in self._files:
                raise self.refused(
                    name, f"another member has the name {self._files[_folded(plain)]!r}"
                )
            self._place(plain, name, self._files, self._folders)
        return plain

    def refused(self, name: str, reason: str) -> ArchiveError:
        shown = ascii(name[:80])
        return ArchiveError(
            f"{self._archive}: the member {shown} is refused: {reason}. Nothing of the archive is "
            "kept; fetch it again, or take it from another place."
        )

    def _place(self, plain: str, name: str, own: dict[str, str], other: dict[str, str]) -> None:
        # On some file systems names that differ in case, or in how accents are written, are one.
        folded = _folded(plain)
        if folded in other:
            raise self.refused(name, f"{other[folded]!r} is a file and a folder")
        if own.setdefault(folded, plain) != plain:
            raise self.refused(name, f"it is another spelling of {own[folded]!r}")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _bad_part(part: str) -> str:
    """What is wrong with one part of a name between slashes."""
    if part == "":
        return "its name is empty, absolute, or has two slashes in a row"
    if part in (".", ".."):
        return f"its name holds {part!r}"
    try:
        encoded = part.encode("utf-8")
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    if len(encoded) > 255:
        return "its name is too long"
    if any(unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") for character in part):
        return "its name holds characters that cannot be seen"
    if any(character in '\\:*?"<>|' for character in part):
        return "its name holds a character that is no part of a name on every system"
    if part[-1] in " ." or part[0] == " ":
        return "its name begins with a space, or ends with a space or a dot"
    if part.split(".")[0].rstrip().casefold() in _DEVICES:
        return "its name is that of a device"
    return ""


_Found = Iterator[tuple[str, int, Callable[[], Any]]]


@contextlib.contextmanager
def _zip(path: Path, names: _Names) -> Iterator[_Found]:
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        _check_count(path, len(infos))
        kept = []
        spans = []
        for info in infos:
            kind = stat.S_IFMT(info.external_attr >> 16)
            raw = info.orig_filename
            name = names.add(raw, info.file_size, info.is_dir())
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise names.refused(raw, "it is a link or a device")
            if info.is_dir() and (info.file_size or kind == stat.S_IFREG):
                raise names.refused(raw, "it is a folder with content")
            # Without the flag of UTF-8 the bytes of a name have the meaning of an old code page.
            if not info.flag_bits & 0x800 and not raw.isascii():
                raise names.refused(raw, "its name is not UTF-8")
            if info.flag_bits & 0x41:
                raise names.refused(raw, "it is encrypted")
            if info.compress_type not in _METHODS:
                raise names.refused(raw, f"its compression {info.compress_type} is unknown")
            if info.file_size > 2**20 and info.file_size > _MAX_RATIO * info.compress_size:
                if info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise names.refused(raw, "it cannot be as small as it is")
            if not 0 <= info.header_offset < path.stat().st_size:
                raise names.refused(raw, "it lies outside of the archive")
            spans.append((info.header_offset, info.header_offset + 30 + info.compress_size, raw))
            if not info.is_dir():
                kept.append((name, info))
        spans.sort()
        for (_, end, _), (start, _, raw) in zip(spans, spans[1:], strict=False):
            if start < end:
                raise names.refused(raw, "it lies inside another member")

        def opened() -> _Found:
            for name, info in kept:
                yield name, info.file_size, functools.partial(archive.open, info)

        yield opened()


@contextlib.contextmanager
def _tar(path: Path, names: _Names) -> Iterator[_Found]:
    # One pass over the stream: to go back would decompress it again.
    with (
        _decompressed(path) as stream,
        tarfile.open(fileobj=stream, mode="r|", errors="surrogateescape") as archive,
    ):

        def opened() -> _Found:
            empty = True
            for info in archive:
                empty = False
                if not (info.isreg() or info.isdir()) or info.issparse():
                    raise names.refused(info.name, "it is a link, a device or a file with holes")
                if not info.name.isascii():
                    try:
                        info.name.encode("utf-8")
                    except UnicodeEncodeError:
                        raise names.refused(info.name, "its name is not UTF-8") from None
                # tarfile drops the slashes at the end of a name.
                name = names.add(info.name, info.size, info.isdir())
                if info.isdir():
                    if info.size:
                        raise names.refused(info.name, "it is a folder with content")
                    continue

                def reader(info: tarfile.TarInfo = info) -> Any:
                    content = archive.extractfile(info)
                    assert content is not None, "only links have no content"
                    return content

                yield name, info.size, reader
            if empty:
                raise ArchiveError(f"{path.name}: holds nothing, or is no archive.")
            # Read to the end: only then is the checksum of the compression compared.
            while stream.read(_CHUNK):
                pass
            if stream.tail.strip(b"\0") or len(stream.tail) < 1024:
                raise ArchiveError(f"{path.name}: has no end. It was cut short; fetch it again.")

        yield opened()


@contextlib.contextmanager
def _decompressed(path: Path) -> Iterator[Any]:
    with path.open("rb") as raw:
        start = raw.read(6)
    opens: Callable[..., Any]
    if start[:2] == b"\x1f\x8b":
        opens = gzip.open
    elif start[:3] == b"BZh":
        opens = bz2.open
    elif start == b"\xfd7zXZ\x00":
        opens = lzma.open
    else:
        opens = open
    try:
        with opens(path, "rb") as stream:
            yield _Stream(stream)
    except OSError as error:  # gzip.BadGzipFile, and what bz2 raises
        if error.errno is not None:
            raise
        raise ArchiveError(f"{path.name}: is damaged ({error}). Fetch it again.") from error


class _Stream:
    """A stream that remembers its last bytes: a whole tar ends with two blocks of zeros."""

    def __init__(self, stream: Any):
        self._stream, self.tail = stream, b""

    def read(self, size: int = -1) -> bytes:
        found = self._stream.read(size)
        self.tail = (self.tail + found[-1024:])[-1024:]
        return found


def _check_count(path: Path, found: int) -> None:
    """Compare with the number in the end record: a damaged directory may have lost members."""
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - 2**16 - 22))
        tail = stream.read()
    end = tail.rfind(b"PK\x05\x06")
    promised = int.from_bytes(tail[end + 10 : end + 12], "little")
    if promised not in (0xFFFF, found & 0xFFFF):
        raise ArchiveError(
            f"{path.name}: its directory promises {promised} members and has {found}."
        )


def _write(archive: str, target: Path, name: str, size: int, reader: Callable[[], Any]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    done = 0
    with reader() as source, target.open("xb") as file:
        while chunk := source.read(_CHUNK):
            done += len(chunk)
            if done > size:
                break
            file.write(chunk)
    if done != size:
        raise ArchiveError(
            f"{archive}: the member {ascii(name[:80])} has {done:,} bytes or more, and "
            f"{size:,} were promised. Fetch it again."
        )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
