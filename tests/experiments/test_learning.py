"""One budget for many models: the same for all, and no run that is there is repeated."""

import json
import os
import pathlib
import signal
import sys
import threading
import time

import pytest
from absl.flags import FlagValues

from experiments import learning
from gtx.cli.command import execute
from gtx.recipes import files
from gtx.training.hooks.base import ChunkReport, EpochTiming, RunInfo


def flags(*given):
    values = FlagValues()
    learning.define(values)
    values(["learning", *given])
    values.root = "data"
    return values


@pytest.mark.parametrize("name", learning.RECIPES)
def test_a_recipe_keeps_its_own_rate_and_batch_and_gets_the_budget(name):
    own = files.recipe(str(learning.ROOT / "configs" / f"{name}.py"))
    config = learning.budget(own, flags("--num_train=500", "--num_epochs=20", "--seed=3"))
    assert (config.data.num_train, config.training.num_epochs, config.seed) == (500, 20, 3)
    assert config.training.select == "best"
    assert config.batch.size == own.batch.size
    assert config.optimizer.learning_rate == own.optimizer.learning_rate
    assert config.optimizer.warmup_epochs == min(own.optimizer.warmup_epochs, 2.0)
    assert learning.budget(own, flags("--batch_size=8")).batch.size == 8


def test_what_was_scored_is_not_trained_again(tmp_path, monkeypatch, capsys):
    path, started = tmp_path / "learning.json", []

    def fake(command):
        started.append(next(one for one in command if one.startswith("--worker")))
        name = started[-1].removeprefix("--worker=")
        if name == "zinc_san":
            return 1
        key = learning.run_name(name, flags("--num_train=100"))
        path.write_text(json.dumps({**learning.scores(path), key: dict(valid_mae=0.5)}))
        return 0

    monkeypatch.setattr(learning, "run_process", fake)
    arguments = ["--only=zinc_gps,zinc_san,zinc_gt", "--num_train=100", f"--to={path}"]
    assert execute(learning.COMMAND, arguments) == 1
    assert started == ["--worker=zinc_gps", "--worker=zinc_san", "--worker=zinc_gt"]
    said = capsys.readouterr()
    assert "zinc_gps: validation MAE 0.500" in said.out
    assert said.err == "error: zinc_san failed; the reason is above.\n"
    assert execute(learning.COMMAND, arguments) == 1
    assert started[3:] == ["--worker=zinc_san"]


def test_a_signal_ends_the_process_too_which_saves_before():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a worker of xdist has none
    saves = "import signal, time\nsignal.signal(15, lambda *_: exit(3))\nprint(1, flush=True)\n"
    started = time.monotonic()
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        learning.run_process([sys.executable, "-c", saves + "time.sleep(600)"])
    signal.signal(signal.SIGINT, before)
    assert time.monotonic() - started < 500


def test_budgets_have_different_names():
    names = {
        learning.run_name("zinc_gps", flags(*given))
        for given in ([], ["--num_train=0"], ["--num_epochs=3"], ["--batch_size=4"], ["--seed=1"])
    }
    assert len(names) == 5


def test_a_recipe_that_is_not_there_is_refused(capsys):
    assert execute(learning.COMMAND, ["--only=zinc_foo"]) == 2
    assert "there is no configs/zinc_foo.py; name recipes of ZINC." in capsys.readouterr().err


def test_costs_count_the_chunks_of_an_epoch_and_not_its_evaluation(monkeypatch):
    now = iter([0.0, 1.0, 3.0, 5.0, 13.0, 20.0, 21.0, 22.0])
    monkeypatch.setattr(learning.time, "process_time", lambda: next(now))
    costs = learning.Costs()  # reads 0
    costs.start(RunInfo(pathlib.Path(), 2, 2, 0, (), "mae", "min"))  # 1
    report = ChunkReport(epoch=0, step=1, num_steps=1, num_graphs=1, loss=0.0, seconds=9.0)
    costs.chunk(report)  # 3
    costs.chunk(report)  # 5
    costs.epoch({}, EpochTiming(train_seconds=18.0))  # 13, after an evaluation
    costs.chunk(report)  # 20
    costs.epoch({}, EpochTiming(train_seconds=9.0))
    assert costs.cpu_seconds == [4.0, 7.0] and costs.seconds == [18.0, 9.0]
