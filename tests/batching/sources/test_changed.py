"""Changes of a batch are the same for a node in a part of one large graph as in the whole graph."""

import jax
import numpy as np
import pytest

from gtx.batching import Clusters, HiddenNodes, Neighbors, NoisyNodes, Resident, fit_budget
from gtx.data import Categorical, Continuous, Dataset, GraphSpec, Label
from gtx.data.masking import with_masked_nodes

SOURCES = {
    "neighbors": lambda graph, **more: Neighbors(graph, size=6, fanouts=(3, 2), **more),
    "clusters": lambda graph, **more: Clusters(graph, size=3, num_clusters=8, **more),
}


def one_graph(num_nodes=48, num_edges=150):
    rng = np.random.default_rng(0)
    spec = GraphSpec(
        nodes=dict(color=Categorical((4,)), place=Continuous(2)),
        edges=dict(bond=Categorical((50,))),
        label=Label("node", "multiclass", 3),
    )
    return Dataset.from_columns(
        node_ptr=[0, num_nodes],
        edge_ptr=[0, num_edges],
        senders=rng.integers(0, num_nodes, num_edges),
        receivers=rng.integers(0, num_nodes, num_edges),
        nodes=dict(color=rng.integers(0, 4, (num_nodes, 1)), place=rng.normal(size=(num_nodes, 2))),
        edges=dict(bond=rng.integers(0, 50, (num_edges, 1))),
        labels=rng.integers(0, 3, num_nodes),
        level="node",
        split=rng.choice(3, num_nodes, p=(0.6, 0.2, 0.2)),
        ids=[7],
        spec=spec,
    )


def whole(change, graph, key):
    """The batch of the whole graph."""
    source = change(Resident(graph, fit_budget(graph, 1)))
    row = source.plan(0, 0)[0, 0]
    return jax.device_get(jax.jit(source.batch)(source.constants, row, key))


def parts(change, source, key):
    """The batches of an epoch, all with the key of one step, and the numbers of their nodes."""
    source = change(source)
    make, rows = jax.jit(source.batch), source.plan(0, 0)
    chunk = source.chunk(rows)
    for step, shard in np.ndindex(rows.shape[:2]):
        element = jax.tree.map(lambda array, at=(step, shard): array[at], chunk)
        batch = jax.device_get(make(source.constants, element, key))
        yield batch, source.source.part(rows[step, shard]).nodes


@pytest.mark.parametrize("name", ["neighbors", pytest.param("clusters", marks=pytest.mark.slow)])
def test_a_part_has_the_noise_of_the_whole_graph(name):
    def noisy(source):
        columns = ("edges.bond", "nodes.color", "nodes.place")
        return NoisyNodes(source, columns, 0.4, 0.1)

    graph, key = one_graph().part("train"), jax.random.key(1)
    expected = whole(noisy, graph, key)
    bonds = {}
    for edge in range(len(graph.senders)):
        ends = int(expected.senders[edge]), int(expected.receivers[edge])
        clean, changed = expected.clean["edges"]["bond"][edge], expected.graph.edges["bond"][edge]
        bonds[*ends, int(clean[0])] = int(changed[0])
    seen, changes = set(), 0
    for batch, nodes in parts(noisy, SOURCES[name](graph, num_shards=3), key):
        real = batch.node_mask
        assert real.sum() == len(nodes)
        for column in ("color", "place"):
            for found, wanted in (
                (batch.graph.nodes[column], expected.graph.nodes[column]),
                (batch.clean["nodes"][column], graph.nodes[column]),
            ):
                np.testing.assert_array_equal(found[real], wanted[nodes])
                assert not found[~real].any()
        for edge in np.flatnonzero(batch.edge_mask):
            ends = nodes[batch.senders[edge]], nodes[batch.receivers[edge]]
            clean, found = batch.clean["edges"]["bond"][edge], batch.graph.edges["bond"][edge]
            assert bonds[*map(int, ends), int(clean[0])] == found[0]
            changes += int(clean[0] != found[0])
        seen |= set(nodes)
    assert len(seen) > 40 and changes > 5


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_a_part_hides_those_of_its_targets_that_the_whole_graph_hides(name):
    def hiding(source):
        return HiddenNodes(source, 0.4)

    data = with_masked_nodes(one_graph(), 0.4, columns=("color",))
    graph, key = data.part("train"), jax.random.key(2)
    expected = whole(hiding, graph, key)
    of_target = dict(zip(expected.targets.index, expected.targets.mask, strict=True))
    hidden = {int(node) for node in graph.targets.index if of_target[node]}
    assert 0.2 < len(hidden) / len(graph.targets) < 0.6
    asked = []
    for batch, nodes in parts(hiding, SOURCES[name](graph, resident=False), key):
        mask = batch.targets.mask
        assert not mask[len(nodes) :].any()
        asked += nodes[np.flatnonzero(mask)].tolist()
        # Hidden are those that are asked for, with their own category as label; others are as they
        # were: train hides nothing beforehand, and valid and test do.
        found = batch.graph.nodes["color"][: len(nodes)]
        given = np.where(mask[: len(nodes), None], 4, graph.nodes["color"][nodes])
        np.testing.assert_array_equal(found, given)
        truth = one_graph().nodes["color"][nodes[np.flatnonzero(mask)], 0]
        np.testing.assert_array_equal(batch.targets.labels[mask], truth)
    assert sorted(asked) == sorted(hidden)


def test_a_changed_source_is_described_by_the_one_that_it_changes():
    graph = one_graph().part("train")
    sampler = SOURCES["clusters"](graph, evaluation="sampled")
    source = NoisyNodes(sampler, ("nodes.color",), 0.1)
    assert source.sampler is sampler and source.unit == "cluster" and source.budget is None
    assert source.steps_per_epoch == sampler.steps_per_epoch == len(source.plan(0, 0))
    assert source.identity() == {
        **sampler.identity(),
        **dict(**{"class": "NoisyNodes"}, columns=["nodes.color"], share=0.1, scale=0.0),
    }
    graphs = NoisyNodes(Resident(graph, fit_budget(graph, 1)), ("nodes.color",), 0.1)
    assert graphs.sampler is None and graphs.unit == "graph" and graphs.steps_per_epoch == 1
