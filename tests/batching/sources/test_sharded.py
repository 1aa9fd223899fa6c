"""Batches out of several folders: all graphs, window by window, and runs that go on exactly."""

import json

import jax
import numpy as np
import pytest

from gtx.batching import BudgetError, Sharded, fit_budget, stack_batches
from gtx.data import DatasetError, packed_shards
from gtx.data.joined import joined
from gtx.training import fit
from gtx.training.evaluation import Evaluator
from tests.batching.datasets import make_dataset
from tests.training import small


def pieces(counts=(9, 4, 7, 5, 3), seed=0, **settings):
    rng = np.random.default_rng(seed)
    sizes = [[(int(n), 2 * int(n)) for n in rng.integers(1, 7, count)] for count in counts]
    return [make_dataset(some, seed=len(some), **settings) for some in sizes]


def test_an_epoch_has_every_graph_once_and_a_window_at_a_time():
    shards = pieces()
    source = Sharded.fit(shards, 3, window=2)
    starts = np.cumsum([0, *map(len, shards)])
    orders = set()
    for epoch in range(4):
        rows = source.plan(7, epoch)
        assert np.array_equal(rows, source.plan(7, epoch))
        used = rows[rows >= 0]
        assert sorted(used.tolist()) == list(range(starts[-1]))
        shard_of = np.searchsorted(starts, used, side="right") - 1
        # Those of a window are done before another one begins: 2, 2 and 1 shards.
        first = {int(shard): int(np.argmax(shard_of == shard)) for shard in range(5)}
        last = {int(shard): int(np.flatnonzero(shard_of == shard)[-1]) for shard in range(5)}
        order = sorted(first, key=first.__getitem__)
        for earlier, later in ((order[:2], order[2:4]), (order[2:4], order[4:])):
            assert max(last[each] for each in earlier) < min(first[each] for each in later)
        orders.add(tuple(used.tolist()))
    assert len(orders) == 4
    assert not np.array_equal(source.plan(7, 0)[0], source.plan(8, 0)[0])


@pytest.mark.parametrize("level", ["graph", "node"])
def test_batches_are_those_of_the_joined_graphs(level):
    shards = pieces(level=level)
    source = Sharded.fit(shards, 4, window=3, num_tiers=2)
    whole = joined(shards)
    rows = source.plan(0, 0)
    filled = np.concatenate([rows, np.full_like(rows[:1], -1)])  # as `fit` fills the last chunk
    found, expected = source.chunk(filled), stack_batches(whole, source.budget, filled)
    real = slice(0, len(rows))
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert one.shape == other.shape and one.dtype == other.dtype
        np.testing.assert_array_equal(one[real], other[real])
    assert source.waste(rows)["nodes"] >= 1
    json.dumps(source.identity())


@pytest.mark.usefixtures("quick_compilation")
def test_a_run_on_mapped_shards_goes_on_with_the_same_bits(tmp_path, monkeypatch):
    def prepare(*_):
        raise AssertionError("the batches of valid were kept")

    monkeypatch.setattr(Evaluator, "prepare", prepare)
    given = [small.dataset(size, seed=size).with_split([0] * size) for size in (7, 5, 6)]
    packed_shards.save(given, tmp_path / "mine")
    valid = small.dataset(4, seed=9)

    def train(workdir, num_epochs, shards):
        source = Sharded.fit(shards, 4, window=2, num_tiers=2, cover=[valid])
        return fit(
            small.Small(), small.task(), source, valid, optimizer=small.optimizer(),
            num_epochs=num_epochs, workdir=tmp_path / workdir, steps_per_call=2,
        )  # fmt: skip

    mapped = [each.part("train") for each in packed_shards.load(tmp_path / "mine")]
    whole = train("one", 3, mapped)
    train("two", 1, mapped)
    resumed = train("two", 3, mapped)
    assert resumed.resumed_from and small.same_bits(whole.state, resumed.state)
    # Where the graphs are does not matter; another order of the shards does.
    assert small.same_bits(train("three", 3, given).state, whole.state)
    with pytest.raises(Exception, match="shards"):
        train("two", 4, mapped[::-1])


def test_what_it_cannot_read_is_refused():
    shards = pieces()
    with pytest.raises(DatasetError, match="one has no graphs"):
        Sharded.fit([shards[0], shards[1].select([])], 3)
    with pytest.raises(DatasetError, match="Dataset 1: has another spec"):
        Sharded.fit([shards[0], pieces(pairs=False)[0]], 3)
    with pytest.raises(BudgetError, match="window is 0"):
        Sharded.fit(shards, 3, window=0)
    with pytest.raises(BudgetError, match="stratified"):
        Sharded(shards, fit_budget(joined(shards), 3))
    edges = [each.without_labels().with_targets("edge") for each in pieces()]
    with pytest.raises(DatasetError, match="of level 'edge'"):
        Sharded.fit(edges, 3)
    without = [each.without_labels() for each in shards]
    with pytest.raises(DatasetError, match="no labels"):
        Sharded.fit(without, 3).check()


@pytest.mark.parametrize("window", [1, 2, 5])
def test_the_steps_of_an_epoch_are_those_of_its_windows(window):
    shards = pieces()
    source = Sharded.fit(shards, 4, window=window)
    assert source.steps_per_epoch == len(source.plan(0, 0))
    names = np.concatenate([each.ids for each in shards])
    np.testing.assert_array_equal(source.ids(np.array([0, 9, 27])), names[[0, 9, 27]])
