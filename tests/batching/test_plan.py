import dataclasses
import os
import pathlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gtx.batching import Budget, BudgetError, evaluation_plan, fit_budget, plan, waste
from gtx.batching.strata import exchange, stratify
from gtx.ops.layout import Tier
from tests.batching.datasets import SIZES, make_dataset, molecule_sizes

KINDS = [dict(stratified=True), dict(stratified=False), dict(shuffle=False)]


def planned(dataset, budget, *, stratified=True, **options):
    return plan(dataset, dataclasses.replace(budget, stratified=stratified), **options)


def check_plan(dataset, budget, rows):
    """Every graph exactly once, each in a slot with room, each shard within the budget."""
    assert rows.dtype == np.int32
    assert rows.shape[1:] == (budget.num_shards, budget.graphs_per_shard)
    assert sorted(rows[rows >= 0].tolist()) == list(range(len(dataset)))
    n_node = np.where(rows >= 0, dataset.num_nodes[rows], 0)
    n_edge = np.where(rows >= 0, dataset.num_edges[rows], 0)
    assert np.all(n_node <= budget.slot_sizes)
    assert np.all(n_node.sum(axis=2) < budget.num_nodes)
    assert np.all(n_edge.sum(axis=2) <= budget.num_edges)


@given(SIZES, st.integers(1, 4), st.sampled_from([1, 2, 3]), st.integers(0, 5))
@settings(deadline=None, max_examples=50)
def test_every_graph_stands_in_a_plan_once_and_every_batch_fits(sizes, graphs, shards, seed):
    dataset = make_dataset(sizes, pairs=False)
    for kind in KINDS:
        budget = fit_budget(
            dataset,
            graphs * shards,
            num_tiers=2,
            num_shards=shards,
            stratified=kind.get("stratified", True),
        )
        rows = planned(dataset, budget, seed=seed, epoch=seed + 1, **kind)
        check_plan(dataset, budget, rows)
        if kind == dict(stratified=True):
            assert len(rows) == -(-len(dataset) // budget.batch_size)


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(0, 3000)), min_size=1, max_size=200))
@settings(deadline=None, max_examples=25)
def test_stratified_bounds_hold_for_extreme_sizes(sizes):
    dataset = make_dataset(sizes, pairs=False)
    for batch_size, shards in ((8, 1), (8, 2), (8, 4), (8, 8), (12, 3)):
        budget = fit_budget(dataset, batch_size, num_shards=shards)
        for epoch in range(3):
            rows = plan(dataset, budget, seed=1, epoch=epoch)
            check_plan(dataset, budget, rows)
            assert len(rows) == -(-len(sizes) // batch_size)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_same_seed_and_epoch_give_the_same_plan_and_others_another(kind):
    dataset = make_dataset(molecule_sizes(100), pairs=False)
    budget = fit_budget(dataset, 8)
    first = planned(dataset, budget, seed=3, epoch=2, **kind)
    np.testing.assert_array_equal(first, planned(dataset, budget, seed=3, epoch=2, **kind))
    if kind.get("shuffle", True):
        for seed, epoch in ((3, 3), (4, 2), (2, 3)):
            other = planned(dataset, budget, seed=seed, epoch=epoch, **kind)
            assert first.shape != other.shape or np.any(first != other)


def test_the_graphs_of_a_stratified_step_do_not_depend_on_the_number_of_shards():
    dataset = make_dataset(molecule_sizes(333), pairs=False)
    for epoch in range(5):
        sets = [
            [
                set(step.ravel().tolist()) - {-1}
                for step in plan(dataset, budget, seed=0, epoch=epoch)
            ]
            for budget in (fit_budget(dataset, 24, num_shards=k) for k in (1, 2, 3, 4, 8, 24))
        ]
        assert all(other == sets[0] for other in sets)


def test_only_the_last_stratified_batch_is_partly_empty_and_it_spreads_over_sizes():
    dataset = make_dataset(molecule_sizes(8 * 12 + 4), pairs=False)
    rows = plan(dataset, fit_budget(dataset, 8), seed=0)
    assert [int((step >= 0).sum()) for step in rows] == [8] * 12 + [4]
    rank = np.argsort(np.argsort(dataset.num_nodes, kind="stable"))
    last = np.sort(rank[rows[-1][rows[-1] >= 0]])
    assert np.all(np.abs(last - [12, 37, 62, 87]) < 25)  # one of each quarter, ties aside


def test_each_graph_is_equally_likely_to_be_left_for_the_last_batch():
    dataset = make_dataset(molecule_sizes(20), pairs=False)
    budget = fit_budget(dataset, 8)  # 4 of 20 graphs are left over
    count = np.zeros(20)
    for epoch in range(500):
        last = plan(dataset, budget, seed=0, epoch=epoch)[-1]
        count[last[last >= 0]] += 1
    assert np.all(np.abs(count - 100) < 50)  # more than five standard deviations


def test_graphs_of_one_stratum_are_dealt_uniformly():
    dataset = make_dataset([(n, 2 * n) for n in range(1, 25)], pairs=False)
    budget = fit_budget(dataset, 8)
    met = np.zeros((24, 24))
    for epoch in range(300):
        for step in plan(dataset, budget, seed=0, epoch=epoch):
            met[np.ix_(step[0], step[0])] += 1
    stratum = np.arange(24) // 3
    other = met[stratum[:, None] != stratum[None, :]]
    assert np.all(met[np.equal.outer(stratum, stratum) & ~np.eye(24, dtype=bool)] == 0)
    assert other.min() > 50 and other.max() < 150  # 100 expected, less or more by exchanges


def test_a_graph_that_does_not_fit_waits_and_is_not_dropped():
    dataset = make_dataset([(5, 0), (5, 0), (1, 0), (1, 0)], pairs=False)
    budget = Budget(
        num_nodes=8,
        num_edges=1,
        tiers=(
            Tier(1, 1),
            Tier(1, 5),
        ),
        stratified=False,
    )
    for seed in range(10):
        rows = plan(dataset, budget, seed=seed)
        check_plan(dataset, budget, rows)
        assert len(rows) in (2, 3)  # the two large graphs never share a batch


def test_a_graph_that_fills_the_budget_exactly_fits():
    dataset = make_dataset([(4, 7)], pairs=False)
    budget = Budget(num_nodes=5, num_edges=7, tiers=(Tier(1, 4),))
    for kind in KINDS:
        assert planned(dataset, budget, seed=0, **kind).tolist() == [[[0]]]


def test_a_graph_too_large_is_named_with_its_size_and_a_remedy():
    dataset = make_dataset([(2, 2), (9, 3)], pairs=False)
    budget = fit_budget(dataset.select([0]), 1)
    for kind in KINDS:
        with pytest.raises(BudgetError, match=rf"graph {dataset.ids[1]} has 9 nodes.*cover="):
            planned(dataset, budget, seed=0, **kind)


def test_another_dataset_is_shuffled_within_a_budget_that_covers_it():
    train = make_dataset(molecule_sizes(100), pairs=False)
    large = make_dataset([(38, 80)] * 30, pairs=False)
    budget = fit_budget(train, 8, cover=[large])
    check_plan(large, budget, plan(large, budget, seed=0))


@given(SIZES, SIZES, st.integers(1, 5), st.sampled_from([1, 2]))
@settings(deadline=None, max_examples=40)
def test_an_evaluation_plan_exists_for_all_that_a_budget_covers(sizes, others, graphs, shards):
    train, test = make_dataset(sizes, pairs=False), make_dataset(others, pairs=False)
    budget = fit_budget(train, graphs * shards, num_shards=shards, cover=[test])
    check_plan(test, budget, evaluation_plan(test, budget))


def test_no_graphs_make_no_batches():
    dataset = make_dataset([(3, 3)] * 4, pairs=False)
    budget = fit_budget(dataset, 2)
    empty = dataset.select([])
    for kind in KINDS:
        assert planned(empty, budget, seed=0, **kind).shape == (0, 1, 2)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 99))
def test_exchange_reaches_the_mean_plus_the_widest_column(rows, columns, seed):
    load = np.random.default_rng(seed).integers(0, 50, (rows, columns))
    room = int(-(-load.sum() // rows) + np.ptp(load, axis=0).max())
    source = exchange(load, room)
    assert np.all(np.sort(source, axis=0) == np.arange(rows)[:, None])  # within columns
    assert np.take_along_axis(load, source, axis=0).sum(axis=1).max() <= room


def test_strata_bounds_hold_whatever_is_left_out():
    rng = np.random.default_rng(0)
    n_node, n_edge = np.sort(rng.integers(1, 30, 47)), rng.integers(0, 60, 47)
    strata = stratify(n_node, n_edge, 6)
    for _ in range(200):
        left_out = rng.integers(strata.segments[:-1], strata.segments[1:])
        kept = np.delete(np.arange(47), left_out).reshape(6, -1)
        assert np.all(kept[:, 0] >= strata.low) and np.all(kept[:, -1] <= strata.high)


def padding(dataset, batch_size, epochs, **kind):
    budget = fit_budget(dataset, batch_size, **kind)
    plans = [plan(dataset, budget, seed=0, epoch=epoch) for epoch in range(epochs)]
    for rows in plans:
        check_plan(dataset, budget, rows)
    figures = [waste(dataset, budget, rows) for rows in plans]
    return {name: np.mean([figure[name] for figure in figures]) for name in figures[0]}


def test_waste_counts_padded_over_useful():
    dataset = make_dataset([(2, 3), (4, 5)], pairs=False)
    budget = Budget(num_nodes=12, num_edges=16, tiers=(Tier(2, 5),))
    figures = waste(dataset, budget, np.array([[[0, 1]]], np.int32))
    assert figures == dict(nodes=12 / 6, edges=16 / 8, pairs=50 / 20)


def test_stratified_batches_of_molecules_are_hardly_padded():
    dataset = make_dataset(molecule_sizes(2000), pairs=False)
    figures = padding(dataset, 32, 5)
    assert figures["nodes"] < 1.04 and figures["edges"] < 1.04 and figures["pairs"] < 1.3
    plain = padding(dataset, 32, 5, stratified=False)
    assert all(figures[name] < plain[name] for name in figures)


@pytest.mark.skipif("GTX_DATA" not in os.environ, reason="GTX_DATA names a folder of real data")
def test_padding_on_zinc():
    from gtx.data import Dataset

    data = np.load(pathlib.Path(os.environ["GTX_DATA"]) / "zinc12k" / "zinc12k.npz")
    dataset = Dataset.from_columns(
        node_ptr=data["node_ptr"],
        edge_ptr=data["edge_ptr"],
        senders=data["edge_index"][0],
        receivers=data["edge_index"][1],
        split=data["split"],
    )
    figures = padding(dataset.part("train"), 32, 60)
    assert figures["nodes"] <= 1.03 and figures["edges"] <= 1.02 and figures["pairs"] <= 1.22
