"""Each step hides other nodes, the same in any batch, and asks for them and no others."""

import jax
import numpy as np
import pytest

from gtx.batching import HiddenNodes, Resident, Streamed, fit_budget
from gtx.data import DatasetError
from gtx.data.masking import mask_rows, with_masked_nodes
from tests.data.test_masking import graphs

DATASET = with_masked_nodes(graphs(), 0.3)
TRAIN = DATASET.part("train")


def hidden_in(kind, size, num_shards, key):
    """The hidden nodes of an epoch, as (graph, place) with what they hold and their labels."""
    budget = fit_budget(TRAIN, size, num_tiers=1, num_shards=num_shards)
    source = HiddenNodes(kind(TRAIN, budget), 0.4)
    program, found = jax.jit(source.batch), {}
    rows = source.plan(0, 0)
    elements = source.chunk(rows)
    for step in range(len(rows)):
        for shard in range(num_shards):
            element = jax.tree.map(lambda array, at=(step, shard): array[at], elements)
            batch = jax.device_get(program(source.constants, element, key))
            first = np.cumsum(batch.graph.n_node) - batch.graph.n_node
            for node in np.flatnonzero(batch.node_mask):
                graph = batch.node_graph[node]
                place = (int(batch.graph_ids[graph]), int(node - first[graph]))
                columns = np.concatenate(
                    [batch.graph.nodes[name][node] for name in ("color", "kinds", "place")]
                )
                found[place] = (bool(batch.targets.mask[node]), columns, batch.targets.labels[node])
            assert not batch.targets.mask[~batch.node_mask].any()
    return found


def test_a_step_hides_a_share_of_its_nodes_in_any_batch_and_on_any_shard():
    key = jax.random.key(5)
    found = hidden_in(Resident, 4, 1, key)
    for kind, size, shards in ((Resident, 2, 1), (Streamed, 4, 2)):
        other = hidden_in(kind, size, shards, key)
        assert found.keys() == other.keys()
        assert all(found[node][0] == other[node][0] for node in found)
    assert 0.25 < np.mean([one[0] for one in found.values()]) < 0.55
    given = graphs()
    row = np.concatenate(
        list(mask_rows(TRAIN.spec, ("color", "kinds", "place"), TRAIN.spec.label).values())
    )
    for (graph, place), (hidden, columns, labels) in found.items():
        start = given.node_ptr[graph] + place
        truth = [given.nodes[name][start] for name in ("color", "kinds", "place")]
        np.testing.assert_array_equal(labels, np.concatenate(truth).astype(np.float32))
        expected = row if hidden else np.append(np.concatenate(truth), 0)
        np.testing.assert_array_equal(columns, expected.astype(np.float32))
    again = hidden_in(Resident, 4, 1, jax.random.key(6))
    assert any(found[node][0] != again[node][0] for node in found)


def test_other_data_is_refused():
    budget = fit_budget(graphs().part("train"), 4)
    with pytest.raises(DatasetError, match="with_masked_nodes"):
        HiddenNodes(Resident(graphs().part("train"), budget), 0.4)
    with pytest.raises(DatasetError, match="share is 1"):
        HiddenNodes(Resident(TRAIN, fit_budget(TRAIN, 4)), 1.0)
    assert HiddenNodes(Resident(TRAIN, fit_budget(TRAIN, 4)), 0.4).identity()["share"] == 0.4
