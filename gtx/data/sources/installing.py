"""Turns the published files of a source into the file that it reads."""

import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gtx.data import packed
from gtx.data.dataset import Dataset
from gtx.data.download import data_root, extract, fetch
from gtx.data.download.cache import locked
from gtx.data.exact import DatasetError
from gtx.data.sources.base import DataSource
from gtx.data.sources.published import Statistics

_LOG = logging.getLogger(__name__)
_FOLDER = "published"


def folder_of(source: DataSource, root: str | Path) -> Path:
    """The folder that the published files are downloaded to, below that of the file it is read."""
    return (data_root(root) / str(source.file)).parent / _FOLDER


def install(
    source: DataSource,
    root: str | Path,
    *,
    progress: bool = False,
    waiting: Callable[[], None] | None = None,
) -> Path:
    """Download a source's published files, check what they hold, and write the file that it reads.

    Args:
      source: a source that has `published` files; its own root is not read.
      root: the folder of all datasets.
      progress: show bars on standard error.
      waiting: called once if another process fetches the same.

    Returns:
      The path of the file.

    Raises:
      DatasetError: there is nothing to download, it cannot be, or it is not what was published.
    """
    known = source.published()
    if known is None or not known.files:
        raise DatasetError(
            f"{type(source).__name__}: nothing can be downloaded for it. It needs "
            f"{source.needs or 'nothing'}."
        )
    folder = folder_of(source, root)
    paths = fetch(known.files, folder, progress=progress, waiting=waiting)
    files = {remote.name: path for remote, path in zip(known.files, paths, strict=True)}
    target = data_root(root) / str(source.file)
    with locked(folder, waiting):
        source.convert(files, target)
    return target


def write(dataset: Dataset, target: Path, statistics: Statistics | None) -> None:
    """Write a dataset that was parsed from published files, if its sizes are the published ones.

    Raises:
      DatasetError: they are not.
    """
    wrong = [] if statistics is None else statistics.differences(dataset)
    if wrong:
        raise DatasetError(
            f"{target.name}: the published files hold {', '.join(wrong)}. They are not those that "
            "were published, or this version of gtx reads them wrongly; nothing was written."
        )
    packed.save(dataset, target)


def write_bytes(content: bytes, target: Path) -> None:
    """Write a file that a source reads. It is there as a whole or not at all.

    The folder is locked, so that no other process writes the same file meanwhile.
    """
    temporary = target.with_name(f"{target.name}.partial")
    temporary.write_bytes(content)
    os.replace(temporary, target)


def tell_differences(source: DataSource, dataset: Dataset) -> None:
    """Log in what a dataset that was read differs from the published one.

    It is no error: a person may train on a part of a dataset, but should know it.
    """
    known = source.published()
    wrong = known.statistics.differences(dataset) if known and known.statistics else []
    if wrong:
        _LOG.warning(
            "%s: the file holds %s: scores do not compare with published ones.",
            type(source).__name__,
            ", ".join(wrong),
        )


@contextmanager
def unpacked(
    path: Path, wanted: Callable[[str], bool] | None = None
) -> Iterator[Mapping[str, Path]]:
    """The files of an archive by their names in it, for as long as they are read."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".reading-") as temporary:
        folder = Path(temporary) / "files"
        files = extract(path, folder, wanted=wanted)
        yield {file.relative_to(folder).as_posix(): file for file in files}


def member(files: Mapping[str, Path], name: str) -> Path:
    """The file of an archive with this name, in whatever folder it is.

    Raises:
      DatasetError: there is none, or there are several.
    """
    found = [path for inner, path in files.items() if f"/{inner}".endswith(f"/{name}")]
    if len(found) != 1:
        raise DatasetError(
            f"the archive holds {len(found)} files {name!r}, and one was published. Fetch it again."
        )
    return found[0]
