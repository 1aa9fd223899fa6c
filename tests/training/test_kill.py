import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from gtx.training import Checkpoints
from gtx.training.checkpoint import read
from tests.training import killed_run
from tests.training.small import same_bits

LAST = 30


def start(workdir):
    command = [sys.executable, "-m", "tests.training.killed_run", str(workdir)]
    with open(f"{workdir}.log", "w") as log:  # not a pipe, which fills up and blocks
        return subprocess.Popen(command, stderr=log)


def newest(workdir):
    return max(Checkpoints(workdir).steps(), default=0)


def kill_after(workdir, aim, delay):
    process = start(workdir)
    while newest(workdir) < aim and process.poll() is None:
        time.sleep(0.002)
    time.sleep(delay)  # to somewhere within training, saving or pruning
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert aim <= newest(workdir) < LAST


def ending(workdir):
    last, best = read(Checkpoints(workdir).path(LAST)), Checkpoints(workdir).restore_best()
    log = (workdir / "metrics.jsonl").read_bytes()
    return (last.arrays, best.arrays), (last.host, best.host, log)


@pytest.mark.parametrize(
    "aims", [(10,), pytest.param(range(2, 26, 2), marks=pytest.mark.slow)], ids=["once", "often"]
)
def test_a_run_that_is_killed_ends_with_the_same_bits(tmp_path, aims):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    killed_run.run(whole)
    for aim, delay in zip(aims, np.random.default_rng(0).uniform(0, 0.08, 99), strict=False):
        kill_after(killed, aim, float(delay))
    process = start(killed)
    status = process.wait(timeout=120)
    log = (tmp_path / "killed.log").read_text()
    assert status == 0, log
    assert "going on from" in log and "damaged" not in log
    (arrays, texts), (expected_arrays, expected_texts) = ending(killed), ending(whole)
    assert same_bits(arrays, expected_arrays)
    assert texts == expected_texts
