import dataclasses
import functools

import jax
import jax.numpy as jnp
import jraph
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gtx.batching import (
    BatchError,
    BudgetError,
    Columns,
    Resident,
    ResidentPart,
    Streamed,
    assemble,
    batch_graphs,
    check_batch,
    fit_budget,
    make_batches,
    plan,
    stack_batches,
)
from gtx.data import Dataset
from gtx.graphs import GraphError, from_arrays
from gtx.ops.layout import split_pairs
from tests.batching.datasets import SIZES, make_dataset

KEY = jax.random.key(0)


def assert_same(first, second):
    assert jax.tree.structure(first) == jax.tree.structure(second)
    for one, two in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True):
        one, two = np.asarray(one), np.asarray(two)
        assert one.dtype == two.dtype
        np.testing.assert_array_equal(one, two)


def assert_holds(batch, dataset, row):
    """The graphs of `row` stand in `batch` as in `dataset`, and the rest is 0."""
    level, labels = dataset.targets.level, dataset.targets.labels
    starts = np.cumsum(batch.graph.n_node) - batch.graph.n_node
    blocks = [
        block
        for name in batch.pairs
        for tier in split_pairs(batch.pairs[name], batch.layout.tiers)
        for block in tier
    ]
    for slot, index in enumerate(row):
        nodes, edges = (
            batch.node_graph == slot,
            np.repeat(np.arange(len(row) + 1) == slot, batch.graph.n_edge),
        )
        if index < 0:
            assert not nodes.any() and not edges.any() and not batch.graph_mask[slot]
            continue
        graph = dataset[int(index)]
        assert batch.graph_ids[slot] == dataset.ids[index]
        for name, values in graph.nodes.items():
            np.testing.assert_array_equal(batch.graph.nodes[name][nodes], values)
        for name, values in graph.edges.items():
            np.testing.assert_array_equal(batch.graph.edges[name][edges], values)
        for name, values in graph.globals.items():
            np.testing.assert_array_equal(batch.graph.globals[name][slot], values[0])
        np.testing.assert_array_equal(batch.senders[edges] - starts[slot], graph.senders)
        np.testing.assert_array_equal(batch.receivers[edges] - starts[slot], graph.receivers)
        n = int(graph.n_node[0])
        start = dataset.pair_ptr[index]
        for block in blocks[slot : slot + 1]:
            expected = dataset.pairs["d"][start : start + n * n].reshape(n, n, 2)
            np.testing.assert_array_equal(block[:n, :n], expected)
            assert not block[n:].any() and not block[:, n:].any()
        if labels is not None:
            if level == "graph":
                found, expected = batch.targets.labels[slot], labels[index]
            else:
                part = slice(dataset.node_ptr[index], dataset.node_ptr[index + 1])
                found, expected = batch.targets.labels[nodes], labels[part]
            np.testing.assert_array_equal(found, expected)
    for columns, mask in (
        (batch.graph.nodes, batch.node_mask),
        (batch.graph.edges, batch.edge_mask),
        (batch.pairs, batch.pair_mask),
        (batch.graph.globals, batch.graph_mask),
    ):
        assert all(not values[~mask].any() for values in columns.values())
    mask = batch.graph_mask if level == "graph" else batch.node_mask
    np.testing.assert_array_equal(batch.targets.mask, mask)
    if labels is not None:
        assert not batch.targets.labels[~mask].any()


@given(SIZES, st.integers(1, 5), st.sampled_from(["graph", "node"]), st.booleans())
@settings(deadline=None, max_examples=30)
def test_batches_hold_the_graphs_of_the_dataset_and_keep_every_promise(sizes, size, level, pairs):
    dataset = make_dataset(sizes, level=level, pairs=pairs)
    budget = fit_budget(dataset, size, num_tiers=2)
    rows = plan(dataset, budget, seed=0)
    batches = list(make_batches(dataset, budget, seed=0))
    assert len(batches) == len(rows)
    for batch, row in zip(batches, rows[:, 0], strict=True):
        check_batch(batch)
        assert_holds(batch, dataset, row)


CASES = {
    "molecules": [(9, 18), (5, 8), (12, 24), (7, 12), (1, 0), (6, 6), (3, 4)],
    "without edges": [(3, 0), (1, 0), (2, 0)],
    "without nodes": [(0, 0), (0, 0), (0, 0)],
    "one": [(4, 5)],
    "a giant": [(2, 1), (1, 2), (90, 200), (3, 3), (2, 2)],
}


@pytest.mark.parametrize("sizes", CASES.values(), ids=CASES)
def test_numpy_and_compiled_jax_assemble_the_same_bits(sizes):
    dataset = make_dataset(sizes, level="node" if len(sizes) > 3 else "graph")
    budget = fit_budget(dataset, 2, num_tiers=2)
    source = Resident(dataset, budget)
    columns = Columns.from_dataset(dataset)
    compiled = jax.jit(source.batch)
    for row in plan(dataset, budget, seed=1)[:, 0]:
        host = assemble(columns, row, budget)
        check_batch(host)
        assert_holds(host, dataset, row)
        device = compiled(source.constants, row, KEY)
        assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(device))
        assert_same(host, device)
    assert compiled._cache_size() == 1


def test_a_budget_that_is_not_dense_makes_batches_without_layout_and_pairs():
    dataset = make_dataset(CASES["molecules"])
    dense, lean = (fit_budget(dataset, 2, num_tiers=2, dense=dense) for dense in (True, False))
    rows = plan(dataset, dense, seed=1)
    np.testing.assert_array_equal(plan(dataset, lean, seed=1), rows)
    source = Resident(dataset, lean)
    assert dense.num_pairs > 0 == lean.num_pairs and not source.constants.pairs
    for row in rows[:, 0]:
        expected, batch = (
            assemble(Columns.from_dataset(dataset), row, budget) for budget in (dense, lean)
        )
        check_batch(batch)
        assert expected.pairs and batch.pairs == {}
        assert_same(batch, expected.replace(layout=None, pairs={}))
        assert_same(batch, jax.jit(source.batch)(source.constants, row, KEY))
        with pytest.raises(ValueError, match="no layout.*dense=False"):
            _ = batch.pair_mask


def test_a_path_of_20000_nodes_makes_a_batch_below_20_mib():
    size = 20_000
    ends = np.arange(size - 1)
    path = from_arrays(np.r_[ends, ends + 1], np.r_[ends + 1, ends], n_node=size)
    for dense in (True, False):
        batch = batch_graphs(path, dense=dense)
        assert sum(leaf.nbytes for leaf in jax.tree.leaves(batch)) < 20 * 2**20
    giant = from_arrays([], [], n_node=50_000)
    with pytest.raises(BudgetError, match="2,500,000,000 padded node pairs.*dense=False"):
        batch_graphs(giant)
    assert batch_graphs(giant, dense=False).node_mask.sum() == 50_000


def test_assembly_uses_no_scatter():
    dataset = make_dataset(CASES["molecules"])
    budget = fit_budget(dataset, 3)
    source = Resident(dataset, budget)
    program = jax.jit(source.batch).lower(source.constants, np.zeros(3, np.int32), KEY).as_text()
    assert "scatter" not in program and "gather" in program


def test_resident_and_streamed_chunks_give_the_same_batches():
    dataset = make_dataset(CASES["molecules"])
    budget = fit_budget(dataset, 4, num_shards=2)
    rows = plan(dataset, budget, seed=0)
    resident, streamed = Resident(dataset, budget), Streamed(dataset, budget)

    def all_batches(source, chunk):
        step = functools.partial(source.batch, source.constants, key=KEY)
        return jax.jit(jax.vmap(jax.vmap(step)))(chunk)

    one = all_batches(resident, resident.chunk(rows))
    two = all_batches(streamed, streamed.chunk(rows))
    assert one.graph_ids.shape == (*rows.shape[:2], budget.graphs_per_shard + 1)
    assert_same(one, two)


def test_a_part_of_resident_graphs_has_the_batches_of_its_own_dataset():
    whole = make_dataset(CASES["molecules"])
    places = np.flatnonzero(np.arange(len(whole)) % 3 != 1)
    part = whole.select(places)
    budget = fit_budget(part, 4)
    rows = plan(part, budget, seed=0)
    rows = np.concatenate([rows, np.full_like(rows[:1], -1)])
    alone = Resident(part, budget)
    within = ResidentPart(part, budget, whole=whole, places=places)
    assert (within.plan(0, 0) == alone.plan(0, 0)).all() and within.identity() == alone.identity()

    def all_batches(source):
        step = functools.partial(source.batch, source.constants, key=KEY)
        return jax.jit(jax.vmap(jax.vmap(step)))(source.chunk(rows))

    assert_same(all_batches(alone), all_batches(within))


def test_a_chunk_may_end_with_empty_batches():
    dataset = make_dataset(CASES["molecules"])
    budget = fit_budget(dataset, 4)
    batch = stack_batches(dataset, budget, np.full((1, 1, 4), -1, np.int32))
    batch = jax.tree.map(lambda array: array[0, 0], batch)
    check_batch(batch)
    assert not batch.graph_mask.any() and not batch.node_mask.any()


def test_shards_lead_the_arrays_of_make_batches():
    dataset = make_dataset(CASES["molecules"])
    budget = fit_budget(dataset, 4, num_shards=2)
    for batch in make_batches(dataset, budget, seed=0):
        for shard in range(2):
            check_batch(jax.tree.map(lambda array, shard=shard: array[shard], batch))


def test_a_graph_keeps_its_node_ids_in_every_batch():
    dataset = make_dataset([(4, 5)] * 9)
    seen = {}
    for epoch in range(3):
        for batch in make_batches(dataset, fit_budget(dataset, 3), seed=0, epoch=epoch):
            for slot in range(3):
                ids = batch.node_ids[batch.node_graph == slot].tolist()
                assert seen.setdefault(int(batch.graph_ids[slot]), ids) == ids
    assert len({node for ids in seen.values() for node in ids}) == 9 * 4


def test_batch_graphs_keeps_the_order_and_pads_one_node():
    dataset = make_dataset([(5, 7), (2, 0), (4, 4)], pairs=False)
    for graphs in (dataset, [dataset[i] for i in range(3)]):
        batch = batch_graphs(graphs)
        check_batch(batch)
        assert batch.graph.n_node.tolist() == [5, 2, 4, 1]
        assert batch.graph.n_edge.tolist() == [7, 0, 4, 0]
        assert batch.graph_mask.tolist() == [True, True, True, False]
    assert_holds(batch_graphs(dataset), dataset, range(3))


def test_batch_graphs_leaves_the_padding_of_jraph_out():
    dataset = make_dataset([(3, 4), (2, 1)])
    graphs = [dataset[index]._replace(globals=None) for index in range(2)]
    padded = jraph.pad_with_graphs(jraph.batch_np(graphs), 8, 8, 4)
    assert_same(batch_graphs(padded), batch_graphs(graphs))
    assert_same(batch_graphs([padded, graphs[0]]), batch_graphs([*graphs, graphs[0]]))
    tight = jraph.pad_with_graphs(jraph.batch_np(graphs), 6, 5, 3)
    with pytest.raises(GraphError, match="graph 0: its graphs from number 2 on may be padding"):
        batch_graphs(tight)
    assert_same(batch_graphs(tight, padded=True), batch_graphs(graphs))
    assert batch_graphs(tight, padded=False).graph.n_node.tolist() == [3, 2, 1, 1]
    with pytest.raises(ValueError, match="a Dataset has no padding"):
        batch_graphs(dataset, padded=True)


def test_batch_graphs_takes_one_graph_and_refuses_none():
    dataset = make_dataset([(5, 7)], pairs=False)
    assert batch_graphs(dataset[0]).graph.n_node.tolist() == [5, 1]
    with pytest.raises(ValueError, match="no graphs"):
        batch_graphs(dataset.select([]))


def test_a_dataset_beyond_int32_is_refused_with_a_remedy():
    dataset = make_dataset([(5, 7)], pairs=False)
    big = dataclasses.replace(dataset, edge_ptr=np.array([0, 2**31], np.int64))
    with pytest.raises(BudgetError, match="edges do not fit.*Streamed"):
        Columns.from_dataset(big)


BREAKS = {
    "at least one padding node": lambda b: _graph(b, n_node=np.array([3, 4, 3, 0], np.int32)),
    "n_node sums": lambda b: _graph(b, n_node=b.graph.n_node + np.int32(1)),
    "sorted by receiver": lambda b: _graph(
        b, receivers=_swapped(b.receivers), senders=_swapped(b.senders)
    ),
    "senders belong": lambda b: _graph(b, senders=_set(b.senders, 0, 6)),
    "receivers are nodes": lambda b: _graph(b, receivers=_set(b.receivers, -1, 99)),
    "node_mask is True": lambda b: b.replace(node_mask=~b.node_mask),
    "no pair columns without a layout": lambda b: b.replace(layout=None, pairs=dict(d=b.node_mask)),
    "last graph is padding": lambda b: b.replace(graph_mask=np.ones(4, bool)),
    "graph_ids of padding": lambda b: b.replace(graph_ids=np.arange(4, dtype=np.int32)),
    "node_ids hash": lambda b: b.replace(node_ids=b.node_ids[::-1].copy()),
    "node_ids is uint32": lambda b: b.replace(node_ids=b.node_ids.astype(np.int64)),
    "node column 'x' is": lambda b: _graph(b, nodes=dict(x=b.graph.nodes["x"][1:])),
    "labels have one row": lambda b: _targets(b, labels=b.targets.labels[:-1]),
    "targets.mask has one entry": lambda b: _targets(b, mask=b.targets.mask[:-1]),
    "targets.mask is bool": lambda b: _targets(b, mask=b.targets.mask.astype(int)),
    "targets.index is int32": lambda b: _targets(b, index=b.targets.index[:-1]),
    "targets.index are places": lambda b: _targets(b, index=b.targets.index + np.int32(1)),
    "layout.slots": lambda b: b.replace(
        layout=dataclasses.replace(b.layout, slots=_swapped(b.layout.slots))
    ),
}


def _graph(batch, **changes):
    return batch.replace(graph=batch.graph._replace(**changes))


def _targets(batch, **changes):
    return batch.replace(targets=dataclasses.replace(batch.targets, **changes))


def _swapped(array):
    return np.concatenate([array[1:2], array[:1], array[2:]])


def _set(array, place, value):
    array = array.copy()
    array[place] = value
    return array


@pytest.mark.parametrize("promise", BREAKS)
def test_check_batch_names_the_broken_promise(promise):
    graphs = [
        from_arrays([1, 2], [0, 1], n_node=3, nodes=dict(x=np.ones((3, 1)))),
        from_arrays([], [], n_node=4, nodes=dict(x=np.ones((4, 1)))),
        from_arrays([], [], n_node=2, nodes=dict(x=np.ones((2, 1)))),
    ]
    batch = jax.device_get(batch_graphs(Dataset.from_graphs(graphs, np.arange(3.0))))
    check_batch(batch)
    with pytest.raises(BatchError, match=promise):
        check_batch(BREAKS[promise](batch))


def test_a_batch_on_the_device_can_be_checked():
    check_batch(jax.tree.map(jnp.asarray, batch_graphs(make_dataset([(3, 4), (2, 1)]))))
