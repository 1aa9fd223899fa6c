"""Directories that are whole or not there: written aside, hashed, flushed, renamed."""

import hashlib
import json
import os
import pathlib
import shutil
import uuid
from collections.abc import Callable
from typing import Any

MANIFEST = "manifest.json"
SCHEMA = 1


class ManifestError(ValueError):
    """A directory does not hold what its manifest says."""


def write_directory(path: pathlib.Path, write: Callable[[pathlib.Path], None]) -> None:
    """Create the directory `path` with what `write(folder)` puts there, all or nothing.

    The files are written into a sibling `.tmp-...`, hashed into `manifest.json`, flushed to
    disk, and the sibling is renamed. A crash leaves at most the sibling.
    """
    folder = path.parent / f".tmp-{path.name}-{uuid.uuid4().hex[:8]}"
    try:
        folder.mkdir(parents=True)
        write(folder)
        files = {}
        for file in _files(folder):
            data = file.read_bytes()
            name = file.relative_to(folder).as_posix()
            files[name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        (folder / MANIFEST).write_text(_dump({"schema": SCHEMA, "files": files}))
        flush(folder)
        os.rename(folder, path)
        flush_entry(path.parent)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def verify_directory(path: pathlib.Path) -> None:
    """Check every file against the manifest.

    Raises:
      ManifestError: names the first file that is missing, altered or not listed.
    """
    try:
        text = (path / MANIFEST).read_text()
        manifest = json.loads(text)
        files, schema = manifest["files"], manifest["schema"]
        # The manifest cannot hold its own hash, but has one spelling and a hash of its content.
        if _dump({"schema": schema, "files": files}) != text:
            raise ManifestError(f"{path / MANIFEST} was altered.")
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, ManifestError):
            raise
        raise ManifestError(f"{path / MANIFEST} cannot be read: {error!r}") from error
    if schema != SCHEMA:
        raise ManifestError(f"{path} has schema {schema}; this version reads schema {SCHEMA}.")
    present = {file.relative_to(path).as_posix() for file in _files(path)} - {MANIFEST}
    for name in sorted(present - set(files)):
        raise ManifestError(f"{path / name} is not in the manifest.")
    for name, entry in files.items():
        try:
            data = (path / name).read_bytes()
        except OSError as error:
            raise ManifestError(f"{path / name} cannot be read: {error!r}") from error
        if len(data) != entry["bytes"]:
            raise ManifestError(f"{path / name} has {len(data)} bytes instead of {entry['bytes']}.")
        if hashlib.sha256(data).hexdigest() != entry["sha256"]:
            raise ManifestError(f"{path / name} was altered: its sha256 differs.")


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
    return sorted(entry for entry in folder.rglob("*") if entry.is_file())


def _dump(content: dict[str, Any]) -> str:
    """The one spelling of a manifest, with the hash of its content."""
    body = json.dumps(content, indent=1, sort_keys=True)
    digest = hashlib.sha256(body.encode()).hexdigest()
    return json.dumps({**content, "sha256": digest}, indent=1, sort_keys=True) + "\n"
