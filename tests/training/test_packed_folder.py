"""Training on a memory-mapped folder: the numbers of the same graphs in memory, and its memory."""

import json
import subprocess
import sys

import numpy as np
import pytest

from gtx.batching import Streamed, fit_budget
from gtx.data import packed_folder
from gtx.training import fit
from tests.training import small


def train(workdir, dataset, **changes):
    train_part, valid = dataset.part("train"), dataset.part("valid")
    source = Streamed(train_part, fit_budget(train_part, 4, num_tiers=2, cover=[valid]))
    settings = dict(optimizer=small.optimizer(), num_epochs=2, workdir=workdir, steps_per_call=2)
    return source, fit(small.Small(), small.task(), source, valid, **settings | changes)


@pytest.mark.usefixtures("quick_compilation")
def test_batches_parameters_and_a_resumed_run_are_those_of_graphs_in_memory(tmp_path):
    split = np.random.default_rng(0).permutation([0] * 18 + [1] * 4)
    given = small.dataset(22).with_split(split)
    packed_folder.save(given, tmp_path / "mine")
    opened = packed_folder.load(tmp_path / "mine")
    mine, result = train(tmp_path / "one", opened)
    memory, expected = train(tmp_path / "two", given)
    rows = mine.plan(0, 1)
    assert np.array_equal(rows, memory.plan(0, 1))
    assert small.same_bits(mine.chunk(rows), memory.chunk(rows))
    assert small.same_bits(result.state, expected.state)
    assert result.history == expected.history
    # The run in memory, with one more epoch, goes on from the folder, and the other way round.
    _, longer = train(tmp_path / "two", opened, num_epochs=3)
    _, other = train(tmp_path / "one", given, num_epochs=3)
    assert longer.resumed_from and other.resumed_from
    assert small.same_bits(longer.state, other.state)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["folder", "shards"])
def test_memory_stays_bounded_on_a_folder_several_times_larger(form):
    program = [sys.executable, "-m", "tests.training.packed_folder_run", form]
    result = subprocess.run(program, capture_output=True, text=True, timeout=900)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    assert found["folder_mib"] > 600 and found["steps"] == found["expected_steps"]
    assert found["writing_mib"] < 150
    assert found["training_mib"] < 320  # about half of it to compile
