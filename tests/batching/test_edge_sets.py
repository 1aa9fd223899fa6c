import json

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gtx.batching import (
    Budget,
    BudgetError,
    Resident,
    batch_graphs,
    check_batch,
    evaluation_plan,
    fit_budget,
    make_batches,
    plan,
    waste,
)
from gtx.data import EdgeTable
from tests.batching.datasets import SIZES, make_dataset


def with_sets(dataset, seed=0):
    """The dataset with a set of many edges, whose number follows no size, and one without any."""
    rng = np.random.default_rng(seed)
    count = np.where(dataset.num_nodes > 0, rng.integers(0, 12, len(dataset)), 0)
    graph = np.repeat(np.arange(len(dataset)), count)
    high = dataset.num_nodes[graph]
    weight = rng.normal(size=len(graph))
    far = EdgeTable.from_edges(
        graph, rng.integers(0, high), rng.integers(0, high), len(dataset), dict(w=weight)
    )
    none = EdgeTable.from_edges([], [], [], len(dataset))
    return dataset.with_edge_set("far", far).with_edge_set("none", none)


def edges_of(dataset, index):
    """Sender, receiver and weight of each edge of a graph in the set "far"."""
    far = dataset.edge_sets["far"]
    part = slice(far.ptr[index], far.ptr[index + 1])
    return np.column_stack([far.senders[part], far.receivers[part], far.columns["w"][part]])


@given(SIZES, st.integers(1, 6), st.booleans(), st.integers(0, 3))
@settings(deadline=None, max_examples=40)
def test_batches_hold_the_edge_sets_of_their_graphs(sizes, size, stratified, seed):
    dataset = with_sets(make_dataset(sizes, pairs=False), seed)
    budget = fit_budget(dataset, size, num_tiers=2, stratified=stratified)
    rows = plan(dataset, budget, seed=seed)
    if stratified:
        assert len(rows) == -(-len(dataset) // size)
    batches = make_batches(dataset, budget, seed=seed)
    for batch, row in zip(batches, rows[:, 0], strict=True):
        check_batch(batch)
        far = batch.edge_sets["far"]
        start = np.cumsum(batch.graph.n_node) - batch.graph.n_node
        graph = batch.node_graph[far.receivers]
        assert not batch.edge_sets["none"].mask.any()
        assert not far.columns["w"][~far.mask].any()
        found = np.column_stack(
            [far.senders - start[graph], far.receivers - start[graph], far.columns["w"]]
        )
        for slot, index in enumerate(row):
            here = found[far.mask & (graph == slot)]
            np.testing.assert_array_equal(
                here, edges_of(dataset, index) if index >= 0 else found[:0]
            )


@pytest.mark.parametrize("shards", [1, 2])
def test_every_epoch_fits_however_many_edges_graphs_of_one_size_have(shards):
    rng = np.random.default_rng(0)
    sizes = [(int(n), int(2 * n)) for n in rng.integers(2, 6, 45)]
    dataset = with_sets(make_dataset(sizes, pairs=False))
    budget = fit_budget(dataset, 8, num_shards=shards)
    room = dict(budget.edge_sets)["far"]
    count = np.append(dataset.edge_sets["far"].num_edges, 0)  # of no graph, -1
    for epoch in range(30):
        rows = plan(dataset, budget, seed=1, epoch=epoch)
        assert len(rows) == 6  # proven: plain shuffling would need more
        assert count[rows].sum(axis=2).max() <= room
    assert count[evaluation_plan(dataset, budget)].sum(axis=2).max() <= room
    assert waste(dataset, budget, rows)["far"] >= 1


def test_numpy_and_compiled_jax_assemble_the_same_edge_sets():
    dataset = with_sets(make_dataset([(3, 4), (5, 2), (1, 0), (4, 4)], pairs=False))
    budget = fit_budget(dataset, 2)
    source = Resident(dataset, budget)
    rows = plan(dataset, budget, seed=0)[:, 0]
    hosts = make_batches(dataset, budget, seed=0)
    for row, host in zip(rows, hosts, strict=True):
        device = jax.jit(source.batch)(source.constants, row, None)
        assert jax.tree.structure(host) == jax.tree.structure(device)
        for one, two in zip(jax.tree.leaves(host), jax.tree.leaves(device), strict=True):
            assert one.dtype == two.dtype
            np.testing.assert_array_equal(one, two)


def test_a_budget_with_edge_sets_comes_back_from_plain_data():
    dataset = with_sets(make_dataset([(3, 4)] * 4))
    budget = fit_budget(dataset, 2, dense=False)
    again = Budget.from_json(json.loads(json.dumps(budget.to_json())))
    assert again == budget and [name for name, _ in again.edge_sets] == ["far", "none"]
    plain = fit_budget(make_dataset([(3, 4)] * 4), 2)
    assert set(plain.to_json()) == {"num_nodes", "num_edges", "tiers", "num_shards"}


def test_a_budget_says_which_edge_sets_a_dataset_lacks_or_has_too_much_of():
    plain = make_dataset([(3, 4)] * 4, pairs=False)
    budget = fit_budget(with_sets(plain), 2)
    with pytest.raises(BudgetError, match="edge sets.*'far'.*gtx.structures"):
        plan(plain, budget, seed=0)
    node = np.zeros(99, int)
    full = EdgeTable.from_edges(node, node, node, 4, dict(w=np.ones(99)))
    large = plain.with_edge_set("far", full).with_edge_set(
        "none", EdgeTable.from_edges([], [], [], 4)
    )
    with pytest.raises(BudgetError, match="99 in 'far'.*room for graphs of 3 nodes.*20 in 'far'"):
        plan(large, budget, seed=0)


def test_a_batch_is_one_of_all_sets_that_a_layer_names():
    batch = batch_graphs(with_sets(make_dataset([(3, 4), (5, 6)], pairs=False)))
    both = batch.edges_over(("far", "graph"))
    far = batch.edge_sets["far"]
    assert not both.are_sorted and far.are_sorted
    np.testing.assert_array_equal(both.senders, np.append(far.senders, batch.senders))
    np.testing.assert_array_equal(both.mask, np.append(far.mask, batch.edge_mask))
    assert batch.edges_over(("far",)) is far
    for names in (("near",), (), ("far", "far")):
        with pytest.raises(ValueError, match=r"edge sets of the batch are \['graph', 'far', 'none"):
            batch.edges_over(names)
    with pytest.raises(TypeError, match="tuple"):
        batch.edges_over("graph")
