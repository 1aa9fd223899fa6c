"""Signals stop a run where nothing is half done."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from gtx.training import signals
from gtx.training.signals import Interrupted, StopAtOnce, StopFlag, StopRequested
from tests.training.alone import ALONE


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_only_sets_a_flag_and_handlers_are_put_back(signum):
    before = signal.getsignal(signum)
    with StopFlag() as flag:
        flag.check()
        os.kill(os.getpid(), signum)
        with pytest.raises(StopRequested) as stop:
            flag.check()
        assert stop.value.signum == signum
    assert signal.getsignal(signum) == before


def test_a_second_signal_ends_the_process_at_once():
    script = (
        "import os, signal, sys\n"
        "from gtx.training.signals import StopFlag\n"
        "with StopFlag():\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    print('first', flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    print('second', flush=True)\n"
    )
    command = [sys.executable, "-c", ALONE + script]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (143, "first\n")


LONG = "import hashlib; hashlib.pbkdf2_hmac('sha256', b'', b'', 2**31 - 1)"  # C code, for minutes


@pytest.mark.parametrize("kind", ["StopFlag", "StopAtOnce"])
def test_a_second_signal_ends_the_process_within_c_code_too(kind):
    script = (
        f"from gtx.training.signals import {kind}\n"
        f"with {kind}():\n    print('ready', flush=True)\n    {LONG}\n"
    )
    command = [sys.executable, "-c", ALONE + script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.5)  # until it is in there
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 128 + signal.SIGINT


def test_who_waits_long_is_told_for_what(monkeypatch, capsys):
    monkeypatch.setattr(signals, "PATIENCE", 0.05)
    with StopFlag():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.5)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("SIGTERM: stops when the work under way is done")
    with StopFlag():  # nothing is left of the listener before
        time.sleep(0.1)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_where_nothing_is_half_done_a_signal_is_raised(signum):
    before = signal.getsignal(signum)
    with pytest.raises(Interrupted, match="interrupted by SIG.*same command") as stop:
        with StopAtOnce():
            os.kill(os.getpid(), signum)
            pytest.fail("went on")
    assert stop.value.code == 128 + signum and signal.getsignal(signum) == before


def test_signals_of_a_forked_child_do_not_reach_its_parent():
    script = (
        "import os, signal, time\n"
        "from gtx.training.signals import StopFlag\n"
        "with StopFlag() as flag:\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        while True: time.sleep(0.05)\n"
        "    for _ in range(2):\n"
        "        time.sleep(0.3)\n"
        "        os.kill(child, signal.SIGTERM)\n"
        "    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)\n"
        "    time.sleep(0.3)\n"
        "    flag.check()\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", ALONE + script]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "143\n"), done.stderr


def test_a_listener_leaves_no_thread_and_no_file(tmp_path):
    def count():
        return threading.active_count(), len(os.listdir("/proc/self/fd"))

    before = count()
    for _ in range(5):
        with StopFlag(), StopAtOnce():
            pass
    assert count() == before
