"""Directories that are complete or do not exist: written, hashed, flushed to disk and renamed."""

import hashlib
import json
import os
import pathlib
import shutil
import uuid
from collections.abc import Callable
from typing import Any

MANIFEST = "manifest.json"
# Schema 1 had no name.
SCHEMA, READ_SCHEMAS = 2, (1, 2)
# No manifest of fewer than 100,000 files is larger.
_MAX_BYTES = 2**24


class ManifestError(ValueError):
    """The content of a directory differs from its manifest."""


def write_directory(
    path: pathlib.Path, write: Callable[[pathlib.Path], None], *, name: str | None = None
) -> None:
    """Create the directory `path` with the files that `write(folder)` writes, all or none.

    The files are written into a sibling `.tmp-...`, hashed into `manifest.json` and flushed to
    disk. Then the sibling is renamed. After a crash at most the sibling is left.

    Args:
      path: path of the directory.
      write: a function that fills a folder.
      name: final name of the directory for the manifest, if it is another than that of `path`.
    """
    folder = path.parent / f".tmp-{path.name}-{uuid.uuid4().hex[:8]}"
    try:
        folder.mkdir(parents=True)
        write(folder)
        files = {}
        for file in _files(folder):
            entry = {"bytes": file.stat().st_size, "sha256": _sha256(file)}
            files[file.relative_to(folder).as_posix()] = entry
        content = {"schema": SCHEMA, "name": name or path.name, "files": files}
        (folder / MANIFEST).write_text(_dump(content))
        # Flushed before and after the rename: otherwise a power failure could leave a directory
        # with its final name and empty files.
        flush(folder)
        os.rename(folder, path)
        flush_entry(path.parent)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def verify_directory(path: pathlib.Path, *, name: str | None = None) -> None:
    """Check every file against the manifest, and the manifest against the directory's name.

    Files outside of the directory are never read, whatever the manifest contains.

    Args:
      path: path of the directory.
      name: the name under which it was written; that of `path` if None.

    Raises:
      ManifestError: names the first file that is missing, altered or not listed.
    """
    manifest = _read_manifest(path)
    if manifest["schema"] >= 2 and manifest["name"] != (name or path.name):
        raise ManifestError(
            f"{path} was written as {manifest['name']!r:.100}. Give it back that name; under "
            "another it would be taken for something else."
        )
    files = manifest["files"]
    present = {}
    for file in _files(path):
        if file.is_symlink():
            raise ManifestError(f"{file} is a link. Put the file itself in its place.")
        present[file.relative_to(path).as_posix()] = file
    present.pop(MANIFEST, None)
    for listed in sorted(set(present) - set(files)):
        raise ManifestError(f"{path / listed} is not in the manifest.")
    for listed in sorted(set(files) - set(present)):
        raise ManifestError(f"{path} lacks {listed!r:.200}, which its manifest lists.")
    for listed, entry in files.items():
        file = present[listed]
        try:
            size = file.stat().st_size
            digest = _sha256(file) if size == entry["bytes"] else ""
        except OSError as error:
            raise ManifestError(f"{file} cannot be read: {error!r}.") from error
        if size != entry["bytes"]:
            raise ManifestError(f"{file} has {size} bytes instead of {entry['bytes']}.")
        if digest != entry["sha256"]:
            raise ManifestError(f"{file} was altered: its sha256 differs.")


def _read_manifest(path: pathlib.Path) -> dict[str, Any]:
    """The manifest of a directory, after a check of its types."""
    file = path / MANIFEST
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise ValueError(f"it has more than {_MAX_BYTES:,} bytes.")
        text = file.read_text(encoding="utf-8")
        manifest = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise ManifestError(f"{file} cannot be read: {error!r:.200}.") from error
    schema = manifest.get("schema") if isinstance(manifest, dict) else None
    if type(schema) is not int:
        raise ManifestError(f"{file} was altered: it is no manifest.")
    if schema not in READ_SCHEMAS:
        raise ManifestError(
            f"{path} has schema {schema}; this version of gtx reads {READ_SCHEMAS}. Read it with "
            "the version that wrote it."
        )
    kinds: dict[str, type] = {"schema": int, "files": dict}
    kinds |= {"name": str} if schema >= 2 else {}
    right = set(manifest) == {*kinds, "sha256"} and all(
        isinstance(manifest[key], kind) for key, kind in kinds.items()
    )
    # A manifest cannot contain the hash of its own file. It has a unique spelling instead, and the
    # hash of its content.
    if not right or _dump({key: manifest[key] for key in kinds}) != text:
        raise ManifestError(f"{file} was altered.")
    for listed, entry in manifest["files"].items():
        if (
            not isinstance(entry, dict)
            or set(entry) != {"bytes", "sha256"}
            or type(entry["bytes"]) is not int
            or not isinstance(entry["sha256"], str)
        ):
            raise ManifestError(f"{file} was altered: its entry of {listed!r:.100} is none.")
    return manifest


def flush(folder: pathlib.Path) -> None:
    """Fsync every file and directory below `folder`, itself included."""
    for file in _files(folder):
        flush_entry(file)
    for directory in [folder, *(entry for entry in folder.rglob("*") if entry.is_dir())]:
        flush_entry(directory)


def flush_entry(path: pathlib.Path) -> None:
    """Fsync one file or directory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _files(folder: pathlib.Path) -> list[pathlib.Path]:
    """The files and links below a folder; links are not followed."""
    found = []
    for parent, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        found += [pathlib.Path(parent, name) for name in (*files, *links)]
    return sorted(found)


def _sha256(file: pathlib.Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _dump(content: dict[str, Any]) -> str:
    """The unique spelling of a manifest, with the hash of its content."""
    body = json.dumps(content, indent=1, sort_keys=True)
    digest = hashlib.sha256(body.encode()).hexdigest()
    return json.dumps({**content, "sha256": digest}, indent=1, sort_keys=True) + "\n"
