"""Noise changes a share of the columns it names, keeps them clean beside it, in any batch."""

import jax
import numpy as np
import pytest

from gtx.batching import NoisyNodes, Resident, Streamed, fit_budget
from gtx.data import Categorical, DatasetError
from gtx.structures import EdgeTokens, VirtualNodes
from tests.data.test_masking import graphs

COLUMNS = ("edges.bond", "nodes.color", "nodes.place")


def train():
    given = graphs()
    bonds = np.random.default_rng(1).integers(0, 50, (len(given.receivers), 1))
    return given.with_columns("edge", dict(bond=bonds), dict(bond=Categorical((50,)))).part("train")


def rows_of(size, key, share=0.3, scale=0.1):
    dataset = train()
    source = NoisyNodes(
        Resident(dataset, fit_budget(dataset, size, num_tiers=1)), COLUMNS, share, scale
    )
    program, found = jax.jit(source.batch), {}
    for row in source.plan(0, 0)[:, 0]:
        batch = jax.device_get(program(source.constants, row, key))
        first = np.cumsum(batch.graph.n_node) - batch.graph.n_node
        place = np.arange(len(batch.node_mask)) - first[batch.node_graph]
        graph = batch.graph_ids[batch.node_graph]
        for node in np.flatnonzero(batch.node_mask):
            pair = [
                np.concatenate([columns[name][node] for name in ("color", "place")])
                for columns in (batch.clean["nodes"], batch.graph.nodes)
            ]
            found["node", graph[node], place[node]] = pair
        for edge in np.flatnonzero(batch.edge_mask):
            ends = batch.senders[edge], batch.receivers[edge]
            values = batch.clean["edges"]["bond"][edge], batch.graph.edges["bond"][edge]
            found["edge", graph[ends[0]], *(place[end] for end in ends)] = values
        real = batch.node_mask
        for name in ("color", "place"):  # padding has no noise
            np.testing.assert_array_equal(
                batch.graph.nodes[name][~real], batch.clean["nodes"][name][~real]
            )
        assert set(batch.clean) == {"nodes", "edges"} and "kinds" not in batch.clean["nodes"]
    return found


def test_the_noise_is_that_of_its_share_and_scale_and_the_same_in_any_batch():
    key = jax.random.key(2)
    found, other = rows_of(4, key), rows_of(2, key)
    for place, (clean, noisy) in found.items():
        np.testing.assert_array_equal(clean, other[place][0])
        np.testing.assert_array_equal(noisy, other[place][1])
    nodes = np.array([pair for place, pair in found.items() if place[0] == "node"])
    edges = np.array([pair for place, pair in found.items() if place[0] == "edge"])
    # A random category is the old one with probability 1/4 and 1/50.
    changed = np.mean(nodes[:, 0, 0] != nodes[:, 1, 0]), np.mean(edges[:, 0] != edges[:, 1])
    np.testing.assert_allclose(changed, (0.3 * 3 / 4, 0.3 * 49 / 50), atol=0.1)
    assert edges[:, 1].min() >= 0 and edges[:, 1].max() < 50
    noise = nodes[:, 1, 1:] - nodes[:, 0, 1:]
    np.testing.assert_allclose((noise.mean(), noise.std()), (0, 0.1), atol=0.02)
    assert abs(np.corrcoef(noise.T)[0, 1]) < 0.3
    again = rows_of(4, jax.random.key(3))
    assert any(not np.array_equal(found[place][1], again[place][1]) for place in found)


def test_what_does_not_fit_is_refused():
    dataset = train()
    source = Resident(dataset, fit_budget(dataset, 4))
    with pytest.raises(DatasetError, match=r"no columns \['nodes.colour'\]"):
        NoisyNodes(source, ("nodes.colour",), 0.1)
    with pytest.raises(DatasetError, match="no columns"):
        NoisyNodes(source, (), 0.1)
    for share, scale in ((1.0, 0.0), (0.0, 0.0), (0.0, -1.0)):
        with pytest.raises(DatasetError, match="one of them above 0"):
            NoisyNodes(source, ("nodes.color",), share, scale)


@pytest.mark.parametrize("kind", [Resident, Streamed])
def test_it_streams_if_its_source_does(kind):
    dataset = train()
    source = NoisyNodes(kind(dataset, fit_budget(dataset, 2)), COLUMNS, 0.3, 0.1)
    assert source.streams == (kind is Streamed)


def noisy_batch(dataset, columns):
    source = NoisyNodes(Resident(dataset, fit_budget(dataset, 4, num_tiers=1)), columns, 0.4, 0.1)
    rows = Resident(train(), fit_budget(train(), 4, num_tiers=1)).plan(0, 0)[0, 0]
    return jax.device_get(jax.jit(source.batch)(source.constants, rows, jax.random.key(2)))


def test_noise_reaches_no_node_that_a_structure_adds():
    columns = ("nodes.color", "nodes.place")
    larger = EdgeTokens()(VirtualNodes(num_nodes=2)(train()))
    plain, batch = noisy_batch(train(), columns), noisy_batch(larger, columns)
    kind = batch.graph.nodes["kind"][:, 0]
    own = batch.node_mask & (kind == 0)
    assert own.sum() == plain.node_mask.sum() < batch.node_mask.sum()
    for name in ("color", "place"):
        # What is drawn is as without structures, of the four colours of the data.
        for found, wanted in ((batch.graph.nodes, plain.graph.nodes), (batch.clean, plain.clean)):
            found, wanted = found.get("nodes", found), wanted.get("nodes", wanted)
            np.testing.assert_array_equal(found[name][own], wanted[name][plain.node_mask])
        np.testing.assert_array_equal(
            batch.graph.nodes[name][~own], batch.clean["nodes"][name][~own]
        )
    assert np.any(batch.graph.nodes["color"] != batch.clean["nodes"]["color"])
    assert "kind" not in batch.clean["nodes"]
    with pytest.raises(DatasetError, match=r"no columns \['nodes.kind'\]"):
        noisy_batch(larger, ("nodes.kind",))


def test_edges_that_a_structure_copied_get_no_noise():
    with pytest.raises(DatasetError, match="'edge_tokens' holds the columns .* Name columns of no"):
        noisy_batch(EdgeTokens()(train()), ("edges.bond",))
    batch = noisy_batch(VirtualNodes()(train()), ("edges.bond",))
    plain = noisy_batch(train(), ("edges.bond",))
    np.testing.assert_array_equal(
        batch.graph.edges["bond"][batch.edge_mask], plain.graph.edges["bond"][plain.edge_mask]
    )
