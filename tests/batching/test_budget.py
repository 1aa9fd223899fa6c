import dataclasses
import itertools
import json

import numpy as np
import pytest

from gtx.batching import Budget, BudgetError, evaluation_parts, evaluation_plan, fit_budget
from gtx.batching.budget import budget_for, choose_tiers
from gtx.ops.layout import Tier
from tests.batching.datasets import make_dataset, molecule_sizes


def cheapest_pairs(sizes, num_tiers):
    """All ways to cut the sorted sizes into at most `num_tiers` runs."""
    costs = []
    for count in range(min(num_tiers, len(sizes))):
        for cuts in itertools.combinations(range(1, len(sizes)), count):
            limits = [0, *cuts, len(sizes)]
            costs.append(sum((b - a) * sizes[b - 1] ** 2 for a, b in itertools.pairwise(limits)))
    return min(costs)


@pytest.mark.parametrize("num_tiers", [1, 2, 3, 5])
@pytest.mark.parametrize("seed", range(4))
def test_tiers_pad_the_fewest_pairs_that_any_cut_does(seed, num_tiers):
    sizes = np.sort(np.random.default_rng(seed).integers(1, 12, 8))
    tiers = choose_tiers(sizes, num_tiers)
    assert sum(t.num_graphs for t in tiers) == len(sizes)
    assert len(tiers) <= num_tiers
    room = np.repeat([t.size for t in tiers], [t.num_graphs for t in tiers])
    assert np.all(room >= sizes)
    assert sum(t.num_graphs * t.size**2 for t in tiers) == cheapest_pairs(sizes.tolist(), num_tiers)


def test_equal_sizes_make_one_tier():
    assert choose_tiers(np.full(6, 9), 4) == (Tier(6, 9),)


def test_equal_graphs_are_padded_by_one_node_only():
    budget = fit_budget(make_dataset([(5, 8)] * 20), 4)
    assert budget == Budget(num_nodes=21, num_edges=32, tiers=(Tier(4, 5),))


def test_sizes_are_rounded_up_to_a_multiple():
    dataset = make_dataset(molecule_sizes(100), pairs=False)
    budget = fit_budget(dataset, 8, multiple_of=8)
    assert budget.num_nodes % 8 == budget.num_edges % 8 == 0
    assert all(tier.size % 8 == 0 for tier in budget.tiers)
    assert budget.batch_size == 8


def test_a_budget_is_hashable_and_comes_back_from_plain_data():
    budget = fit_budget(make_dataset([(5, 8)] * 20), 4)
    for one in (budget, dataclasses.replace(budget, stratified=False)):
        again = Budget.from_json(json.loads(json.dumps(one.to_json())))
        assert again == one and hash(again) == hash(one)
    assert "stratified" not in budget.to_json()  # as in the budgets of older versions


def test_cover_makes_room_for_the_graphs_of_other_datasets():
    train, test = make_dataset([(3, 4)] * 10), make_dataset([(30, 99)])
    assert not fit_budget(train, 2).covers(test)
    assert fit_budget(train, 2, cover=[test]).covers(test)
    assert fit_budget(train, 2, cover=[test], stratified=False).covers(test)


@pytest.mark.parametrize("num_shards", [1, 2])
def test_graphs_that_do_not_fit_are_scored_in_batches_of_at_most_the_same_size(num_shards):
    train = make_dataset([(3, 4)] * 16)
    budget = fit_budget(train, 16, num_shards=num_shards)
    ((places, shape),) = evaluation_parts(budget, train)
    assert shape is budget and list(places) == list(range(16))
    test = make_dataset([(6, 20), (2, 1), (99, 0), (5, 9), (6, 7), (1, 0)])
    parts = evaluation_parts(budget, test)
    # 99 nodes are more than four times the room: they decide no place of another graph.
    assert [places.tolist() for places, _ in parts] == [[1, 5], [0, 3, 4], [2]]
    (_, known), (_, own), (_, alone) = parts
    assert known is budget and own.num_shards == num_shards
    assert own.num_nodes <= budget.num_nodes and own.num_pairs <= budget.num_pairs
    assert own.graphs_per_shard == 4 // num_shards  # of 16 x 9 pairs, of at most 36 each
    assert alone.batch_size == num_shards  # one graph that is larger than all of a batch
    for places, shape in parts:
        rows = evaluation_plan(test.select(places), shape)
        assert sorted(rows[rows >= 0]) == list(range(len(places)))


@pytest.mark.parametrize("dense", [True, False])
def test_batches_for_larger_graphs_are_no_larger_than_those_of_training(dense):
    known = fit_budget(make_dataset(molecule_sizes(64)), 32, dense=dense)
    assert budget_for(known, 20, [40]) is known
    large = budget_for(known, 100, [200])
    # 32 molecules have the pairs of one such graph, but the nodes of several.
    assert large.tiers == ((1 if dense else known.num_nodes // 128, 128),)
    assert large.num_pairs <= known.num_pairs and large.num_nodes <= known.num_nodes + 1
    assert budget_for(known, 5000, [0]).tiers == ((1, 8192),)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(batch_size=6, num_shards=4), "does not divide"),
        (dict(batch_size=0), "at least 1"),
        (dict(batch_size=2, num_tiers=0), "at least 1"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(BudgetError, match=message):
        fit_budget(make_dataset([(3, 4)] * 10), **arguments)


def test_an_empty_dataset_is_refused():
    with pytest.raises(BudgetError, match="no graphs"):
        fit_budget(make_dataset([(3, 4)]).select([]), 2)


def test_pairs_beyond_int32_are_refused_with_a_remedy():
    with pytest.raises(BudgetError, match="subgraphs"):
        Budget(50_000, 1, (Tier(1, 46_341),))
    Budget(50_000, 1, (Tier(1, 46_340),))


@pytest.mark.parametrize("tiers", [(), (Tier(1, 5), Tier(1, 4)), (Tier(0, 3),), (Tier(1, 0),)])
def test_malformed_tiers_are_refused(tiers):
    with pytest.raises(BudgetError):
        Budget(8, 8, tiers)
