"""Parts of one large graph: neighbourhoods of seeds, and clusters."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gtx.models
import gtx.nn
from gtx.batching import (
    BudgetError,
    Clusters,
    Neighbors,
    SampleWarning,
    batch_graphs,
    check_batch,
)
from gtx.batching.sources.neighbors import choose
from gtx.data import Dataset, DatasetError
from gtx.ops.noise import node_ids
from gtx.tasks import Multiclass
from tests.batching.datasets import make_dataset


def one_graph(num_nodes=40, num_edges=130, seed=0, part="train"):
    """A random multigraph with classes of nodes, columns of nodes and edges, and a split."""
    rng = np.random.default_rng(seed)
    return Dataset.from_columns(
        node_ptr=[0, num_nodes],
        edge_ptr=[0, num_edges],
        senders=rng.integers(0, num_nodes, num_edges),
        receivers=(num_nodes * rng.random(num_edges) ** 2).astype(int),
        nodes=dict(x=rng.normal(size=(num_nodes, 3))),
        edges=dict(w=rng.normal(size=(num_edges, 1))),
        labels=rng.integers(0, 3, num_nodes),
        level="node",
        split=rng.choice(3, num_nodes),
        ids=[7],
    ).part(part)


SOURCES = {
    "neighbors": functools.partial(Neighbors, size=5, fanouts=(3, 2)),
    "clusters": functools.partial(Clusters, size=3, num_clusters=8),
    "cuthill_mckee": functools.partial(Clusters, size=2, num_clusters=8, partition="cuthill_mckee"),
}


def element(chunk, step=0, shard=0):
    return jax.tree.map(lambda array: array[step, shard], chunk)


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("name", sorted(SOURCES))
def test_a_part_keeps_the_promises_of_a_batch_and_the_columns_of_its_nodes(name, dense):
    graph = one_graph()
    source = SOURCES[name](graph, dense=dense)
    streamed = dataclasses.replace(source, resident=False)
    make = jax.jit(source.batch)
    for seed in range(2):
        rows = source.plan(seed, 0)
        part = source.part(rows[0, 0])
        chunk, other = source.chunk(rows[:2]), streamed.chunk(rows[:2])
        batch = jax.tree.map(np.asarray, make(source.constants, element(chunk), None))
        jax.tree.map(np.testing.assert_array_equal, batch, streamed._batch({}, element(other), np))
        count, edges = len(part.nodes), len(part.edges)
        np.testing.assert_array_equal(batch.graph.nodes["x"][:count], graph.nodes["x"][part.nodes])
        np.testing.assert_array_equal(batch.graph.edges["w"][:edges], graph.edges["w"][part.edges])
        assert not batch.graph.nodes["x"][count:].any()
        np.testing.assert_array_equal(part.nodes[batch.senders[:edges]], graph.senders[part.edges])
        np.testing.assert_array_equal(
            part.nodes[batch.receivers[:edges]], graph.receivers[part.edges]
        )
        # Noise is that of the nodes of the large graph; all other promises hold as they stand.
        np.testing.assert_array_equal(batch.node_ids[:count], node_ids(7, part.nodes, xp=np))
        position = np.arange(len(batch.node_mask)) - np.where(batch.node_mask, 0, count)
        graph_ids = batch.graph_ids[batch.node_graph]
        check_batch(batch.replace(node_ids=node_ids(graph_ids, position, xp=np)))
        targets = part.nodes[np.flatnonzero(batch.targets.mask)]
        assert set(targets) <= set(graph.targets.index)
        labels = dict(zip(graph.targets.index, graph.targets.labels, strict=True))
        np.testing.assert_array_equal(
            batch.targets.labels[batch.targets.mask], [labels[node] for node in targets]
        )


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_target_is_predicted_once_an_epoch_and_once_in_an_evaluation(name):
    graph, valid = one_graph(), one_graph(part="valid")
    source = SOURCES[name](graph)
    for seed, epoch in ((0, 0), (0, 1), (1, 0)):
        rows = source.plan(seed, epoch)
        np.testing.assert_array_equal(rows, source.plan(seed, epoch))
        parts = [source.part(row) for row in rows[:, 0]]
        seen = np.concatenate([part.nodes[part.targets] for part in parts])
        assert sorted(seen) == sorted(graph.targets.index)
    assert np.any(source.plan(0, 0)[0] != source.plan(0, 1)[0])
    found = source.evaluation_batches(valid, 2)
    seen = np.concatenate([p.nodes[p.targets] for _, _, parts in found for p in parts])
    assert sorted(seen) == sorted(valid.targets.index)


def test_neighbours_are_drawn_uniformly_without_replacement():
    pointer = np.array([0, 2, 2, 9])
    rng = np.random.default_rng(0)
    nodes = np.tile([2, 0, 1], 7000)
    edges, counts = choose(pointer, nodes, 3, rng)
    np.testing.assert_array_equal(counts, np.tile([3, 2, 0], 7000))
    edges = edges.reshape(-1, 5)
    np.testing.assert_array_equal(edges[:, 3:], np.tile([0, 1], (7000, 1)))
    drawn = np.sort(edges[:, :3], axis=1)
    assert np.all(np.diff(drawn, axis=1) > 0) and drawn.min() == 2 and drawn.max() == 8
    # Each of the 35 triples has the same chance: chi-squared with 34 degrees of freedom, p > 1e-4.
    _, triples = np.unique(drawn, axis=0, return_counts=True)
    assert len(triples) == 35 and np.sum((triples - 200) ** 2 / 200) < 75


def test_every_hop_is_sampled_with_its_fan_out_and_a_node_only_where_it_is_first_reached():
    graph = one_graph(60, 600)
    source = Neighbors(graph, size=4, fanouts=(3, 2))
    degree = np.bincount(graph.receivers, minlength=60)
    row = source.plan(0, 0)[0, 0]
    part = source.part(row)
    np.testing.assert_array_equal(part.nodes[: len(row) - 1], row[:-1])
    assert len(np.unique(part.nodes)) == len(part.nodes) and len(np.unique(part.edges)) == len(
        part.edges
    )
    got = np.bincount(part.receivers, minlength=len(part.nodes))
    np.testing.assert_array_equal(got[:4], np.minimum(degree[part.nodes[:4]], 3))
    first = set(part.senders[part.receivers < 4]) - set(range(4))
    assert sorted(first) == list(range(4, 4 + len(first)))
    hop = slice(4, 4 + len(first))
    np.testing.assert_array_equal(got[hop], np.minimum(degree[part.nodes[hop]], 2))
    assert not got[4 + len(first) :].any() and len(part.nodes) > 4 + len(first)


def test_a_sample_that_does_not_fit_has_fewer_neighbours_and_says_so():
    graph = one_graph(60, 600)
    source = Neighbors(graph, size=4, fanouts=(3, 3), num_nodes=12, num_edges=14)
    rows = source.plan(0, 0)
    with pytest.warns(SampleWarning, match="the room for 11 nodes and 14 edges"):
        parts = [source.part(row) for row in rows[:, 0]]
    assert 0 < source.num_reduced <= len(parts)
    assert all(len(part.nodes) <= 11 and len(part.edges) <= 14 for part in parts)
    assert sum(part.targets.sum() for part in parts) == len(graph.targets)
    # A hop is reduced evenly: no two nodes of it, with edges enough, differ.
    got = np.bincount(parts[0].receivers, minlength=4)[:4]
    degree = np.bincount(graph.receivers, minlength=60)[parts[0].nodes[:4]]
    np.testing.assert_array_equal(got, np.minimum(degree, got.max()))
    with pytest.raises(BudgetError, match="no room for 4 seeds"):
        Neighbors(graph, size=4, fanouts=(3,), num_nodes=4, num_edges=9)


def test_clusters_are_of_equal_size_and_keep_all_edges_between_those_of_a_step():
    graph = one_graph(41, 300)
    for partition in ("random", "cuthill_mckee"):
        source = Clusters(graph, size=3, num_clusters=8, partition=partition)
        assert set(np.bincount(source.clusters)) == {5, 6}
        rows = source.plan(0, 0)
        assert sorted(rows[rows >= 0]) == list(range(8))
        for row in rows[:, 0]:
            part = source.part(row)
            inside = np.isin(source.clusters, row)
            np.testing.assert_array_equal(part.nodes, np.flatnonzero(inside))
            both = inside[graph.senders] & inside[graph.receivers]
            np.testing.assert_array_equal(part.edges, np.flatnonzero(both))


def test_the_order_of_cuthill_and_mckee_keeps_the_edges_of_a_path():
    order = np.random.default_rng(5).permutation(64)
    path = Dataset.from_columns(
        node_ptr=[0, 64],
        edge_ptr=[0, 126],
        senders=np.concatenate([order[:-1], order[1:]]),
        receivers=np.concatenate([order[1:], order[:-1]]),
        nodes=dict(x=np.zeros((64, 1))),
        labels=np.zeros(64, int),
        level="node",
    )
    kept = {
        partition: Clusters(path, size=1, num_clusters=8, partition=partition)
        for partition in ("random", "cuthill_mckee")
    }
    edges = {name: int(source._between.diagonal().sum()) for name, source in kept.items()}
    assert edges["cuthill_mckee"] == 126 - 2 * 7 and edges["random"] < 40


def test_a_cluster_that_does_not_fit_waits():
    graph = one_graph(40, 400)
    whole = Clusters(graph, size=4, num_clusters=8)
    largest = int(whole._between.diagonal().max())
    source = Clusters(graph, size=4, num_clusters=8, num_edges=largest + 20)
    rows = source.plan(0, 0)
    assert len(rows) > 2 and sorted(rows[rows >= 0]) == list(range(8))
    assert all(len(source.part(row).edges) <= largest + 20 for row in rows[:, 0])
    with pytest.raises(BudgetError, match=f"the {largest} edges within one of the clusters"):
        Clusters(graph, size=4, num_clusters=8, num_edges=largest - 1)


def test_shards_share_the_seeds_of_a_step():
    graph = one_graph()
    source = Neighbors(graph, size=6, fanouts=(2,), num_shards=2)
    rows = source.plan(0, 0)
    assert rows.shape[1:] == (2, 4) and source.budget.num_shards == 2
    seeds = rows[..., :-1]
    assert sorted(seeds[seeds >= 0]) == sorted(graph.targets.index)
    assert len(np.unique(rows[..., -1])) == rows[..., -1].size
    with pytest.raises(BudgetError, match="dealt evenly to 2 shards"):
        Neighbors(graph, size=5, fanouts=(2,), num_shards=2)


def test_what_cannot_be_sampled_is_refused():
    with pytest.raises(DatasetError, match="has 2 graphs"):
        Neighbors(make_dataset([(3, 2), (4, 4)], level="node"), size=1, fanouts=(1,))
    with pytest.raises(DatasetError, match="level 'graph'"):
        Clusters(make_dataset([(30, 20)]), size=1, num_clusters=3)
    with pytest.raises(DatasetError, match=r"columns of pairs \['d'\]"):
        Clusters(make_dataset([(30, 20)], level="node"), size=1, num_clusters=3)
    with pytest.raises(BudgetError, match="a number for each hop"):
        Neighbors(one_graph(), size=2, fanouts=())
    with pytest.raises(ValueError, match="Neighbors.fanouts"):
        Neighbors(one_graph(), size=2, fanouts=(0,))
    with pytest.raises(BudgetError, match="must be at least size 3"):
        Clusters(one_graph(), size=3, num_clusters=2)


@pytest.fixture
def x64():
    with jax.enable_x64(True):
        yield


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("layer", [gtx.nn.GraphSAGE, gtx.nn.GatedGCN])
def test_with_all_neighbours_seeds_have_the_outputs_and_gradients_of_the_whole_graph(layer):
    graph = one_graph(200, 700)
    doubles = dict(dtype=jnp.float64, param_dtype=jnp.float64)
    linear = functools.partial(gtx.nn.LinearEncoder, **doubles)
    edges = dict(w=linear) if layer is gtx.nn.GatedGCN else {}
    model = gtx.models.GraphTransformer(
        embed=functools.partial(gtx.nn.Embed, 8, dict(x=linear), edges=edges),
        block=functools.partial(layer, 8, **doubles),
        num_layers=2,
        readout=gtx.nn.NodeReadout,
        head=functools.partial(gtx.nn.MLPHead, 3, 1, **doubles),
    )
    task = Multiclass(graph.spec.label)
    degree = int(np.bincount(graph.receivers).max())
    source = Neighbors(graph, size=6, fanouts=(degree, degree))
    row = source.plan(0, 0)[:1]
    part = source.part(row[0, 0])
    assert len(part.nodes) < 150, "the sample must be smaller than the graph"
    sampled = source.batch(source.constants, element(source.chunk(row)), None)
    whole = batch_graphs(graph, dense=False)
    seeds = np.isin(np.arange(len(whole.node_mask)), row[0, 0, :-1])
    whole = whole.replace(targets=dataclasses.replace(whole.targets, mask=jnp.asarray(seeds)))
    variables = jax.jit(functools.partial(model.init, train=False))(jax.random.key(0), whole)

    @jax.jit
    def value(params, batch):
        outputs = model.apply({**variables, "params": params}, batch, train=False)
        loss_sum, count = task.loss(outputs, batch)
        return loss_sum / count, outputs

    both = jax.value_and_grad(value, has_aux=True)
    (loss, outputs), gradients = both(variables["params"], sampled)
    (expected_loss, expected), expected_gradients = both(variables["params"], whole)
    assert outputs.dtype == jnp.float64
    np.testing.assert_allclose(outputs[:6], expected[row[0, 0, :-1]], atol=1e-12)
    # The task computes losses in float32.
    np.testing.assert_allclose(loss, expected_loss, rtol=1e-6)
    jax.tree.map(
        functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-7),
        gradients, expected_gradients,
    )  # fmt: skip
    # Outputs of nodes at the border of the sample are others: they lack their neighbours.
    assert np.abs(outputs[: len(part.nodes)] - expected[part.nodes]).max() > 1e-3
