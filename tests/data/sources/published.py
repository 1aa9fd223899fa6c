"""Small files in the form in which benchmarks publish theirs, and what is installed from them."""

import gzip
import io
import shutil
import zipfile

from gtx.data.sources import installing
from gtx.data.sources.published import Published


def install(source, root, files, monkeypatch, statistics=None):
    """Put files where `fetch` would have downloaded them, and install the source from them.

    Args:
      source: it reads below `root`.
      root: the folder of all datasets.
      files: paths or bytes by name.
      monkeypatch: lets these files be the published ones, whose sizes and hashes are others.
      statistics: the sizes of these files.
    """
    known = source.published()
    remotes = tuple(remote.__class__(remote.name, remote.url) for remote in known.files)
    changed = Published(files=remotes, statistics=statistics, licence="", citation="", page="")
    monkeypatch.setattr(type(source), "published", lambda self: changed)
    folder = installing.folder_of(source, root)
    folder.mkdir(parents=True)
    assert {remote.name for remote in remotes} == set(files)
    for name, content in files.items():
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        else:
            shutil.copy(content, folder / name)
    return installing.install(source, root)


def zipped(members):
    """A zip of texts or bytes by name, as bytes."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return raw.getvalue()


def gz(text):
    """A compressed text."""
    return gzip.compress(text.encode())
