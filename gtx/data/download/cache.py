"""The folder of downloaded files: where it is, who writes in it, and whether it is intact."""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import filelock

from gtx.data.download.http import Advance, Patience, download, sha256_of
from gtx.data.download.remote import DownloadError, Remote
from gtx.data.download.sniff import wrong_kind

VARIABLE = "GTX_DATA"
_SUMS = "SHA256SUMS"  # the form of `sha256sum --check`
_LOCK = ".gtx.lock"


def data_root(root: str | Path = "") -> Path:
    """The folder of all datasets: `root`, else $GTX_DATA, else `data`, as in the recipes."""
    if str(root):
        return Path(root).expanduser()
    return Path(os.environ.get(VARIABLE) or "data").expanduser()


def fetch(
    files: Sequence[Remote],
    folder: str | Path,
    *,
    progress: bool = False,
    patience: Patience | None = None,
    waiting: Callable[[], None] | None = None,
) -> list[Path]:
    """Bring published files into a folder; what is there and intact is not downloaded again.

    A second process that fetches into the same folder waits for the first.

    Args:
      files: the files.
      folder: made if it does not exist.
      progress: show a bar for each file on standard error.
      patience: when a download gives up.
      waiting: called once if another process has the folder.

    Returns:
      The paths of the files, in their order.

    Raises:
      DownloadError: a file could not be downloaded, or differs from the published one.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder, waiting):
        sums = _sums(folder)
        for remote in files:
            path = folder / remote.name
            if path.is_file() and not _problem(path, remote, sums):
                sums[remote.name] = remote.sha256 or sums.get(remote.name) or sha256_of(path)
                continue
            with _bar(remote.name, progress) as advance:
                if remote.is_wheel:
                    _wheel(remote, path)
                else:
                    download(remote, folder, advance=advance, patience=patience)
            sums[remote.name] = sha256_of(path)
            _write_sums(folder, sums)
        _write_sums(folder, sums)
    return [folder / remote.name for remote in files]


def missing(files: Sequence[Remote], folder: str | Path) -> list[str]:
    """The names of the files that are not in the folder."""
    return [remote.name for remote in files if not (Path(folder) / remote.name).is_file()]


def check(files: Sequence[Remote], folder: str | Path) -> list[str]:
    """What is wrong with the files of a folder, a sentence each; empty if they are intact.

    A file is compared with the published sha256, or, if that is not known, with the one that it had
    when it was downloaded.
    """
    folder = Path(folder)
    sums = _sums(folder) if folder.is_dir() else {}
    problems = []
    for remote in files:
        path = folder / remote.name
        found = _problem(path, remote, sums) if path.is_file() else f"there is no {path}."
        if found:
            problems.append(found)
    return problems


@contextlib.contextmanager
def locked(folder: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Keep other processes from writing in the folder meanwhile."""
    lock = filelock.FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        if waiting is not None:
            waiting()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _problem(path: Path, remote: Remote, sums: dict[str, str]) -> str:
    wanted = remote.sha256 or sums.get(remote.name)
    if wanted:
        found = sha256_of(path)
        if found == wanted:
            return ""
        when = "was published" if remote.sha256 else "was downloaded"
        return f"{path}: its sha256 is {found}, and {wanted} {when}. Fetch it again."
    wrong = wrong_kind(path, remote.name)
    return f"{path} is {wrong}. Fetch it again." if wrong else ""


def _sums(folder: Path) -> dict[str, str]:
    path = folder / _SUMS
    if not path.is_file():
        return {}
    lines = path.read_text("utf-8", "replace").splitlines()
    found = (re.fullmatch(r"([0-9a-f]{64})  (\S+)", line) for line in lines)
    return {match[2]: match[1] for match in found if match}


def _write_sums(folder: Path, sums: dict[str, str]) -> None:
    text = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
    temporary = folder / f"{_SUMS}.part"
    temporary.write_text(text, "utf-8")
    os.replace(temporary, folder / _SUMS)


def _wheel(remote: Remote, target: Path) -> None:
    """Let pip download a wheel from the package index that it is set up for. Nothing is installed.

    pip compares the sha256, if there is one, before it keeps the file.
    """
    requirement = remote.url.removeprefix("pypi:")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".wheel-") as temporary:
        wanted = Path(temporary) / "wanted.txt"
        pinned = f" --hash=sha256:{remote.sha256}" if remote.sha256 else ""
        wanted.write_text(f"{requirement}{pinned}\n", "utf-8")
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-input",
            "--only-binary=:all:", f"--dest={temporary}", f"--requirement={wanted}",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(temporary).glob("*.whl"))
        if done.returncode or len(wheels) != 1:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise DownloadError(
                f"{remote.name}: pip could not download {requirement} "
                f"({said[-1] if said else 'without a reason'}). Put the wheel at {target} if you "
                "have it."
            )
        os.replace(wheels[0], target)


@contextlib.contextmanager
def _bar(name: str, progress: bool) -> Iterator[Advance | None]:
    if not progress:
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        "{task.description}",
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task(name, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)
