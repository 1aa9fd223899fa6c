import jax.numpy as jnp
import numpy as np
import pytest

from gtx import nn
from gtx.batch import Features
from tests.batches import DIM
from tests.nn import literal
from tests.nn.layers import (
    NUM_NODES,
    REAL,
    REAL_EDGES,
    RECEIVERS,
    SENDERS,
    affine,
    close,
    features,
    relu,
    run_exactly,
)

X = np.float64(features().nodes)
E = np.float64(features().edges)[REAL_EDGES]
COUNTS = np.zeros((NUM_NODES, NUM_NODES))
np.add.at(COUNTS, (RECEIVERS, SENDERS), 1)


def test_gcn_normalises_the_adjacency_with_one_self_loop_for_each_node():
    assert COUNTS.max() > 1 and COUNTS.trace() > 0
    params, out, _ = run_exactly(nn.GCN(DIM))
    adjacency = np.where(np.eye(NUM_NODES), 1, COUNTS)
    root = np.diag(adjacency.sum(1) ** -0.5)
    expected = root @ adjacency @ root @ X @ params["linear"]["kernel"] + params["bias"]
    close(out.nodes[REAL], expected[REAL], 1e-12)


@pytest.mark.parametrize("with_edges", [True, False])
def test_gcne_sums_the_positive_parts_of_mapped_senders_and_their_edges(with_edges):
    given = features() if with_edges else Features(nodes=features().nodes)

    def reference(params, rows):
        messages = (rows["nodes"] @ params["linear"]["kernel"])[SENDERS]
        if with_edges:
            messages = messages + rows["edges"][REAL_EDGES]
        out = np.zeros((NUM_NODES, DIM)) + params["bias"]
        for receiver, message in zip(RECEIVERS, relu(messages), strict=True):
            out[receiver] += message
        return {"nodes": out}

    literal.assert_equals(nn.GCNE(DIM), reference, given)


def test_gcne_refuses_edges_of_another_width():
    with pytest.raises(ValueError, match="messages of width 5, but edges have width 8"):
        run_exactly(nn.GCNE(5))


def test_gin_adds_the_neighbours_to_the_node():
    params, out, _ = run_exactly(nn.GIN(DIM, hidden_dim=5, epsilon=0.5))
    hidden = relu(affine(1.5 * X + COUNTS @ X, params["hidden"]))
    close(out.nodes[REAL], affine(hidden, params["output"])[REAL], 1e-12)


def test_gin_is_gine_without_edges_and_without_its_activation():
    given = Features(nodes=jnp.abs(features().nodes))
    fields = dict(dim=DIM, train_epsilon=True)
    results = [run_exactly(layer(**fields), given=given) for layer in (nn.GIN, nn.GINE)]
    assert results[0][0].keys() == results[1][0].keys()
    close(results[0][1].nodes, results[1][1].nodes, 1e-12)


@pytest.mark.parametrize("method", ["mean", "max", "sum"])
def test_graph_sage_maps_the_node_and_its_aggregated_neighbours(method):
    params, out, _ = run_exactly(nn.GraphSAGE(5, method=method))
    neighbours = np.zeros_like(X)
    for i in np.unique(RECEIVERS):
        neighbours[i] = getattr(X[SENDERS[RECEIVERS == i]], method)(axis=0)
    expected = affine(neighbours, params["neighbours"]) + X @ params["root"]["kernel"]
    close(out.nodes[REAL], expected[REAL], 1e-12)


def test_graph_sage_without_the_node_itself():
    params, out, _ = run_exactly(nn.GraphSAGE(DIM, method="sum", root_weight=False))
    assert set(params) == {"neighbours"}
    close(out.nodes[REAL], affine(COUNTS @ X, params["neighbours"])[REAL], 1e-12)


@pytest.mark.parametrize("with_edges", [True, False])
def test_mpnn_is_a_perceptron_of_both_ends_and_the_edge_and_one_of_node_and_sum(with_edges):
    given = features() if with_edges else Features(nodes=features().nodes)
    params, out, _ = run_exactly(nn.MPNN(DIM, hidden_dim=5), given=given)
    kernel, bias = params["nodes"]["kernel"], params["nodes"]["bias"]
    kernels = [kernel[:, :5], kernel[:, 5:]]
    parts = [X[RECEIVERS], X[SENDERS]]
    if with_edges:
        kernels, parts = [*kernels, params["edges"]["kernel"]], [*parts, E]
    hidden = np.concatenate(parts, 1) @ np.concatenate(kernels) + bias[:5] + bias[5:]
    arrived = np.zeros((NUM_NODES, DIM))
    np.add.at(arrived, RECEIVERS, affine(relu(hidden), params["message"]))
    hidden = relu(affine(np.concatenate([X, arrived], 1), params["hidden"]))
    close(out.nodes[REAL], affine(hidden, params["output"])[REAL], 1e-12)
