"""PPGT's attention, norm and stem against their equations, in float64 numpy."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx import nn
from tests.batches import DIM, NUM_BONDS
from tests.nn import literal
from tests.nn.attention.test_multi_head import SAME_GRAPH, pairs_as_matrix
from tests.nn.layers import BATCH, NUM_NODES, REAL, RECEIVERS, affine, close, encode, features

HEADS, WIDTH = 2, DIM // 2
GROUP = np.asarray(BATCH.node_graph)


def gelu(x):
    return 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def ada_rms_norm(x, params):
    def rms(x):
        return np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6)

    return x / rms(x) * rms(params["scale"] * x + params["bias"])


@pytest.mark.parametrize("scale", [1.0, WIDTH**-0.5], ids=["code", "paper"])
def test_attention_falls_with_the_distance_of_query_and_key_and_has_a_gate(scale):
    def reference(params, rows):
        x, pairs = rows["nodes"], pairs_as_matrix(affine(rows["pairs"], params["pairs"]))
        query, key, value = np.split(affine(x, params["query_key_value"]), 3, axis=1)
        out = np.zeros((NUM_NODES, DIM))
        for head in range(HEADS):
            own = slice(head * WIDTH, (head + 1) * WIDTH)
            norm = (key[:, own] ** 2).sum(1) / (2 * np.sqrt(WIDTH))
            logits = scale * query[:, own] @ key[:, own].T - norm + pairs[..., head]
            weights = np.exp(logits) * SAME_GRAPH
            total = weights.sum(1, keepdims=True)
            weights = weights / np.where(total > 0, total, 1) * (1 + pairs[..., HEADS + head])
            out[:, own] = weights @ value[:, own]
        return {"nodes": affine(out, params["output"])}

    module = nn.PPGTAttention(DIM, HEADS, scale=scale)
    literal.assert_equals(module, reference, features().replace(edges=None, graphs=None))


def test_the_norm_keeps_a_row_or_only_its_direction():
    x = np.float64(features().nodes)
    mask = np.asarray(REAL)
    with jax.enable_x64(True):
        norm = nn.AdaRMSNorm(param_dtype=jnp.float64)
        for scale, bias in ((0.0, 1.0), (1.0, 0.0), (0.3, -2.0)):
            params = dict(scale=np.full(DIM, scale), bias=np.full(DIM, bias))
            rows, real = jnp.asarray(x), jnp.asarray(mask)
            out = np.asarray(norm.apply({"params": params}, rows, real, train=False))
            np.testing.assert_allclose(out[mask], ada_rms_norm(x, params)[mask], atol=1e-12)
            if bias == 0:
                np.testing.assert_allclose(out[mask], x[mask], rtol=1e-4)


def test_the_stem_is_sinusoids_an_mlp_edges_and_residual_mlps():
    bond = lambda **options: nn.CategoricalEncoder(sizes=NUM_BONDS, **options)  # noqa: E731
    stem = nn.PairStemEncoder(
        "x", DIM, {"bond": bond}, num_waves=2, num_layers=1, hidden_dim=5, positions="x"
    )
    params, out = encode(stem)
    size = np.array([(REAL & (GROUP == graph)).sum() for graph in GROUP])
    degree = np.bincount(RECEIVERS, minlength=NUM_NODES)
    inverse = np.where(degree > 0, 1 / np.maximum(degree, 1), 0.0)
    places = np.asarray(BATCH.graph.nodes["x"])[:, -2:]
    x = np.concatenate(
        [
            pairs_as_matrix(np.asarray(BATCH.pairs["x"])),
            places[:, None] - places[None],
            np.broadcast_to(1 / np.maximum(size, 1)[:, None, None], (NUM_NODES, NUM_NODES, 1)),
            np.broadcast_to(inverse[None, :, None], (NUM_NODES, NUM_NODES, 1)),
            np.broadcast_to(inverse[:, None, None], (NUM_NODES, NUM_NODES, 1)),
        ],
        axis=-1,
    )
    angles = (x[..., None] * np.pi * np.array([1.0, 2.0])).reshape(NUM_NODES, NUM_NODES, -1)
    s = np.concatenate([x, np.sin(angles), np.cos(angles)], axis=-1)
    z = affine(gelu(affine(s, params["stem_hidden"])), params["stem_output"])
    bonds, table = np.asarray(BATCH.graph.edges["bond"]), params["edges"]["edge_bond"]["embedding"]
    for edge in np.flatnonzero(BATCH.edge_mask):
        z[int(BATCH.receivers[edge]), int(BATCH.senders[edge])] += table[bonds[edge]]
    hidden = gelu(affine(ada_rms_norm(z, params["norm_0"]), params["layer_0_hidden"]))
    z = ada_rms_norm(z + affine(hidden, params["layer_0_output"]), params["norm_output"])
    found = pairs_as_matrix(out)
    close(found[SAME_GRAPH], z[SAME_GRAPH], 1e-4)


def test_a_stem_refuses_more_axes_than_the_column_has():
    stem = nn.PairStemEncoder("x", DIM, {}, positions="x", num_axes=DIM + 1)
    with pytest.raises(ValueError, match=f"num_axes: the node column 'x' has {DIM} numbers"):
        jax.eval_shape(lambda: stem.init(jax.random.key(0), BATCH, train=False))
