import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import pytest
from rich.console import Console

from gtx.training import EarlyStopping, JsonLines, ProgressBar, TensorBoard
from gtx.training.hooks import ChunkReport, EpochTiming, RunInfo, signals
from gtx.training.hooks.signals import Interrupted, StopAtOnce, StopFlag, StopRequested


def entry(epoch, score=None):
    valid = None if score is None else {"loss": 1.0, "mae": score}
    return {
        "epoch": epoch,
        "step": 10 * epoch,
        "loss": 0.5,
        "learning_rate": 0.1,
        "grad_norm": 1.0,
        "valid": valid,
    }


def info(workdir=pathlib.Path(), history=(), mode="min"):
    return RunInfo(workdir, 5, 10, 10 * len(history), history, "mae", mode)


TIMING = EpochTiming(2.0, 0.5, 600)


@pytest.mark.parametrize(
    ("mode", "scores", "min_delta", "stops"),
    [
        ("min", [3, 2, 1], 0.0, False),
        ("min", [3, 2, 2.5], 0.0, False),
        ("min", [3, 2, 2.5, 2.0], 0.0, True),
        ("max", [3, 2, 1], 0.0, True),
        ("min", [3, 2.9, 2.8], 0.5, True),
        ("min", [3, 2.9, 2.4], 0.5, False),
        ("max", [1, 1.6, 2.0], 0.5, False),
        ("max", [1, 1.6, 2.0, 2.05], 0.5, True),
        ("min", [None, None, None, None], 0.0, False),
        ("min", [], 0.0, False),
    ],
)
def test_early_stopping_waits_for_a_better_score(mode, scores, min_delta, stops):
    hook = EarlyStopping(patience=2, min_delta=min_delta)
    hook.start(info(mode=mode))
    history = [entry(0, s) for s in scores]
    for one, score in zip(history, scores, strict=True):
        one["valid"] = {"mae": None if score is None else float(score)}
    history.insert(1, entry(9))  # an epoch without evaluation does not count
    assert bool(hook.stop(history)) == stops


def test_logs_are_cut_to_the_history_of_the_checkpoint(tmp_path):
    hook = JsonLines()
    hook.start(info(tmp_path))
    for epoch in (1, 2, 3):
        hook.epoch(entry(epoch, 1.0), TIMING)
    hook.end()
    with (tmp_path / "timing.jsonl").open("a") as file:
        file.write('{"epoch": 4, "tr')  # torn by a kill
    history = [entry(1, 1.0), entry(2, 1.0)]
    hook = JsonLines()
    hook.start(info(tmp_path, history))
    hook.epoch(entry(3, 7.0), TIMING)
    hook.end()
    read = [json.loads(s) for s in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert read == [*history, entry(3, 7.0)]
    times = [json.loads(s) for s in (tmp_path / "timing.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in times] == [1, 2, 3]
    assert times[0]["graphs_per_second"] == 300.0


def play(hook, history=()):
    hook.start(info(history=history))
    hook.chunk(ChunkReport(0, 5, 5, 100, 0.25, 0.1))
    hook.epoch(entry(1), TIMING)
    hook.epoch(entry(2, 0.75), TIMING)
    hook.epoch(entry(3, None) | {"valid": {"mae": None}}, TIMING)
    hook.end()


def test_without_a_terminal_there_is_one_line_per_evaluation():
    text = io.StringIO()
    play(ProgressBar(Console(file=text)), history=[entry(1, 0.5)])
    assert text.getvalue().splitlines() == [
        "resumed at step 10",
        "epoch 2/5  step 20  loss 0.5  valid mae 0.75  300 graphs/s",
        "epoch 3/5  step 30  loss 0.5  valid mae undefined  300 graphs/s",
    ]


def test_at_a_terminal_there_is_a_bar():
    text = io.StringIO()
    play(ProgressBar(Console(file=text, force_terminal=True, width=120)))
    assert "epoch 1/5" in text.getvalue() and "loss 0.25" in text.getvalue()
    assert "1,000 graphs/s" in text.getvalue()


def test_a_bar_says_that_the_first_program_compiles_and_a_finished_run_does_not():
    text = io.StringIO()
    bar = ProgressBar(Console(file=text, force_terminal=True, width=120))
    bar.start(info())
    bar.end()
    assert "compiling..." in text.getvalue()
    text.truncate(0)
    bar.start(info(history=[entry(epoch) for epoch in range(1, 6)]))
    bar.end()
    assert "epoch" in text.getvalue() and "compiling" not in text.getvalue()


def test_tensorboard_files_hold_the_scalars(tmp_path):
    pytest.importorskip("tensorboardX")
    hook = TensorBoard()
    hook.start(info(tmp_path))
    hook.epoch(entry(1, 0.5), TIMING)
    hook.end()
    (file,) = (tmp_path / "tensorboard").iterdir()
    written = file.read_bytes()
    for name in (b"train/loss", b"train/learning_rate", b"valid/mae", b"train/graphs_per_second"):
        assert name in written


def test_without_tensorboardx_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r"gtx-jax\[logging\]"):
        TensorBoard().start(info(tmp_path))


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
        "from gtx.training.hooks.signals import StopFlag\n"
        "with StopFlag():\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    print('first', flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    print('second', flush=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (143, "first\n")


LONG = "import hashlib; hashlib.pbkdf2_hmac('sha256', b'', b'', 2**31 - 1)"  # C code, for minutes


@pytest.mark.parametrize("kind", ["StopFlag", "StopAtOnce"])
def test_a_second_signal_ends_the_process_within_c_code_too(kind):
    script = (
        f"from gtx.training.hooks.signals import {kind}\n"
        f"with {kind}():\n    print('ready', flush=True)\n    {LONG}\n"
    )
    command = [sys.executable, "-c", script]
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
        "from gtx.training.hooks.signals import StopFlag\n"
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
    command = [sys.executable, "-W", "ignore", "-c", script]
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


def test_a_full_disk_is_named_by_the_log(tmp_path):
    hook = JsonLines()
    hook.start(info(tmp_path))
    hook._files[0].close()
    hook._files[0] = open("/dev/full", "a")
    with pytest.raises(OSError, match=r"No space left on device .*MiB are free.*/dev/full"):
        hook.epoch(entry(1, 1.0), TIMING)
    hook.end()
    assert not hook._files
