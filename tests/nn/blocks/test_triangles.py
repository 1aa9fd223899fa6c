"""Layers over triangles of pairs, against their equations."""

import functools

import numpy as np

from gtx import nn
from tests.nn.layers import affine, layer_norm, relu, sigmoid
from tests.nn.transcriptions import assert_transcribed, softmax

HEADS, DIM = 2, 8
WIDTH = DIM // HEADS


def normed(e, params):
    return layer_norm(e.reshape(-1, e.shape[-1]), params).reshape(e.shape)


def pairs_alone(transcription):
    """A transcription that leaves nodes as they are."""

    def of_graphs(p, graphs):
        return [g.nodes for g in graphs], [transcription(p, g.pairs) for g in graphs]

    return of_graphs


def heads(x, count):
    """Arrays [n, n, HEADS, WIDTH]."""
    return [part.reshape(*part.shape[:2], HEADS, WIDTH) for part in np.split(x, count, axis=-1)]


def triplet(p, e):
    """The authors' code for three nodes at a time: inward from i over j, outward to both."""
    n, e = len(e), normed(e, p["norm"])
    out = np.zeros((n, n, 2, HEADS, WIDTH))
    for place, name in enumerate(("in", "out")):
        query, key, value = heads(affine(e, p[f"query_key_value_{name}"]), 3)
        bias, gate = np.split(affine(e, p[f"bias_gate_{name}"]), 2, axis=-1)
        for i in range(n):
            for j in range(n):
                ik = [(i, k) if name == "in" else (k, i) for k in range(n)]
                jk = [(j, k) if name == "in" else (k, j) for k in range(n)]
                logits = [
                    (query[i, j] * key[b]).sum(-1) / np.sqrt(WIDTH) + bias[a]
                    for a, b in zip(ik, jk, strict=True)
                ]
                weights = softmax(np.stack(logits), axis=0)
                for weight, a, b in zip(weights, ik, jk, strict=True):
                    out[i, j, place] += (weight * sigmoid(gate[a]))[:, None] * value[b]
    return affine(out.reshape(n, n, 2 * DIM), p["output"])


def test_triplet_attention_is_that_of_tgt():
    layer = nn.TripletAttention(DIM, num_heads=HEADS)
    assert_transcribed(layer, pairs_alone(triplet))


def update(p, e):
    n, e = len(e), normed(e, p["norm"])
    gate_a, a, gate_b, b = np.split(affine(e, p["left"]), 4, axis=-1)
    gate_c, c, gate_d, d = np.split(affine(e, p["right"]), 4, axis=-1)
    a, b, c, d = (
        sigmoid(gate) * x for gate, x in ((gate_a, a), (gate_b, b), (gate_c, c), (gate_d, d))
    )
    both = np.zeros((n, n, 2, HEADS))
    for i in range(n):
        for j in range(n):
            for k in range(n):
                both[i, j, 0] += a[i, k] * c[j, k]
                both[i, j, 1] += b[k, i] * d[k, j]
    gate, linear = np.split(affine(both.reshape(n, n, -1), p["output"]), 2, axis=-1)
    return sigmoid(gate) * linear


def test_the_triangular_update_is_that_of_tgt():
    layer = nn.TriangularUpdate(DIM, num_heads=HEADS)
    assert_transcribed(layer, pairs_alone(update))


def edge_transformer(p, e):
    query, key, left, right = heads(
        affine(normed(e, p["norm_attention"]), p["query_key_values"]), 4
    )
    n = len(e)
    out = np.zeros((n, n, HEADS, WIDTH))
    for x in range(n):
        for y in range(n):
            logits = [(query[x, a] * key[a, y]).sum(-1) / np.sqrt(WIDTH) for a in range(n)]
            weights = softmax(np.stack(logits), axis=0)
            for a in range(n):
                out[x, y] += weights[a][:, None] * left[x, a] * right[a, y]
    h = normed(e + affine(out.reshape(n, n, DIM), p["output"]), p["norm_feed_forward"])
    fed = affine(relu(affine(h, p["feed_forward"]["hidden"])), p["feed_forward"]["output"])
    return normed(h + fed, p["norm_output"])


def test_the_block_of_the_edge_transformer_is_that_of_its_authors():
    layer = nn.EdgeTransformerBlock(DIM, num_heads=HEADS, activation=nn.parts.ACTIVATIONS["relu"])
    assert_transcribed(layer, pairs_alone(edge_transformer))


def floyd(p, e):
    x = normed(e + affine(np.swapaxes(e, 0, 1), p["mix"]), p["norm_attention"])
    query, first_key, second_key, first, second = heads(affine(x, p["query_keys_values"]), 5)
    n = len(e)
    out = np.zeros((n, n, HEADS, WIDTH))
    for i in range(n):
        for k in range(n):
            logits = [
                (query[i, k] * first_key[i, j] + query[i, k] * second_key[j, k]).sum(-1)
                for j in range(n)
            ]
            weights = softmax(np.stack(logits) / np.sqrt(2 * WIDTH), axis=0)
            for j in range(n):
                out[i, k] += weights[j][:, None] * (first[i, j] + second[j, k])
    e = e + affine(out.reshape(n, n, DIM), p["output"])
    hidden = affine(normed(e, p["norm_feed_forward"]), p["feed_forward"]["hidden"])
    fed = affine(hidden * sigmoid(hidden), p["feed_forward"]["output"])
    return e + fed * p["feed_forward_scale"]


def test_the_block_of_floydnet_is_that_of_its_authors():
    layer = nn.PivotalBlock(DIM, num_heads=HEADS, expansion=1)
    assert_transcribed(layer, pairs_alone(floyd))


def test_chunks_give_a_block_the_result_of_all_triangles_at_once():
    layer = functools.partial(nn.PivotalBlock, DIM, num_heads=HEADS, expansion=1)
    assert_transcribed(layer(implementation="chunked"), pairs_alone(floyd))
