"""One training at a time in a folder.

    <workdir>/run.lock         locked by the operating system, which unlocks it at process end
    <workdir>/run.lock.json    the process that holds it, for the message

The lock file itself is not removed. On a file system without locks, the existence of a file is the
lock. filelock removes such a file if its process was on this machine and has ended. A file of
another machine must be deleted by hand.
"""

import contextlib
import datetime
import errno
import json
import os
import pathlib
import platform
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import filelock

_LOCK, _HOLDER, _SOFT_LOCK = "run.lock", "run.lock.json", "run.lock.soft"
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL)
# Folders that this process has locked, with the thread and the lock file. The key contains the
# process id, because a forked process inherits this dict but not the lock.
_held: dict[tuple[int, pathlib.Path], tuple[int, os.stat_result]] = {}


class FolderLockedError(RuntimeError):
    """Another training is running in the folder."""


@contextlib.contextmanager
def folder_lock(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Lock `folder` against other trainings, without waiting. It is made if it does not exist.

    The thread that holds the lock may enter it again. If the folder was made for the lock and
    nothing was written to it, it is removed at the end.

    Raises:
      FolderLockedError: another process or thread holds the lock; the message names it.
      OSError: the folder cannot be made or written to.
    """
    folder = pathlib.Path(folder)
    place = (os.getpid(), folder.resolve())
    if place in _held and _held[place][0] == threading.get_ident():
        yield
        return
    made = _make(folder)
    lock = _acquire(folder)
    _held[place] = (threading.get_ident(), os.stat(folder / _LOCK))
    try:
        with contextlib.suppress(OSError):  # the lock is valid even if the disk is full
            (folder / _HOLDER).write_text(json.dumps(_this_process()) + "\n")
        yield
    finally:
        del _held[place]
        with contextlib.suppress(OSError):
            (folder / _HOLDER).unlink(missing_ok=True)
            if made and {path.name for path in folder.iterdir()} <= {_LOCK, _SOFT_LOCK}:
                (folder / _LOCK).unlink()
        lock.release()
        if made:
            with contextlib.suppress(OSError):  # the folder is not empty: a run wrote to it
                folder.rmdir()


def check_lock(folder: str | os.PathLike[str]) -> None:
    """Raise if a folder that this process has locked was deleted or moved.

    Raises:
      FolderLockedError: to write now would start a second run in the old place.
    """
    folder = pathlib.Path(folder)
    held = _held.get((os.getpid(), folder.resolve()))
    if held is None:
        return
    with contextlib.suppress(OSError):
        if os.path.samestat(held[1], os.stat(folder / _LOCK)):
            return
    raise FolderLockedError(
        f"{folder} was deleted, moved or unlocked while it was trained in. Put it back and start "
        "the same command again, which goes on from its latest checkpoint."
    )


def _make(folder: pathlib.Path) -> bool:
    """Make the folder if it does not exist; True if it was made."""
    if folder.is_dir():
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(folder, error) from error
    return True


def _acquire(folder: pathlib.Path) -> filelock.BaseFileLock:
    path = folder / _LOCK
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "flock not supported", UserWarning)
        lock: filelock.BaseFileLock = filelock.FileLock(path, timeout=0)
        try:
            try:
                lock.acquire()
            except OSError as error:
                if isinstance(error, filelock.Timeout) or error.errno not in _NO_LOCKS:
                    raise
                # Another file name, because the first file exists by now.
                lock = filelock.SoftFileLock(folder / _SOFT_LOCK, timeout=0)
                lock.acquire()
        except filelock.Timeout:
            raise FolderLockedError(_in_use(folder, lock.lock_file)) from None
        except OSError as error:
            raise _unusable(folder, error) from error
    return lock


def _in_use(folder: pathlib.Path, lock_file: str) -> str:
    try:
        holder = json.loads((folder / _HOLDER).read_text())
        pid, host, since = int(holder["pid"]), str(holder["host"]), str(holder["since"])
    except (OSError, ValueError, KeyError, TypeError):
        return (
            f"{folder} is in use by another training, which has not written its name yet. Wait "
            "for it to end, or choose another workdir."
        )
    who = f"{folder} is in use by another training: process {pid} on {host}, since {since}."
    if host != platform.node():
        return (
            f"{who} Wait for it to end, or choose another workdir. If that process is gone, "
            f"delete {lock_file}."
        )
    if pid == os.getpid():
        return f"{who} That is this process. Choose another workdir for each call of fit."
    if not _is_alive(pid):
        return f"{who} That process is gone, but one that it started still runs. Stop that one."
    return f"{who} Wait for it to end, stop it with `kill {pid}`, or choose another workdir."


def _this_process() -> dict[str, Any]:
    now = datetime.datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    return {"pid": os.getpid(), "host": platform.node(), "since": now}


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _unusable(folder: pathlib.Path, error: OSError) -> OSError:
    reason = error.strerror or str(error)
    return type(error)(
        error.errno, f"the folder of the run cannot be used ({reason}); choose another", str(folder)
    )
