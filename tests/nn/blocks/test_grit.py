"""GRIT against its equations, and over the edges of the complete graph."""

import functools

import jax.numpy as jnp
import numpy as np
import pytest

from gtx import nn
from tests.nn.layers import BATCH, affine, features, relu
from tests.nn.transcriptions import (
    KEYS,
    assert_forms_agree,
    assert_transcribed,
    normed,
    softmax,
)

HEADS, LIMIT = 2, 0.7


def block(**fields):
    attention = functools.partial(nn.GRITAttention, num_heads=HEADS, limit=LIMIT, **fields)
    return nn.GRITBlock(8, attention=attention)


def attended(p, graph):
    """Equation 2 with the authors' clamp, entry by entry: results of the heads, and messages."""
    n, dim = graph.nodes.shape
    width = dim // HEADS
    query, key, value = (
        affine(graph.nodes, p[name]).reshape(n, HEADS, width) for name in ("query", "key", "value")
    )
    entries = affine(graph.pairs, p["entries"]).reshape(n, n, HEADS, 2, width)
    message = np.zeros((n, n, HEADS, width))
    logits = np.zeros((n, n, HEADS))
    for i in range(n):
        for j in range(n):
            product = (query[i] + key[j]) * entries[i, j, :, 0]
            rooted = np.sign(product) * np.sqrt(np.abs(product))
            message[i, j] = relu(rooted + entries[i, j, :, 1])
            logits[i, j] = np.clip((message[i, j] * p["score"]).sum(-1), -LIMIT, LIMIT)
    weights = softmax(logits, axis=1)
    out = np.zeros((n, HEADS, width))
    for i in range(n):
        for j in range(n):
            for h in range(HEADS):
                enhanced = message[i, j, h] @ p["message_value"][h]
                out[i, h] += weights[i, j, h] * (value[j, h] + enhanced)
    return out.reshape(n, dim), message.reshape(n, n, dim)


def transcription(p, graphs):
    """The layer of section 3, in the order of the authors' code."""
    nodes, pairs = [], []
    for graph in graphs:
        out, message = attended(p["attention"], graph)
        degree = np.bincount(graph.receivers, minlength=len(graph.nodes))
        one, other = p["scale"]["coefficients"]
        out = out * one + out * np.log(1 + degree)[:, None] * other
        nodes.append(graph.nodes + affine(out, p["nodes"]))
        pairs.append(graph.pairs + affine(message, p["pairs"]))
    nodes, pairs = normed(nodes, p["norm_attention"]), normed(pairs, p["norm_pairs"])
    fed = [
        x + affine(relu(affine(x, p["feed_forward"]["hidden"])), p["feed_forward"]["output"])
        for x in nodes
    ]
    return normed(fed, p["norm_feed_forward"]), pairs


def test_a_block_of_grit_is_the_paper_and_its_code():
    assert_transcribed(block(), transcription)


def test_all_pairs_and_the_edges_of_a_complete_graph_give_one_result_dropout_included():
    def make(**fields):
        return nn.GRITBlock(
            8,
            attention=functools.partial(
                nn.GRITAttention, num_heads=HEADS, dropout_rate=0.3, **fields
            ),
            dropout_rate=0.2,
            param_dtype=jnp.float64,
        )

    assert_forms_agree(make)


def test_a_block_without_features_of_pairs_says_what_it_needs():
    with pytest.raises(ValueError, match=r"needs features of pairs.*gtx\.nn\.Embed"):
        block().init(KEYS, features().replace(pairs=None), BATCH, train=False)
    with pytest.raises(ValueError, match=r"needs features of edges in graph.*ConstantEncoder"):
        block(structure="edges").init(KEYS, features().replace(edges=None), BATCH, train=False)
