import numpy as np
import pytest

from gtx import nn
from gtx.batch import Features
from tests.batches import DIM
from tests.nn.layers import (
    BATCH,
    KEY,
    NUM_NODES,
    REAL,
    REAL_EDGES,
    RECEIVERS,
    SENDERS,
    affine,
    close,
    features,
    relu,
    run,
    run_exactly,
    sigmoid,
    standardized,
)

PLACES = np.linspace(-1, 1, NUM_NODES * 3).reshape(NUM_NODES, 3) ** 3
PLACED = features().replace(extra={"places": PLACES})
X = np.float64(features().nodes)
E = np.float64(features().edges)[REAL_EDGES]
NODES_ONLY = Features(nodes=features().nodes)


def summed(messages):
    out = np.zeros((NUM_NODES, *messages.shape[1:]))
    np.add.at(out, RECEIVERS, messages)
    return out


def test_gine_adds_relu_of_sender_and_edge():
    params, out, _ = run(nn.GINE(DIM, hidden_dim=5))
    x = X + summed(relu(X[SENDERS] + E))
    expected = affine(relu(affine(x, params["hidden"])), params["output"])
    close(out.nodes[REAL], expected[REAL])
    close(out.edges[REAL_EDGES], E)


def test_gine_without_edge_features_adds_relu_of_the_sender():
    params, out, _ = run(nn.GINE(DIM), given=NODES_ONLY)
    x = X + summed(relu(X[SENDERS]))
    close(out.nodes[REAL], affine(relu(affine(x, params["hidden"])), params["output"])[REAL])


def test_gine_weighs_the_node_itself_by_one_plus_epsilon():
    params, out, _ = run(nn.GINE(DIM, epsilon=0.5, train_epsilon=True))
    assert abs(params["epsilon"]) > 0.01
    x = (1 + params["epsilon"]) * X + summed(relu(X[SENDERS] + E))
    close(out.nodes[REAL], affine(relu(affine(x, params["hidden"])), params["output"])[REAL])


def test_epsilon_starts_where_it_is_told():
    layer = nn.GINE(DIM, epsilon=0.5, train_epsilon=True)
    assert layer.init(KEY, features(), BATCH, train=False)["params"]["epsilon"] == 0.5
    params, fixed, _ = run(nn.GINE(DIM, epsilon=0.5))
    x = 1.5 * X + summed(relu(X[SENDERS] + E))
    close(fixed.nodes[REAL], affine(relu(affine(x, params["hidden"])), params["output"])[REAL])


def test_gine_refuses_edges_of_another_width():
    with pytest.raises(ValueError, match="same width"):
        run(nn.GINE(DIM), given=features().replace(edges=features().edges[:, :3]))


@pytest.mark.parametrize("residual", [True, False])
def test_gated_gcn_is_that_of_graphgps(residual):
    params, out, _ = run(nn.GatedGCN(DIM, residual=residual), train=True)
    a, b, d, e = np.split(affine(X, params["nodes"]), 4, axis=1)
    z = d[RECEIVERS] + e[SENDERS] + affine(E, params["edges"])
    gate = sigmoid(z)
    x = a + summed(gate * b[SENDERS]) / (summed(gate) + 1e-6)
    x = relu(standardized(x, params["norm_nodes"], REAL)) + residual * X
    z = relu(standardized(z, params["norm_edges"], np.ones(len(z), bool)))
    close(out.nodes[REAL], x[REAL])
    close(out.edges[REAL_EDGES], E + z)


def test_gated_gcn_drops_edges_and_with_residual_nodes():
    plain = run(nn.GatedGCN(DIM), train=True)[1]
    dropped = run(nn.GatedGCN(DIM, dropout_rate=0.5), train=True)[1]
    close(dropped.nodes[REAL], plain.nodes[REAL])
    update, kept = plain.edges[REAL_EDGES] - E, dropped.edges[REAL_EDGES] - E
    zero = np.abs(kept) < 1e-6
    close(kept[~zero], 2 * update[~zero], 1e-4)
    assert 0.3 < zero[update > 1e-3].mean() < 0.7
    both = run(nn.GatedGCN(DIM, residual=True, dropout_rate=0.5), train=True)[1]
    zero = np.abs(both.nodes[REAL] - X[REAL]) < 1e-6
    close((both.nodes[REAL] - X[REAL])[~zero], 2 * plain.nodes[REAL][~zero], 1e-4)


def test_gated_gcn_without_edge_features_names_the_remedy():
    with pytest.raises(ValueError, match="ConstantEncoder"):
        run(nn.GatedGCN(DIM), given=NODES_ONLY)


def gate_of_positions(params):
    square = ((PLACES[RECEIVERS] - PLACES[SENDERS]) ** 2).sum(1, keepdims=True)
    hidden = relu(affine(square, params["positions_hidden"]))
    return sigmoid(affine(hidden, params["positions_output"]))


def test_gated_gcn_multiplies_its_gates_by_those_of_positions():
    layer = nn.GatedGCN(DIM, positions="places")
    params, out, _ = run_exactly(layer, given=PLACED, train=True)
    a, b, d, e = np.split(affine(X, params["nodes"]), 4, axis=1)
    z = d[RECEIVERS] + e[SENDERS] + affine(E, params["edges"])
    gate = sigmoid(z) * gate_of_positions(params)
    x = a + summed(gate * b[SENDERS]) / (summed(gate) + 1e-6)
    x = relu(standardized(x, params["norm_nodes"], REAL))
    z = relu(standardized(z, params["norm_edges"], np.ones(len(z), bool)))
    close(out.nodes[REAL], x[REAL], 1e-10)
    close(out.edges[REAL_EDGES], E + z, 1e-10)
    assert np.array_equal(out.extra["places"], PLACES)


def test_gine_multiplies_its_messages_by_the_gates_of_positions():
    params, out, _ = run_exactly(nn.GINE(DIM, positions="places"), given=PLACED)
    x = X + summed(relu(X[SENDERS] + E) * gate_of_positions(params))
    expected = affine(relu(affine(x, params["hidden"])), params["output"])
    close(out.nodes[REAL], expected[REAL], 1e-10)


def test_rotated_and_reflected_positions_have_the_same_gates():
    rng = np.random.default_rng(3)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    turned = features().replace(extra={"places": PLACES @ rotation + 1})
    scaled = features().replace(extra={"places": 2 * PLACES})
    layer = nn.GINE(DIM, positions="places")
    nodes = [run_exactly(layer, given=given)[1].nodes[REAL] for given in (PLACED, turned, scaled)]
    close(nodes[1], nodes[0], 1e-10)
    assert np.abs(nodes[2] - nodes[0]).max() > 0.01


def test_without_the_stream_of_positions_it_says_what_to_do():
    with pytest.raises(ValueError, match=r"GINE reads the positions 'places'.*StreamEmbed"):
        run(nn.GINE(DIM, positions="places"))


def test_res_gated_graph_conv_equals_pygs_concatenation():
    width = 5
    params, out, _ = run(nn.ResGatedGraphConv(width))
    key, query, value, skip = np.split(params["nodes"]["kernel"], 4, axis=1)
    key_bias, query_bias, value_bias, bias = np.split(params["nodes"]["bias"], 4)
    key_e, query_e, value_e = np.split(params["edges"], 3, axis=1)
    receiver = np.concatenate([X[RECEIVERS], E], axis=1)
    sender = np.concatenate([X[SENDERS], E], axis=1)
    gate = sigmoid(
        receiver @ np.concatenate([key, key_e])
        + key_bias
        + sender @ np.concatenate([query, query_e])
        + query_bias
    )
    messages = gate * (sender @ np.concatenate([value, value_e]) + value_bias)
    expected = X @ skip + bias + summed(messages)
    close(out.nodes[REAL], expected[REAL])


def test_res_gated_graph_conv_without_edge_features_has_no_edge_parameters():
    params, out, _ = run(nn.ResGatedGraphConv(DIM), given=NODES_ONLY)
    assert set(params) == {"nodes"}
    key, query, value, skip = np.split(affine(X, params["nodes"]), 4, axis=1)
    messages = sigmoid(key[RECEIVERS] + query[SENDERS]) * value[SENDERS]
    close(out.nodes[REAL], (skip + summed(messages))[REAL])
