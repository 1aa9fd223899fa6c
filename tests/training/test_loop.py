import dataclasses
import json
import os
import pathlib
import signal
import threading

import numpy as np
import pytest

from gtx.batching import Resident, Streamed
from gtx.training import (
    Checkpoints,
    CheckpointWarning,
    EarlyStopping,
    FolderLockedError,
    Hook,
    Interrupted,
    JsonLines,
    NonFiniteError,
    ResumeError,
    ResumeWarning,
    fit,
)
from gtx.training.run import even_chunk
from tests.training import small

EPOCHS = 3


def train(workdir, hooks=(), **changes):
    graphs, valid, budget = small.parts()
    settings = dict(
        optimizer=small.optimizer(),
        num_epochs=EPOCHS,
        workdir=workdir,
        steps_per_call=4,
        evaluate_every=2,
        recipe={"config": {"dim": 8}, "tags": ["a", None, 1.5]},
        hooks=[JsonLines(), *hooks],
    )
    graphs, valid = changes.pop("graphs", graphs), changes.pop("valid", valid)
    model, task = changes.pop("model", small.Small()), small.task()
    budget = dataclasses.replace(budget, stratified=changes.pop("stratified", True))
    source = changes.pop("source", Resident)(graphs, budget)
    return fit(model, task, source, valid, **{**settings, **changes})


@dataclasses.dataclass
class Signal(Hook):
    """Sends a signal to this process after so many chunks."""

    chunks: int
    signum: int = signal.SIGTERM

    def chunk(self, report):
        self.chunks -= 1
        if self.chunks == 0:
            os.kill(os.getpid(), self.signum)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that was not interrupted."""
    workdir = tmp_path_factory.mktemp("whole")
    return workdir, train(workdir)


def same_run(a, b):
    (workdir_a, result_a), (workdir_b, result_b) = a, b
    assert small.same_bits(result_a.state, result_b.state)
    assert small.same_bits(result_a.variables, result_b.variables)
    assert result_a.history == result_b.history
    assert (result_a.best_score, result_a.best_epoch) == (result_b.best_score, result_b.best_epoch)
    lines = [(workdir / "metrics.jsonl").read_bytes() for workdir in (workdir_a, workdir_b)]
    assert lines[0] == lines[1]
    ends = [Checkpoints(workdir).path(18) / "host.json" for workdir in (workdir_a, workdir_b)]
    assert ends[0].read_bytes() == ends[1].read_bytes()
    return True


def test_a_run_compiles_two_programs_and_learns(whole):
    workdir, result = whole
    assert result.num_compilations == {"train": 1, "evaluate": 1}
    assert all(seconds > 0 for seconds in result.compile_seconds.values())
    assert int(result.state.step) == 18 == EPOCHS * 6
    assert result.history[-1]["loss"] < result.history[0]["loss"]
    assert [entry["valid"] is not None for entry in result.history] == [False, True, True]
    assert result.best_score == min(entry["valid"]["mae"] for entry in result.history[1:])
    assert result.stopped is None


def test_the_log_is_the_history_and_times_are_elsewhere(whole):
    workdir, result = whole
    lines = [json.loads(s) for s in (workdir / "metrics.jsonl").read_text().splitlines()]
    assert lines == result.history
    assert list(lines[0]) == ["epoch", "step", "loss", "learning_rate", "grad_norm", "valid"]
    times = [json.loads(s) for s in (workdir / "timing.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in times] == [1, 2, 3]
    assert all(line["train_seconds"] > 0 for line in times)


def test_a_run_that_is_interrupted_after_every_chunk_ends_with_the_same_bits(whole, tmp_path):
    interruptions = 0
    while True:
        hook = Signal(1, [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1][interruptions % 3])
        try:
            result = train(tmp_path, [hook])
            break
        except Interrupted as stop:
            assert stop.code == 128 + hook.signum
            assert "saved" in str(stop)
            interruptions += 1
    assert interruptions == 6  # after every chunk; the last one before its evaluation
    assert same_run(whole, (tmp_path, result))


def test_a_signal_after_the_last_chunk_is_not_lost(whole, tmp_path):
    class Last(Hook):
        def epoch(self, entry, timing):
            if entry["epoch"] == EPOCHS:
                os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Interrupted, match="saved .*step_00000018"):
        train(tmp_path, [Last()])
    assert same_run(whole, (tmp_path, train(tmp_path)))


def test_two_trainings_in_one_folder_are_one_too_many(tmp_path):
    errors = []

    class Second(Hook):
        def chunk(self, report):
            try:
                other = threading.Thread(target=lambda: errors.append(attempt()))
                other.start()
            finally:
                other.join()

    def attempt():
        try:
            return train(tmp_path)
        except FolderLockedError as error:
            return str(error)

    result = train(tmp_path, [Second()], num_epochs=1)
    assert len(result.history) == 1 and len(errors) == 2
    assert all("in use by another training" in error for error in errors)


def test_a_finished_run_is_not_trained_again(whole):
    workdir, result = whole
    again = train(workdir)
    assert again.num_compilations == {"train": 0, "evaluate": 0}
    assert same_run(whole, (workdir, again))


def test_a_damaged_checkpoint_costs_time_and_no_bits(whole, tmp_path):
    with pytest.raises(Interrupted):
        train(tmp_path, [Signal(5)])
    checkpoints = Checkpoints(tmp_path)
    newest = checkpoints.path(checkpoints.steps()[-1])
    (newest / "host.json").write_text("{}")
    with pytest.warns(CheckpointWarning, match="host.json"):
        result = train(tmp_path)
    assert same_run(whole, (tmp_path, result))


def test_more_epochs_go_on_from_the_end(tmp_path, whole):
    train(tmp_path, num_epochs=2)
    assert same_run(whole, (tmp_path, train(tmp_path)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(seeds=(1,)), "seed: 0 -> 1"),
        (dict(recipe={"config": {"dim": 9}, "tags": ["a", None, 1.5]}), "config.dim: 8 -> 9"),
        (dict(optimizer=small.optimizer(ema_decay=0.8)), "optimizer.ema_decay: 0.9 -> 0.8"),
        (dict(model=small.Small(rate=0.5)), r"model.rate: 0\.25 -> 0\.5"),
        (dict(model=small.Small(dim=4)), "model.dim: 8 -> 4"),
        (dict(valid=small.dataset(6)), "valid data: 6 graphs instead of 7"),
        (
            dict(graphs=small.dataset(22, seed=5)),
            "train data: structure differs, labels differ, column",
        ),
        (dict(select="last"), 'select: "best" -> "last"'),
        (dict(evaluate_every=1), "evaluate_every: 2 -> 1"),
        (dict(stratified=False), "stratified: true -> false"),
        (dict(num_epochs=2), "has trained 3 epochs, more than num_epochs=2"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_another_run_in_the_same_workdir_is_refused_by_name(whole, change, message):
    workdir, _ = whole
    before = {path: path.read_bytes() for path in workdir.rglob("*") if path.is_file()}
    with pytest.raises(ResumeError, match=message) as error:
        train(workdir, **change)
    assert "Choose another workdir" in str(error.value)
    assert {path: path.read_bytes() for path in before} == before


def test_other_conditions_are_a_warning_and_nearly_the_same_numbers(whole, tmp_path):
    with pytest.raises(Interrupted):
        train(tmp_path, [Signal(3)])
    with pytest.warns(ResumeWarning, match="steps_per_call: 4 -> 2"):
        result = train(tmp_path, steps_per_call=2)
    assert small.max_difference(result.state, whole[1].state) < 1e-5


def test_streaming_is_the_same_training(whole, tmp_path):
    result = train(tmp_path, source=Streamed)
    assert small.max_difference(result.state, whole[1].state) < 1e-5


def test_a_bad_label_stops_the_run_and_the_last_checkpoint_stays_good(tmp_path, whole):
    graphs = small.parts()[0]

    class Poison(Hook):
        def epoch(self, entry, timing):
            if entry["epoch"] == 3:
                graphs.targets.labels[4] = np.inf

    settings = dict(select="last", evaluate_every=1, checkpoint_every=2, num_epochs=4)
    with pytest.raises(NonFiniteError) as error:
        train(tmp_path, [Poison()], graphs=graphs, source=Streamed, **settings)
    assert 4 in error.value.graph_ids and 18 <= error.value.step < 24
    assert Checkpoints(tmp_path).steps() == [12]
    assert Checkpoints(tmp_path).restore_best().host["epoch"] == 3  # after that checkpoint


def test_early_stopping_ends_the_run_and_keeps_it_ended(tmp_path):
    hooks = [EarlyStopping(patience=1, min_delta=100.0)]
    first = train(tmp_path, hooks, num_epochs=9, evaluate_every=1, checkpoint_every=5)
    assert first.stopped == "no better mae in 1 evaluations" and len(first.history) == 2
    again = train(tmp_path, hooks, num_epochs=9, evaluate_every=1, checkpoint_every=5)
    assert again.stopped == first.stopped and again.history == first.history
    assert small.same_bits(again.state, first.state)


def test_without_validation_the_last_parameters_are_the_best(tmp_path):
    result = train(tmp_path, valid=None, num_epochs=1)
    assert result.best_score is None and result.num_compilations["evaluate"] == 0
    assert small.same_bits(result.variables, result.state.ema)
    best = Checkpoints(tmp_path).restore_best()
    assert best.recipe["config"] == {"dim": 8}
    assert set(best.arrays) == {"params", "batch_stats"}


def test_select_last_keeps_the_last_that_were_evaluated(tmp_path):
    hook = EarlyStopping(patience=9)
    result = train(tmp_path, [hook], select="last", num_epochs=2, evaluate_every=1)
    assert result.best_epoch == 2
    assert small.same_bits(result.variables, result.state.ema)


def test_the_best_are_written_with_the_next_checkpoint(tmp_path):
    there = []

    class Look(Hook):
        def epoch(self, entry, timing):
            there.append((tmp_path / "stopped" / "checkpoints").exists())

    settings = dict(select="last", evaluate_every=1, checkpoint_every=9)
    with pytest.raises(Interrupted):  # in the third epoch, which changes the parameters further
        train(tmp_path / "stopped", [Look(), Signal(5)], **settings)
    best = Checkpoints(tmp_path / "stopped").restore_best()
    assert there == [False, False] and best.host["epoch"] == 2
    assert small.same_bits(best.arrays, train(tmp_path / "two", num_epochs=2).variables)


def test_hooks_are_told_of_the_end_whatever_happens(tmp_path):
    calls = []

    class Recorder(Hook):
        def start(self, run):
            calls.append(("start", run.step))
            raise RuntimeError("no")

        def end(self):
            calls.append("end")

    with pytest.raises(RuntimeError, match="no"):
        train(tmp_path, [Recorder()])
    assert calls == [("start", 0), "end"]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_fit_works_outside_the_main_thread(tmp_path):
    results = []
    thread = threading.Thread(target=lambda: results.append(train(tmp_path, num_epochs=1)))
    thread.start()
    thread.join()
    assert len(results[0].history) == 1


def test_arguments_that_make_no_sense_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no graphs"):
        train(tmp_path, graphs=small.dataset().select([]))
    unlabelled = small.dataset()
    unlabelled.targets.labels[:] = np.nan
    with pytest.raises(ValueError, match="target sum has no label in the train part"):
        train(tmp_path, graphs=unlabelled)
    with pytest.raises(ValueError, match="evaluate_every must be at least 1"):
        train(tmp_path, evaluate_every=0)
    with pytest.raises(ValueError, match="a seed must lie in"):
        train(tmp_path, seeds=(-1,))
    assert not list(pathlib.Path(tmp_path).iterdir())


@pytest.mark.parametrize(
    ("steps", "at_most", "length"), [(6, 4, 3), (6, 64, 6), (7, 3, 3), (1, 9, 1), (100, 64, 50)]
)
def test_an_epoch_is_cut_into_the_fewest_even_chunks(steps, at_most, length):
    assert even_chunk(steps, at_most) == length
