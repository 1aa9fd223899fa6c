"""Stores encodings on disk, under the content of the graphs and the version of the encoding.

A result has one file. While it is being computed, each finished part has its own file, so that an
interrupted run can continue. Several processes may do so at the same time.
"""

import glob
import hashlib
import logging
import os
import pathlib
import platform

import numpy as np
import scipy

from gtx.data import npz
from gtx.data.dataset import Dataset
from gtx.encodings.base import Encoding, EncodingError, Key
from gtx.encodings.engine.fingerprint import fingerprint

_LOG = logging.getLogger(__name__)
_SOURCE = "source"  # the member that names the graphs and the encoding of a file


def cache_file(
    cache_dir: str | os.PathLike[str],
    dataset: Dataset,
    encoding: Encoding,
    weights: np.ndarray | None = None,
) -> pathlib.Path:
    """The file for the encoding of these graphs. It does not depend on features and labels.

    The signs and bases of eigenvectors depend on the solver. For the symmetries "up_to_sign" and
    "up_to_basis" the name therefore also depends on the kind of processor and on the versions of
    numpy and scipy, which contain the solvers.
    """
    content = hashlib.sha256(fingerprint(encoding).encode())
    if encoding.symmetry in ("up_to_sign", "up_to_basis"):
        solvers = f"numpy {np.__version__} scipy {scipy.__version__}"
        content.update(f"{platform.machine()} {solvers}".encode())
    arrays = [dataset.node_ptr, dataset.edge_ptr, dataset.senders, dataset.receivers]
    for array in arrays if weights is None else [*arrays, weights]:
        content.update(str((array.dtype.str, array.shape)).encode())
        content.update(array.tobytes())
    return pathlib.Path(cache_dir) / f"{encoding.name}-{content.hexdigest()[:32]}.npz"


def part_file(file: pathlib.Path, graphs: np.ndarray) -> pathlib.Path:
    """The file for the columns of some graphs, until all of `file` is computed."""
    content = hashlib.sha256(graphs.astype(np.int64).tobytes()).hexdigest()
    return file.with_name(f"{file.stem}.{content[:16]}.part.npz")


def remove_parts(file: pathlib.Path) -> None:
    for part in file.parent.glob(f"{glob.escape(file.stem)}.*.part.npz"):
        part.unlink(missing_ok=True)


def read(file: pathlib.Path, expected: dict[Key, np.ndarray]) -> dict[Key, np.ndarray] | None:
    """The columns in `file`, or None if they cannot be read.

    A file that does not exist gives None. A file that is damaged, that holds the columns of other
    graphs, or that this user may not read gives None and a warning.

    Args:
      file: from `cache_file` or `part_file`.
      expected: arrays of the shape and dtype of each column.
    """
    try:
        with open(file, "rb") as stream:
            archive = npz.Archive(file, stream)
            arrays = {"/".join(key): array for key, array in expected.items()}
            arrays[_SOURCE] = np.array(file.stem)
            fits = all(
                (archive.member(name).shape, archive.member(name).dtype)
                == (array.shape, array.dtype)
                for name, array in arrays.items()
            )
            if fits and archive.read(_SOURCE).item() == file.stem:
                return {key: archive.read("/".join(key)) for key in expected}
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        _LOG.warning("%s may not be read (%s), so it is computed again", file, error)
        return None
    except (npz.NpzError, OSError) as error:
        _LOG.warning("%s is damaged (%s) and is computed again", file, error)
        return None
    _LOG.warning("%s does not fit its graphs and is computed again", file)
    return None


def make_folder(cache_dir: str | os.PathLike[str]) -> None:
    """Make the folder. It is called before anything is computed, so that no work is lost.

    Temporary files of writers that were killed are removed.

    Raises:
      EncodingError: the folder cannot be made, or files cannot be written to it.
    """
    folder = pathlib.Path(cache_dir)
    remedy = "Name a folder that you may write to, or leave out cache_dir"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = f"cache_dir {folder} is no folder ({error.strerror})"
        raise EncodingError(f"{reason}. {remedy}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise EncodingError(f"cache_dir {folder} is not yours to write to. {remedy}")
    npz.remove_abandoned(folder)


def write(file: pathlib.Path, columns: dict[Key, np.ndarray]) -> bool:
    """Write all of `columns` or nothing, also when another process writes the same file.

    Returns:
      Whether the file was written. If not, a warning states the reason. Nothing is raised, because
      the results exist in memory and can be used.
    """
    arrays = {"/".join(key): array for key, array in columns.items()}
    try:
        npz.write(file, {**arrays, _SOURCE: np.array(file.stem)})
    except OSError as error:
        _LOG.warning("%s cannot be written (%s): results are used, but not kept", file, error)
        return False
    return True
