"""Encodings kept on disk, by the content of the graphs and the version of the encoding."""

import hashlib
import logging
import os
import pathlib
import tempfile
import zipfile
import zlib
from typing import Any

import numpy as np

from gtx.data.dataset import Dataset
from gtx.encodings.base import Encoding, Key, fingerprint

_LOG = logging.getLogger(__name__)


def cache_file(
    cache_dir: str | os.PathLike[str], dataset: Dataset, encoding: Encoding
) -> pathlib.Path:
    """Where the encoding of these graphs is kept. Features and labels do not matter to it."""
    content = hashlib.sha256(fingerprint(encoding).encode())
    for array in (dataset.node_ptr, dataset.edge_ptr, dataset.senders, dataset.receivers):
        content.update(str((array.dtype.str, array.shape)).encode())
        content.update(array.tobytes())
    return pathlib.Path(cache_dir) / f"{encoding.name}-{content.hexdigest()[:32]}.npz"


def read(file: pathlib.Path, expected: dict[Key, np.ndarray]) -> dict[Key, np.ndarray] | None:
    """The columns in `file`, None if there is none or, with a warning, if it is damaged.

    Args:
      file: from `cache_file`.
      expected: arrays of the shape and dtype of each column.
    """
    try:
        # Opened here, as numpy leaves it open when it is no zip file. Members carry checksums.
        with open(file, "rb") as stream, np.load(stream, allow_pickle=False) as stored:
            columns = {key: stored["/".join(key)] for key in expected}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        _LOG.warning("%s is damaged (%s) and is computed again", file, error)
        return None
    for key, array in expected.items():
        if columns[key].shape != array.shape or columns[key].dtype != array.dtype:
            _LOG.warning("%s does not fit its graphs and is computed again", file)
            return None
    return columns


def write(file: pathlib.Path, columns: dict[Key, np.ndarray]) -> None:
    """Write `columns` whole or not at all, also when another process writes the same."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=file.stem, suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as stream:
            arrays: dict[str, Any] = {"/".join(key): array for key, array in columns.items()}
            np.savez(stream, **arrays)
        os.replace(temporary, file)
    except BaseException:
        pathlib.Path(temporary).unlink(missing_ok=True)
        raise
