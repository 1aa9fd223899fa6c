"""Several seeds as one program: each learns what a run with its seed alone learns.

The sums of the two programs are taken in another order, so they agree to rounding and not in every
bit. Adam divides a gradient by its own size: where one is 0 but for rounding, its update is as
large as any other, and the two runs part there. So they are compared under SGD with momentum.
"""

import functools
import json
import os
import signal
from typing import ClassVar

import jax
import numpy as np
import optax
import pytest

from gtx.batching import Resident, Streamed
from gtx.training import (
    CheckpointError,
    Checkpoints,
    Evaluator,
    Hook,
    Interrupted,
    JsonLines,
    NonFiniteError,
    Optimizer,
    ResumeError,
    WarmupCosine,
    fit,
)
from gtx.training.progress import Progress
from gtx.training.replicas import Replica, furthest_behind
from tests.training import small

SEEDS = (3, 5)
EPOCHS = 3
SGD = Optimizer(
    functools.partial(optax.sgd, momentum=0.9), WarmupCosine(0.01, num_steps=40), 1.0, 0.9
)


def train(workdir, seeds=SEEDS, hooks=(), source=Resident, num_epochs=EPOCHS, **settings):
    graphs, valid, budget = small.parts()
    return fit(
        small.Small(),
        small.task(),
        source(settings.pop("graphs", graphs), budget),
        valid,
        optimizer=SGD,
        num_epochs=num_epochs,
        workdir=workdir,
        seeds=seeds,
        steps_per_call=4,
        hooks=[JsonLines(), *hooks],
        **settings,
    )


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("together")
    return workdir, train(workdir)


@pytest.fixture(scope="module")
def apart(tmp_path_factory):
    return {seed: train(tmp_path_factory.mktemp("apart"), seeds=(seed,)) for seed in SEEDS}


def nearly(replica, alone):
    """Whether a replica is what the run with its seed alone is, to rounding."""
    assert small.max_difference(replica.state, alone.state) < 1e-5
    assert small.max_difference(replica.variables, alone.variables) < 1e-5
    assert replica.best_epoch == alone.best_epoch
    for one, two in zip(replica.history, alone.history, strict=True):
        assert (one["epoch"], one["step"]) == (two["epoch"], two["step"])
        assert one["learning_rate"] == two["learning_rate"]
        np.testing.assert_allclose(one["loss"], two["loss"], rtol=1e-5)
        np.testing.assert_allclose(one["valid"]["mae"], two["valid"]["mae"], rtol=1e-5)
    return True


def test_each_replica_learns_what_its_seed_alone_learns(together, apart):
    workdir, result = together
    assert [replica.seed for replica in result.replicas] == list(SEEDS)
    assert result.num_compilations == {"train": 1, "evaluate": 1}
    for replica in result.replicas:
        assert nearly(replica, apart[replica.seed])
    one, two = result.replicas
    assert small.max_difference(one.state.params, two.state.params) > 0.1


def test_the_result_has_the_evaluator_with_its_program(together):
    result, valid = together[1], small.parts()[1]
    for replica in result.replicas:
        again = result.evaluator(replica.variables, valid)
        assert again.metrics["mae"] == replica.best_score
    assert result.evaluator.program.num_compilations == 1


def test_each_replica_has_a_best_checkpoint_in_a_folder_of_its_own(together):
    workdir, result = together
    assert not (workdir / "checkpoints" / "best").exists()
    for replica in result.replicas:
        best = Checkpoints(workdir / f"seed_{replica.seed}").restore_best()
        assert small.same_bits(best.arrays["params"], replica.variables["params"])
        assert best.host["score"] == replica.best_score
        assert best.host["epoch"] == replica.best_epoch


def test_the_folder_of_several_seeds_says_which_folders_have_parameters(together):
    workdir, _ = together
    with pytest.raises(CheckpointError, match=r"several seeds.*one of them: .*seed_3, .*seed_5;"):
        Checkpoints(workdir).restore_best()


def test_no_run_starts_in_the_folder_of_one_seed(together):
    workdir, _ = together
    best = Checkpoints(workdir / "seed_3").restore_best()
    with pytest.raises(ResumeError, match="seed_3 belongs to the run of several seeds in .*Give"):
        train(workdir / "seed_3", seeds=(3,))
    again = Checkpoints(workdir / "seed_3").restore_best()
    assert small.same_bits(best.arrays["params"], again.arrays["params"])


def test_the_log_has_a_line_for_each_seed_and_epoch(together):
    workdir, result = together
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    expected = [
        {"seed": replica.seed, **replica.history[epoch]}
        for epoch in range(EPOCHS)
        for replica in result.replicas
    ]
    assert lines == expected
    assert len((workdir / "timing.jsonl").read_text().splitlines()) == EPOCHS


def test_replicas_that_are_interrupted_end_with_the_same_bits(together, tmp_path):
    class Stop(Hook):
        def chunk(self, report):
            if report.step == 9:
                os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Interrupted):
        train(tmp_path, hooks=[Stop()])
    result = train(tmp_path)
    assert result.resumed_from == 9
    for one, two in zip(result.replicas, together[1].replicas, strict=True):
        assert small.same_bits(one.state, two.state)
        assert small.same_bits(one.variables, two.variables)
        assert one.history == two.history
    assert (tmp_path / "metrics.jsonl").read_bytes() == (together[0] / "metrics.jsonl").read_bytes()


def test_a_replica_that_is_stopped_stands_still_while_the_others_go_on(together, apart, tmp_path):
    losses = [replica.history[0]["loss"] for replica in together[1].replicas]

    class Early(Hook):
        """Stops the first seed after one epoch."""

        def stop(self, history):
            return "enough" if history and history[0]["loss"] == losses[0] else None

    result = train(tmp_path, hooks=[Early()])
    first, second = result.replicas
    assert (first.stopped, second.stopped) == ("enough", None)
    assert len(first.history) == 1 and int(first.state.step) == 6
    assert small.same_bits(second.state, together[1].replicas[1].state)
    # Without what stopped it, it catches up with the other and ends where it would have.
    again = train(tmp_path)
    for one, two in zip(again.replicas, together[1].replicas, strict=True):
        assert small.same_bits(one.state, two.state) and one.history == two.history


class Uneven(Resident):
    """Its epochs have a step less under an odd seed."""

    planned: ClassVar[list] = []

    def plan(self, seed, epoch):
        self.planned.append((seed, epoch))
        rows = super().plan(seed, epoch)
        return rows[: len(rows) - seed % 2]


def test_plans_of_different_lengths_are_each_walked_to_the_end(tmp_path):
    result = train(tmp_path, seeds=(2, 3), source=Uneven, num_epochs=2)
    steps = [[entry["step"] for entry in replica.history] for replica in result.replicas]
    assert steps == [[6, 12], [5, 10]]
    assert [int(replica.state.step) for replica in result.replicas] == [12, 10]
    # And each is made once: that of a large dataset takes long.
    assert sorted(Uneven.planned) == [(2, 0), (2, 1), (3, 0), (3, 1)]


def test_a_bad_step_is_named_with_its_seed(tmp_path):
    graphs, _, budget = small.parts()
    graphs.targets.labels[4] = np.inf
    rows = Streamed(graphs, budget).plan(SEEDS[0], 0)
    step = int(np.argmax((rows == 4).any(axis=(1, 2))))
    with pytest.raises(NonFiniteError, match="seed [35]: the loss.* is not finite") as error:
        train(tmp_path, graphs=graphs, source=Streamed)
    assert 4 in error.value.graph_ids
    if str(error.value).startswith(f"seed {SEEDS[0]}"):
        assert error.value.step == step


class Apart(Resident):
    """The first seed is never shown graph 4."""

    def plan(self, seed, epoch):
        rows = super().plan(seed, epoch)
        return np.where((rows == 4) & (seed == SEEDS[0]), -1, rows)


@pytest.fixture(scope="module")
def diverged(tmp_path_factory):
    """Graph 4 has an infinite label, so the second seed diverges in its first epoch."""
    graphs, _, _ = small.parts()
    graphs.targets.labels[4] = np.inf
    workdir = tmp_path_factory.mktemp("diverged")
    return graphs, workdir, train(workdir, graphs=graphs, source=Apart)


def test_a_replica_that_diverges_does_not_stop_the_others(diverged, tmp_path):
    graphs, workdir, result = diverged
    fine, bad = result.replicas
    assert fine.diverged is None and len(fine.history) == EPOCHS
    assert bad.diverged == bad.stopped and bad.diverged.startswith("seed 5: the loss")
    undisturbed = train(tmp_path, source=Apart).replicas[0]
    assert small.same_bits(fine.state, undisturbed.state)
    assert fine.history == undisturbed.history
    # It stays where it was before the bad step, and all its numbers are finite.
    rows = Apart(graphs, small.parts()[2]).plan(SEEDS[1], 0)
    step = int(np.argmax((rows == 4).any(axis=(1, 2))))
    assert int(bad.state.step) == step and bad.history == []
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(bad.state.params))


def test_a_run_with_a_diverged_replica_goes_on_and_ends_the_same(diverged, tmp_path):
    graphs, _, expected = diverged

    class Stop(Hook):
        def chunk(self, report):
            if report.step == 9:
                os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Interrupted):
        train(tmp_path, graphs=graphs, source=Apart, hooks=[Stop()])
    for _ in range(2):  # and once more when it is at its end
        result = train(tmp_path, graphs=graphs, source=Apart)
        for one, two in zip(result.replicas, expected.replicas, strict=True):
            assert small.same_bits(one.state, two.state)
            assert (one.history, one.diverged) == (two.history, two.diverged)


def test_a_replica_whose_predictions_are_not_finite_has_diverged(tmp_path, monkeypatch):
    whole = Evaluator.__call__

    def call(self, variables, dataset, *arguments, **more):
        found = whole(self, variables, dataset, *arguments, **more)
        if float(variables["params"]["last"]["bias"][0]) == wrong:
            raise NonFiniteError("1 prediction is not finite.", None, np.array([0]), ["prediction"])
        return found

    wrong = None
    first = train(tmp_path / "fine", num_epochs=1).replicas
    wrong = float(first[1].variables["params"]["last"]["bias"][0])
    monkeypatch.setattr(Evaluator, "__call__", call)
    one, two = train(tmp_path / "bad", num_epochs=1).replicas
    assert one.diverged is None and len(one.history) == 1
    assert two.diverged == "seed 5: validation in epoch 1: 1 prediction is not finite."


def test_other_seeds_in_the_same_folder_are_refused(together):
    with pytest.raises(ResumeError, match=r"seed: \[3, 5\] -> \[3, 6\]"):
        train(together[0], seeds=(3, 6))
    with pytest.raises(ResumeError, match=r"seed: \[3, 5\] -> 3"):
        train(together[0], seeds=(3,))


def test_seeds_that_make_no_sense_are_refused(tmp_path, together):
    with pytest.raises(ValueError, match="several different ones"):
        train(tmp_path, seeds=(1, 1))
    with pytest.raises(ValueError, match="one seed or several"):
        train(tmp_path, seeds=())
    with pytest.raises(ValueError, match=r"2 seeds, and variables .* result.replicas\[0\].vari"):
        _ = together[1].variables


def test_parameters_to_start_from_are_part_of_what_a_run_is(together, tmp_path):
    start = together[1].replicas[0].variables
    result = train(tmp_path, init=start, num_epochs=1, seeds=(0,))
    assert small.max_difference(result.state.params, start["params"]) < 0.5
    with pytest.raises(ResumeError, match="init: .* -> null"):
        train(tmp_path, num_epochs=1, seeds=(0,))


def test_the_replicas_that_stand_furthest_behind_are_trained_first():
    def at(epoch, position=0, stopped=None):
        progress = Progress(epoch=epoch, position=position)
        return Replica(0, Checkpoints("nowhere"), progress, stopped=stopped)

    one, two, three = at(2), at(2, 3), at(1, stopped="enough")
    assert furthest_behind([two, one, three], 4) == [one]
    assert furthest_behind([two, three, at(5)], 5) == [two]
    assert furthest_behind([three], 5) == furthest_behind([one], 2) == []
