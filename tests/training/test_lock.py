"""Two trainings in one folder: the second is told of the first and touches nothing."""

import contextlib
import datetime
import errno
import json
import os
import platform
import signal
import subprocess
import sys
import threading
import time

import filelock
import pytest

from gtx.training import FolderLockedError, folder_lock
from gtx.training.lock import check_lock
from tests.training.alone import ALONE

HOLD = """
import sys, time
from gtx.training.lock import folder_lock
with folder_lock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


@contextlib.contextmanager
def holder(folder):
    """A process of its own that holds the folder."""
    command = [sys.executable, "-c", ALONE + HOLD, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_second_is_told_who_holds_the_folder_and_since_when(tmp_path):
    folder = tmp_path / "run"
    with holder(folder) as process:
        before = files(folder)
        with pytest.raises(FolderLockedError) as error, folder_lock(folder):
            pass
        assert files(folder) == before
    message = str(error.value)
    assert f"{folder} is in use by another training" in message and "\n" not in message
    assert f"process {process.pid} on {platform.node()}" in message
    assert f"`kill {process.pid}`" in message and "another workdir" in message
    assert datetime.date.today().isoformat()[:4] in message


def test_a_killed_holder_leaves_no_lock(tmp_path):
    with holder(tmp_path / "run") as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (tmp_path / "run" / "run.lock.json").exists()  # it could not clean up
    with folder_lock(tmp_path / "run"):
        said = json.loads((tmp_path / "run" / "run.lock.json").read_text())
        assert said["pid"] == os.getpid() and said["host"] == platform.node()


def test_files_that_are_left_behind_do_not_lock(tmp_path):
    (tmp_path / "run.lock").write_text("")
    (tmp_path / "run.lock.json").write_text("{torn")
    with folder_lock(tmp_path):
        pass
    assert not (tmp_path / "run.lock.json").exists()


def test_the_holder_may_enter_again_and_another_thread_may_not(tmp_path):
    caught = []

    def enter():
        try:
            with folder_lock(tmp_path):
                caught.append("entered")
        except FolderLockedError as error:
            caught.append(str(error))

    with folder_lock(tmp_path):
        with folder_lock(tmp_path / "." / ".." / tmp_path.name):
            pass
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        check_lock(tmp_path)
    enter()
    assert "That is this process" in caught[0] and caught[1] == "entered"


def test_a_forked_child_neither_holds_nor_keeps_the_lock(tmp_path):
    # In a process without the threads of jax, which a fork would warn of.
    script = (
        "import os, sys, time\n"
        "from gtx.training.lock import FolderLockedError, folder_lock\n"
        "with folder_lock(sys.argv[1]):\n"
        "    if os.fork() == 0:\n"
        "        try:\n"
        "            with folder_lock(sys.argv[1]): print('both', flush=True)\n"
        "        except FolderLockedError: print('refused', flush=True)\n"
        "        time.sleep(60)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", ALONE + script, str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout.readline() == "refused\n"
        process.kill()
        process.wait()
        with folder_lock(tmp_path):
            pass
        os.killpg(process.pid, signal.SIGKILL)


def test_a_folder_that_was_made_in_vain_goes_away(tmp_path):
    with pytest.raises(ValueError, match="config"), folder_lock(tmp_path / "a" / "run"):
        raise ValueError("config")
    assert not (tmp_path / "a" / "run").exists()
    with folder_lock(tmp_path / "run"):
        (tmp_path / "run" / "result").write_text("")
    assert (tmp_path / "run" / "result").exists()
    (tmp_path / "mine").mkdir()
    with folder_lock(tmp_path / "mine"):
        pass
    assert (tmp_path / "mine").exists()


def test_a_folder_that_is_deleted_or_moved_meanwhile_is_noticed(tmp_path):
    with folder_lock(tmp_path / "run"):
        (tmp_path / "run").rename(tmp_path / "moved")
        with pytest.raises(FolderLockedError, match="deleted, moved or unlocked"):
            check_lock(tmp_path / "run")
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "run.lock").write_text("")  # of another training
        with pytest.raises(FolderLockedError):
            check_lock(tmp_path / "run")
    check_lock(tmp_path / "run")


@pytest.mark.parametrize(
    ("name", "reason"), [("file", "File exists"), ("file/run", "Not a directory")]
)
def test_a_folder_that_is_a_file_is_named(tmp_path, name, reason):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=f"cannot be used .{reason}") as error:
        with folder_lock(tmp_path / name):
            pass
    assert name in str(error.value)


def without_flock(monkeypatch, code):
    """As on a file system that cannot lock."""

    def refuse(*arguments):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("fcntl.flock", refuse)


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_where_the_file_system_cannot_lock_the_file_is_the_lock(tmp_path, monkeypatch, code):
    without_flock(monkeypatch, code)
    with folder_lock(tmp_path):
        with pytest.raises(FolderLockedError, match=f"process {os.getpid()}"):
            _ = _in_a_thread(lambda: folder_lock(tmp_path).__enter__())
    with folder_lock(tmp_path):
        pass


def test_a_soft_lock_of_a_process_that_is_gone_is_taken_over(tmp_path, monkeypatch):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with filelock.SoftFileLock(tmp_path / "of_this_format"):
        text = (tmp_path / "of_this_format").read_text()
    soft = tmp_path / "run.lock.soft"
    soft.write_text(text.replace(str(os.getpid()), str(gone.pid)))
    os.utime(soft, (time.time() - 100, time.time() - 100))
    without_flock(monkeypatch, errno.ENOLCK)
    with folder_lock(tmp_path):
        pass


def test_a_lock_of_another_machine_says_what_to_delete(tmp_path):
    with holder(tmp_path):
        said = {"pid": 17, "host": "elsewhere", "since": "2026-01-01"}
        (tmp_path / "run.lock.json").write_text(json.dumps(said))
        with pytest.raises(FolderLockedError, match="17 on elsewhere.*delete .*run.lock"):
            with folder_lock(tmp_path):
                pass
        (tmp_path / "run.lock.json").write_text("")
        with pytest.raises(FolderLockedError, match="has not written its name yet"):
            with folder_lock(tmp_path):
                pass


def _in_a_thread(function):
    """The outcome of a call in another thread."""
    errors = []

    def call():
        try:
            function()
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
