"""Rollout against products of matrices that are written out."""

import numpy as np
import pytest

from gtx.batching import batch_graphs
from gtx.explain import ExplainError, rollout
from gtx.ops import Complete, Edges
from tests.explain.squares import graphs

GRAPHS = graphs()
BATCH = batch_graphs(GRAPHS)
SLOTS = np.arange(3)
RNG = np.random.default_rng(1)
HALF = 0.5


def complete():
    """Weights of two heads over all pairs, whose rows sum to 1 in each graph."""
    size = BATCH.layout.tiers[0].size
    weights, matrices = np.zeros((3, size, size, 2), np.float32), []
    for graph, count in enumerate(GRAPHS.num_nodes):
        heads = RNG.dirichlet(np.ones(count), (count, 2)).transpose(0, 2, 1)
        weights[graph, :count, :count] = heads
        matrices.append(heads.mean(axis=-1))
    sown = dict(weights=(weights.reshape(-1, 2),), attended=(Complete(BATCH.layout),))
    return sown, matrices


def along_edges():
    """Weights over the given edges, not normalised, and 5 in padding."""
    values = np.full((len(BATCH.receivers), 1), 5.0, np.float32)
    real = np.asarray(BATCH.edge_mask)
    values[real, 0] = RNG.uniform(0.1, 1, real.sum())
    edges = Edges(BATCH.senders, BATCH.receivers, BATCH.edge_mask, len(BATCH.node_mask))
    matrices = []
    for graph, count in enumerate(GRAPHS.num_nodes):
        matrix, start = np.zeros((count, count)), GRAPHS.node_ptr[graph]
        for value, sender, receiver in zip(
            values[real, 0], BATCH.senders[real], BATCH.receivers[real], strict=True
        ):
            if start <= receiver < start + count:
                matrix[receiver - start, sender - start] += value
        matrices.append(rows_of_one(matrix))
    return dict(weights=(values,), attended=(edges,)), matrices


def rows_of_one(matrix):
    out = matrix.copy()
    for row in range(len(out)):
        out[row] = out[row] / out[row].sum() if out[row].sum() else np.eye(len(out))[row]
    return out


def neighbours(graph):
    count, start = GRAPHS.num_nodes[graph], GRAPHS.edge_ptr[graph]
    matrix = np.zeros((count, count))
    for edge in range(start, GRAPHS.edge_ptr[graph + 1]):
        matrix[GRAPHS.receivers[edge], GRAPHS.senders[edge]] += 1
    return rows_of_one(matrix)


def test_layers_are_multiplied_in_their_order():
    first, of_first = complete()
    second, of_second = along_edges()
    sown = {"block_0": {"attention": first}, "block_10": {"inner": {"attention": second}}}
    params = {"embed": {}, "block_10": {}, "block_0": {}, "head": {}}
    found = rollout.flows(sown, params, BATCH, SLOTS, True)
    for graph, flow in enumerate(found):
        one = np.eye(GRAPHS.num_nodes[graph])
        expected = (HALF * of_second[graph] + HALF * one) @ (HALF * of_first[graph] + HALF * one)
        np.testing.assert_allclose(flow, expected, rtol=1e-6)
        np.testing.assert_allclose(flow.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("message_passing", [True, False])
def test_message_passing_beside_attention_counts_as_much(message_passing):
    sown, of_attention = complete()
    params = {"block_0": {"local": {"kernel": 0}, "attention": {}}}
    found = rollout.flows({"block_0": {"attention": sown}}, params, BATCH, SLOTS, message_passing)
    for graph, flow in enumerate(found):
        layer = of_attention[graph]
        if message_passing:
            layer = (layer + neighbours(graph)) / 2
        np.testing.assert_allclose(flow, (layer + np.eye(len(layer))) / 2, rtol=1e-6)


def test_attention_along_edges_stands_for_its_own_message_passing():
    sown, of_attention = along_edges()
    params = {"block_0": {"local": {"kernel": 0}}}
    found = rollout.flows({"block_0": {"local": sown}}, params, BATCH, SLOTS, True)
    for graph, flow in enumerate(found):
        layer = of_attention[graph]
        np.testing.assert_allclose(flow, (layer + np.eye(len(layer))) / 2, rtol=1e-6)


def test_a_model_without_weights_is_refused():
    with pytest.raises(ExplainError, match="no layer of this model gives weights"):
        rollout.flows({}, {"block_0": {}}, BATCH, SLOTS, True)


def test_attention_that_is_not_among_nodes_is_refused():
    edges = Edges(BATCH.senders, BATCH.receivers, None, 2)
    sown = dict(weights=(np.ones((len(BATCH.senders), 1)),), attended=(edges,))
    with pytest.raises(ExplainError, match="not among the nodes"):
        rollout.flows({"block_0": sown}, {"block_0": {}}, BATCH, SLOTS, True)


def test_a_target_reads_its_own_rows():
    flow = RNG.random((4, 4))
    items = GRAPHS.select([2])
    edge = 1
    ends = [items.senders[edge], items.receivers[edge]]
    cases = [
        ("graph", None, flow.mean(axis=0)),
        ("node", np.array([3]), flow[3]),
        ("pair", np.array([[1, 3]]), (flow[1] + flow[3]) / 2),
        ("edge", np.array([edge]), flow[ends].mean(axis=0)),
    ]
    for level, local, expected in cases:
        np.testing.assert_allclose(rollout.read_out(flow, level, local, 0, items), expected)
