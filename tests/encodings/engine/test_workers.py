"""Workers end with the process that started them, however it ends."""

import os
import signal
import subprocess
import sys
import time

import pytest

SCRIPT = """
import multiprocessing, pathlib, sys, time
from gtx.encodings.engine.workers import workers
from gtx.training.signals import StopAtOnce

if __name__ == "__main__":
    with StopAtOnce(), workers(2) as pool:
        pool.submit(int).result()
        for _ in range(2):
            pool.submit(time.sleep, 60)
        print(*(child.pid for child in multiprocessing.active_children()), flush=True)
        time.sleep(60)
"""


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_its_parent(signum, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        workers = [int(pid) for pid in process.stdout.readline().split()]
        assert workers and all(is_alive(pid) for pid in workers)
        process.send_signal(signum)
        code = process.wait(timeout=60)
        assert code == (-signum if signum == signal.SIGKILL else 128 + signum)
        deadline = time.monotonic() + 60  # on a machine with other work
        while any(is_alive(pid) for pid in workers) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not any(is_alive(pid) for pid in workers)
        process.kill()
