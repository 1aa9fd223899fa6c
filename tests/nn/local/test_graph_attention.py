import numpy as np
import pytest

from gtx import nn
from gtx.batch import Features
from tests.batches import DIM
from tests.nn.layers import (
    BATCH,
    NUM_NODES,
    REAL,
    REAL_EDGES,
    RECEIVERS,
    SENDERS,
    affine,
    close,
    features,
    run_exactly,
    sigmoid,
)

HEADS = 2
X = np.float64(features().nodes)
E = np.float64(features().edges)[REAL_EDGES]
NODES_ONLY = Features(nodes=features().nodes)


def edges(self_loops=False):
    """Senders, receivers and edge features; self-loops with the mean of the other edges."""
    if not self_loops:
        return SENDERS, RECEIVERS, E
    others, nodes = SENDERS != RECEIVERS, np.arange(NUM_NODES)
    assert not others.all()
    means = np.zeros((NUM_NODES, DIM))
    for i in np.unique(RECEIVERS[others]):
        means[i] = E[others & (RECEIVERS == i)].mean(0)
    return (
        np.concatenate([SENDERS[others], nodes]),
        np.concatenate([RECEIVERS[others], nodes]),
        np.concatenate([E[others], means]),
    )


def by_head(values):
    return values.reshape(*values.shape[:-1], HEADS, -1)


def leaky(x, slope):
    return np.where(x > 0, x, slope * x)


def attended(logits, values, receivers, concat):
    """Sums of values [edges, heads, width], weighted by a softmax at each receiver."""
    out = np.zeros((NUM_NODES, *values.shape[1:]))
    for i in np.unique(receivers):
        here = receivers == i
        weights = np.exp(logits[here]) / np.exp(logits[here]).sum(0)
        out[i] = np.einsum("eh,ehd->hd", weights, values[here])
    return out.reshape(NUM_NODES, -1) if concat else out.mean(1)


@pytest.mark.parametrize(
    "fields",
    [dict(), dict(concat=False, negative_slope=0.1), dict(self_loops=True), dict(use_edges=False)],
    ids=str,
)
def test_gat_scores_receiver_sender_and_edge_by_one_vector_each(fields):
    layer = nn.GAT(DIM, num_heads=HEADS, **fields)
    params, out, _ = run_exactly(layer)
    assert ("edges" in params) == layer.use_edges
    senders, receivers, e = edges(layer.self_loops)
    x = by_head(X @ params["nodes"]["kernel"])
    logits = (x * params["receiver_vector"]).sum(-1)[receivers]
    logits = logits + (x * params["sender_vector"]).sum(-1)[senders]
    if layer.use_edges:
        logits = logits + (by_head(e @ params["edges"]) * params["edge_vector"]).sum(-1)
    logits = leaky(logits, layer.negative_slope)
    expected = attended(logits, x[senders], receivers, layer.concat) + params["bias"]
    close(out.nodes[REAL], expected[REAL], 1e-12)


@pytest.mark.parametrize(
    "fields",
    [dict(), dict(concat=False, share_weights=True, negative_slope=0.1), dict(self_loops=True)],
    ids=str,
)
def test_gatv2_scores_what_the_activation_leaves_of_the_sum(fields):
    layer = nn.GATv2(DIM, num_heads=HEADS, **fields)
    params, out, _ = run_exactly(layer)
    senders, receivers, e = edges(layer.self_loops)
    key = by_head(affine(X, params["senders"]))
    query = key if layer.share_weights else by_head(affine(X, params["receivers"]))
    hidden = query[receivers] + key[senders] + by_head(e @ params["edges"]["kernel"])
    logits = (leaky(hidden, layer.negative_slope) * params["vector"]).sum(-1)
    expected = attended(logits, key[senders], receivers, layer.concat) + params["bias"]
    close(out.nodes[REAL], expected[REAL], 1e-12)


@pytest.mark.parametrize(
    "fields",
    [dict(), dict(beta=True), dict(concat=False, beta=True), dict(root_weight=False, scale=1.0)],
    ids=str,
)
def test_transformer_conv_adds_edges_to_keys_and_values(fields):
    layer = nn.TransformerConv(DIM, num_heads=HEADS, **fields)
    params, out, _ = run_exactly(layer)
    width = DIM if layer.concat else HEADS * DIM
    parts = np.split(affine(X, params["nodes"]), [width, 2 * width, 3 * width], axis=1)
    query, key, value = (by_head(part) for part in parts[:3])
    e = by_head(E @ params["edges"]["kernel"])
    scale = 1 / np.sqrt(width / HEADS) if layer.scale is None else layer.scale
    logits = scale * (query[RECEIVERS] * (key[SENDERS] + e)).sum(-1)
    expected = attended(logits, value[SENDERS] + e, RECEIVERS, layer.concat)
    if layer.root_weight:
        skip, gate = parts[3], 0.5
        if layer.beta:
            joint = np.concatenate([expected, skip, expected - skip], axis=1)
            gate = sigmoid(joint @ params["gate"]["kernel"])
        expected = gate * skip + (1 - gate) * expected
        expected = expected if layer.beta else 2 * expected
    close(out.nodes[REAL], expected[REAL], 1e-12)


LAYERS = [nn.GAT, nn.GATv2, nn.TransformerConv]


@pytest.mark.parametrize("layer", LAYERS)
def test_the_weights_can_be_had_and_sum_to_one_at_each_receiver(layer):
    _, _, changed = run_exactly(layer(DIM, num_heads=HEADS, dropout_rate=0.9), train=True)
    (weights,) = changed["intermediates"]["weights"]
    sums = np.zeros((NUM_NODES, HEADS))
    np.add.at(sums, np.asarray(BATCH.receivers), weights)
    has_edge = np.isin(np.arange(NUM_NODES), RECEIVERS)
    close(sums, np.repeat(has_edge[:, None], HEADS, axis=1), 1e-12)


@pytest.mark.parametrize("layer", LAYERS)
def test_without_edge_features_there_are_no_edge_parameters(layer):
    params, out, _ = run_exactly(layer(DIM, num_heads=HEADS), given=NODES_ONLY)
    assert not {"edges", "edge_vector"} & set(params)
    other = run_exactly(layer(DIM, num_heads=HEADS, use_edges=False))[1]
    close(out.nodes, other.nodes, 1e-12)


def test_self_loops_alone_leave_each_node_with_itself():
    """Every softmax is over one edge, whatever the logits."""
    lonely = BATCH.replace(edge_mask=np.zeros_like(BATCH.edge_mask))
    layer = nn.GAT(DIM, num_heads=HEADS, self_loops=True)
    params, out, _ = run_exactly(layer, lonely)
    close(out.nodes[REAL], (X @ params["nodes"]["kernel"] + params["bias"])[REAL], 1e-12)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_width_that_heads_cannot_share_is_refused(layer):
    with pytest.raises(ValueError, match="multiple of num_heads"):
        run_exactly(layer(DIM, num_heads=3))


def test_a_gate_without_a_skip_is_refused():
    with pytest.raises(ValueError, match="needs root_weight"):
        run_exactly(nn.TransformerConv(DIM, beta=True, root_weight=False))
