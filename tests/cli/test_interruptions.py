"""Signals, locks and full disks as the commands meet them: one line and a documented code."""

import os
import signal
import subprocess
import sys

import pytest

import gtx.encodings
from gtx import recipes, training
from gtx.cli import finish, fitting
from gtx.recipes import prepared
from gtx.training import folder_lock
from tests.cli import commands
from tests.training.alone import ALONE

SMALL = (
    "--config=configs/smoke.py",
    "--config.data.num_graphs=12",
    "--config.encodings.laplacian.num_vectors=2",
)
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1]


def interrupt(monkeypatch, place, name, signum):
    """Send a signal when a function is called, and fail if it then goes on."""

    def function(*args, **settings):
        os.kill(os.getpid(), signum)
        pytest.fail("went on")

    monkeypatch.setattr(place, name, function)


@pytest.mark.parametrize("signum", SIGNALS)
@pytest.mark.parametrize(
    ("place", "name"),
    [(prepared, "split"), (gtx.encodings, "apply"), (recipes, "model"), (finish, "write")],
    ids=["loading", "encoding", "building", "scoring"],
)
def test_a_signal_outside_of_training_is_one_line_and_leaves_nothing(
    place, name, signum, monkeypatch, tmp_path, capsys
):
    interrupt(monkeypatch, place, name, signum)
    monkeypatch.setattr(fitting, "fit", lambda *args, **settings: None)
    assert commands.run("train", *SMALL, f"--workdir={tmp_path / 'run'}") == 128 + signum
    said = capsys.readouterr().err
    name = signal.Signals(signum).name
    assert said == f"interrupted by {name}; start the same command again.\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["evaluate", "predict", "describe"])
def test_a_signal_ends_every_command_with_one_line(command, monkeypatch, tmp_path, capsys):
    interrupt(monkeypatch, training.Checkpoints, "restore_best", signal.SIGTERM)
    interrupt(monkeypatch, prepared, "split", signal.SIGTERM)
    flags = SMALL if command == "describe" else [f"--workdir={tmp_path}"]
    flags = [*flags, "--smiles=CCO"] if command == "predict" else flags
    assert commands.run(command, *flags) == 143
    assert capsys.readouterr().err == "interrupted by SIGTERM; start the same command again.\n"


def test_a_second_training_is_told_before_it_reads_data(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(recipes, "prepare", lambda config: pytest.fail("read"))
    script = (
        "import sys, time\nfrom gtx.training.lock import folder_lock\n"
        "with folder_lock(sys.argv[1]):\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", ALONE + script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        (tmp_path / "checkpoints").mkdir()
        (tmp_path / "checkpoints" / ".tmp-step_00000001-abc").mkdir()  # the first is saving
        assert commands.run("train", *SMALL, f"--workdir={tmp_path}") == 2
        error = capsys.readouterr().err
        assert commands.run("sweep", "--config=configs/sweeps/csl.py", f"--workdir={tmp_path}") == 2
        process.kill()
    assert error.startswith(f"error: {tmp_path} is in use by another training: process ")
    assert error.count("\n") == 1 and f"process {process.pid}" in error
    assert (tmp_path / "checkpoints" / ".tmp-step_00000001-abc").is_dir()


def test_commands_that_read_work_beside_a_training(trained_run, capsys, quick_compilation):
    with folder_lock(trained_run.workdir):
        assert commands.run("evaluate", f"--workdir={trained_run.workdir}", "--json=-") == 0
        assert commands.run("predict", f"--workdir={trained_run.workdir}", "--smiles=CCO") == 0


def test_a_full_disk_while_scores_are_written_is_one_line(monkeypatch, tmp_path, capsys):
    def write(*args, **settings):
        with open("/dev/full", "w") as file:
            file.write("scores")

    monkeypatch.setattr(finish, "write", write)
    monkeypatch.setattr(fitting, "fit", lambda *args, **settings: None)
    assert commands.run("train", *SMALL, f"--workdir={tmp_path / 'run'}") == 2
    error = capsys.readouterr().err
    assert "No space left on device" in error and str(tmp_path / "run") in error
    assert error.count("\n") == 1
