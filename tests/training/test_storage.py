"""A disk that fills up, is read-only or limits files: one line, and the run goes on afterwards."""

import errno
import io
import logging
import os
import pathlib
import resource
import sys
import types

import numpy as np
import pytest

from gtx.training import CheckpointError, Checkpoints
from gtx.training.storage import named, only_the_error, reason

TREE = {
    "a": {"kernel": np.random.default_rng(0).random(40_000)},
    "b": np.arange(30.0),
    "c": np.arange(7.0),
}


def test_the_reason_is_that_of_the_system_however_deep_it_is():
    driver = ValueError("RESOURCE_EXHAUSTED: ... Failed to write [os_error_code='28']\n" * 40)
    try:
        try:
            raise OSError(errno.ENOSPC, "wrapped")
        except OSError as error:
            raise RuntimeError("from a thread") from error
    except RuntimeError as error:
        wrapped = error
    for error in (driver, wrapped, OSError(errno.ENOSPC, "plain")):
        said = reason(error, pathlib.Path("/tmp/not/there"))
        assert said.startswith("No space left on device (") and "MiB are free in /" in said
        assert "\n" not in said
    assert reason(OSError(errno.EROFS, "x"), pathlib.Path("/")) == "Read-only file system"
    assert reason(ValueError("first\nsecond"), pathlib.Path("/")) == "first"
    assert reason(KeyError(), pathlib.Path("/")) == "KeyError"


def test_only_errors_of_a_full_disk_without_a_file_get_a_name(tmp_path):
    with pytest.raises(OSError, match="No space left.*/log") as error, named(tmp_path / "log"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert error.value.errno == errno.ENOSPC
    for other in (FileNotFoundError(errno.ENOENT, "none", "mine"), ConnectionError("no")):
        with pytest.raises(OSError) as error, named(tmp_path / "log"):
            raise other
        assert error.value is other


def test_only_the_noise_of_a_failed_save_is_kept_back(monkeypatch):
    other = RuntimeError("mine")
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    logger = logging.getLogger("absl")
    logger.addHandler(handler)
    said = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    try:
        with only_the_error():
            logger.error("mine")
            record = logger.makeRecord("absl", 40, "/x/orbax/future.py", 1, "noise", (), None)
            logger.handle(record)
            for error in (RuntimeError("Event loop is closed"), other):
                sys.unraisablehook(types.SimpleNamespace(exc_value=error))
            assert sys.unraisablehook != said.append
    finally:
        logger.removeHandler(handler)
    assert text.getvalue() == "mine\n" and sys.unraisablehook == said.append
    assert [report.exc_value for report in said] == [other]


@pytest.fixture
def no_large_files():
    """Files of at most so many bytes, as a disk that is full after them."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [0, 300, 5_000, 100_000])
def test_a_checkpoint_that_does_not_fit_is_one_line_and_leaves_the_last_whole(
    tmp_path, no_large_files, size, capfd
):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(1, TREE, {"n": 1})
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    capfd.readouterr()
    no_large_files(size)
    try:
        with pytest.raises(CheckpointError) as error:
            checkpoints.save(2, TREE, {"n": 2})
    finally:
        no_large_files(resource.RLIM_INFINITY)
    assert "step_00000002: File too large. Earlier checkpoints are" in str(error.value)
    assert "\n" not in str(error.value) and capfd.readouterr().err == ""
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before
    checkpoints.save(2, TREE, {"n": 2})
    assert checkpoints.restore(TREE).host == {"n": 2}
