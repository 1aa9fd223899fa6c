"""Negatives are drawn anew in each step, from the seed and the step alone, and are no links."""

import jax
import numpy as np
import pytest

from gtx.batching import SampledNegatives, fit_budget
from gtx.data import DatasetError
from gtx.data.sources import LabelledGraphs
from gtx.models import MPNN
from gtx.tasks import from_label
from gtx.training import Constant, ResumeError, adamw, fit
from tests.data.test_links import links_of
from tests.training.small import same_bits

DATASET = LabelledGraphs("pair", "binary", 15, weighted=True).load()
TRAIN = DATASET.part("train")


def source(num_shards=1, size=4, **settings):
    budget = fit_budget(
        TRAIN, size, num_tiers=1, num_shards=num_shards, cover=[DATASET.part("valid")]
    )
    return SampledNegatives(TRAIN, budget, 3, **settings)


@pytest.fixture(scope="module")
def draws():
    """A function to the pairs of an epoch, as numbers of the nodes of TRAIN."""
    made = {}

    def draw(corrupt="receiver", seed=0, num_shards=1):
        key = (corrupt, num_shards)
        if key not in made:
            own = source(num_shards, corrupt=corrupt)
            made[key] = own, own.constants, jax.jit(own.batch)
        own, constants, program = made[key]
        rows, found = own.plan(0, 0), []
        for step, shards in enumerate(rows):
            for row in shards:
                step_key = jax.random.fold_in(jax.random.key(seed), step)
                batch = jax.device_get(program(constants, row, step_key))
                targets = batch.targets
                index, labels = targets.index[targets.mask], targets.labels[targets.mask, 0]
                slot = batch.node_graph[index[:, 0]]
                assert np.array_equal(slot, batch.node_graph[index[:, 1]])
                first = np.cumsum(batch.graph.n_node) - batch.graph.n_node
                pairs = index - first[slot][:, None] + TRAIN.node_ptr[row[slot]][:, None]
                found.append((pairs, labels, targets.weights[targets.mask]))
        return tuple(map(np.concatenate, zip(*found, strict=True)))

    return draw


@pytest.mark.parametrize("corrupt", ["receiver", "both"])
def test_negatives_are_no_links_and_belong_to_a_link(corrupt, draws):
    pairs, labels, weights = draws(corrupt)
    links, table = links_of(TRAIN), TRAIN.targets
    positive = table.labels[:, 0] == 1
    mine = labels == 1
    order = [np.lexsort(each.T) for each in (pairs[mine], table.index[positive])]
    np.testing.assert_array_equal(pairs[mine][order[0]], table.index[positive][order[1]])
    negatives = pairs[~mine]
    assert len(negatives) >= 0.99 * 3 * mine.sum()
    assert not {tuple(pair) for pair in negatives.tolist()} & links
    assert np.all(negatives[:, 0] != negatives[:, 1])
    if corrupt == "receiver":
        assert set(negatives[:, 0]) <= set(table.index[positive, 0])
    assert set(weights[~mine]) == {1.0, 2.0}


def test_a_draw_follows_the_seed_and_the_step_and_not_the_shards(draws):
    pairs, labels, _ = draws()
    again, *_ = draws()
    np.testing.assert_array_equal(pairs, again)
    other, *_ = draws(seed=1)
    assert not np.array_equal(np.sort(pairs, axis=0), np.sort(other, axis=0))
    sharded, *_ = draws(num_shards=2)
    np.testing.assert_array_equal(sharded[np.lexsort(sharded.T)], pairs[np.lexsort(pairs.T)])


def test_every_free_receiver_is_drawn_about_equally_often(draws):
    counts = {}
    for seed in range(60):
        pairs, labels, _ = draws(seed=seed)
        for pair in pairs[labels == 0].tolist():
            counts.setdefault(pair[0], {}).setdefault(pair[1], 0)
            counts[pair[0]][pair[1]] += 1
    links = links_of(TRAIN)
    for sender, drawn in counts.items():
        graph = np.searchsorted(TRAIN.node_ptr, sender, side="right") - 1
        nodes = range(TRAIN.node_ptr[graph], TRAIN.node_ptr[graph + 1])
        free = {n for n in nodes if n != sender and (sender, n) not in links}
        assert set(drawn) == free
        times = np.array(list(drawn.values()))
        expected = times.sum() / len(free)
        assert np.all(np.abs(times - expected) < 6 * np.sqrt(expected))


def test_a_run_that_goes_on_draws_the_same_and_another_number_is_refused(tmp_path):
    task, valid = from_label(DATASET.spec.label, metric="mrr"), DATASET.part("valid")
    model = MPNN(
        dim=8, num_layers=1, encoding_dim=8, local="gin", norm="none", feed_forward="none"
    ).build(DATASET.spec)

    def train(folder, num_epochs, **settings):
        return fit(
            model, task, source(**settings), valid, optimizer=adamw(Constant(0.01)),
            num_epochs=num_epochs, workdir=folder, steps_per_call=2, evaluate_every=9,
        )  # fmt: skip

    whole = train(tmp_path / "whole", 3)
    train(tmp_path / "parts", 1)
    again = train(tmp_path / "parts", 3)
    assert again.resumed_from > 0 and same_bits(whole.state, again.state)
    with pytest.raises(ResumeError, match="corrupt"):
        train(tmp_path / "parts", 4, corrupt="both")


def test_settings_that_draw_nothing_are_refused():
    budget = source().budget
    with pytest.raises(DatasetError, match="SampledNegatives: num_negatives"):
        SampledNegatives(TRAIN, budget, 0)
    with pytest.raises(DatasetError, match="links are pairs with a binary label"):
        SampledNegatives(LabelledGraphs("node", "binary", 5).load(), budget)
