"""The folder of downloads: nothing twice, nothing damaged, one process at a time."""

import hashlib
import sys
import threading
from pathlib import Path

import filelock
import pytest

from gtx.data.download import DownloadError, Remote, cache, check, data_root, fetch, missing
from tests.data.download.server import Server, send
from tests.data.download.test_http import CONTENT, SHA, SOON


@pytest.fixture
def server():
    with Server(send(CONTENT)) as running:
        yield running


def remotes(server, sha256=SHA):
    return [Remote(name, f"{server.address}/{name}", sha256) for name in ("a.bin", "b.bin")]


@pytest.mark.parametrize("pinned", [SHA, ""], ids=["pinned", "not pinned"])
def test_files_are_fetched_once_and_again_when_they_are_damaged(server, pinned, tmp_path):
    files, folder = remotes(server, pinned), tmp_path / "new" / "folder"
    assert missing(files, folder) == ["a.bin", "b.bin"] and len(check(files, folder)) == 2
    paths = fetch(files, folder, patience=SOON)
    assert [path.read_bytes() for path in paths] == [CONTENT] * 2
    assert fetch(files, folder, patience=SOON) == paths and len(server.requests) == 2
    assert check(files, folder) == [] and missing(files, folder) == []
    paths[1].write_bytes(CONTENT[:-1])
    (problem,) = check(files, folder)
    assert str(paths[1]) in problem and "sha256" in problem and "Fetch it again." in problem
    fetch(files, folder, patience=SOON)
    assert len(server.requests) == 3 and check(files, folder) == []


def test_a_file_that_a_person_put_there_is_used(server, tmp_path):
    files = remotes(server)[:1]
    (tmp_path / "a.bin").write_bytes(CONTENT)
    assert fetch(files, tmp_path) == [tmp_path / "a.bin"] and server.requests == []


def test_a_web_page_that_a_person_put_there_is_not_used(server, tmp_path):
    files = remotes(server, "")[:1]
    (tmp_path / "a.bin").write_bytes(b"<html>")
    assert "a web page" in check(files, tmp_path)[0]
    assert fetch(files, tmp_path, patience=SOON)[0].read_bytes() == CONTENT


def test_a_second_process_waits_for_the_first(server, tmp_path):
    waited = threading.Event()
    other = filelock.FileLock(tmp_path / ".gtx.lock", thread_local=False, is_singleton=False)
    other.acquire()
    thread = threading.Thread(
        target=fetch,
        args=(remotes(server), tmp_path),
        kwargs=dict(waiting=waited.set, patience=SOON),
    )
    thread.start()
    assert waited.wait(5) and server.requests == []
    other.release()
    thread.join(5)
    assert [path for path, _ in server.requests] == ["/a.bin", "/b.bin"]


def test_a_bar_is_shown_on_request(server, tmp_path, capsys):
    fetch(remotes(server), tmp_path, progress=True)
    assert "a.bin" in capsys.readouterr().err


def test_the_folder_of_all_data_is_given_or_named_by_the_system(monkeypatch, tmp_path):
    monkeypatch.setenv("GTX_DATA", str(tmp_path / "named"))
    assert data_root("here") == Path("here") and data_root() == tmp_path / "named"
    monkeypatch.delenv("GTX_DATA")
    assert data_root() == Path("data")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data_root("~/x") == tmp_path / "x"


def pip(monkeypatch, script):
    """Let this program stand for pip."""
    run = cache.subprocess.run
    program = [sys.executable, "-c", script]
    monkeypatch.setattr(
        cache.subprocess, "run", lambda command, **how: run([*program, *command], **how)
    )


SAVES = """
import pathlib, sys
wanted = pathlib.Path([a for a in sys.argv if "requirement=" in a][0].partition("=")[2])
folder = pathlib.Path([a for a in sys.argv if "dest=" in a][0].partition("=")[2])
folder.joinpath("x-1.0-py3-none-any.whl").write_bytes(b"PK" + wanted.read_bytes())
"""


def test_a_wheel_is_downloaded_by_pip_with_its_hash(monkeypatch, tmp_path):
    pip(monkeypatch, SAVES)
    digest = hashlib.sha256(f"PKx==1.0 --hash=sha256:{SHA}\n".encode()).hexdigest()
    (path,) = fetch([Remote("x.whl", "pypi:x==1.0", SHA)], tmp_path)
    assert path.read_bytes() == f"PKx==1.0 --hash=sha256:{SHA}\n".encode()
    assert digest in (tmp_path / "SHA256SUMS").read_text()
    assert not list(tmp_path.glob(".wheel-*"))


def test_a_wheel_that_pip_cannot_download_is_one_error(monkeypatch, tmp_path):
    pip(monkeypatch, "import sys; sys.exit('No matching distribution')")
    with pytest.raises(DownloadError, match=r"x==1.0 \(No matching distribution\). Put the wheel"):
        fetch([Remote("x.whl", "pypi:x==1.0")], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] in ([".gtx.lock"], [])
