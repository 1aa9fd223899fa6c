"""SAN's block against its equations, in float64 numpy."""

import numpy as np
import pytest

from gtx import nn
from tests.batches import DIM
from tests.nn import literal
from tests.nn.layers import (
    BATCH,
    NUM_NODES,
    REAL,
    REAL_EDGES,
    RECEIVERS,
    SENDERS,
    affine,
    features,
    relu,
    standardized,
)

HEADS, GAMMA = 2, 0.3
WIDTH = DIM // HEADS
GRAPHS = np.asarray(BATCH.node_graph)


def attention(x, e, other, params):
    """Pair by pair: the exponentials of edges count 1, those of other pairs gamma."""
    query, key, value = np.split(affine(x, params["query_key_value"]), 3, axis=1)
    far_query, far_key = np.split(affine(x, params["complement_query_key"]), 2, axis=1)
    entry, far_entry = affine(e, params["edges"]), affine(other, params["complement_edges"])[0]
    edges = list(zip(np.flatnonzero(REAL_EDGES), SENDERS, RECEIVERS, strict=True))
    joined = {(sender, receiver) for _, sender, receiver in edges}
    out, clamped = np.zeros((NUM_NODES, DIM)), 0
    for head in range(HEADS):
        own = slice(head * WIDTH, (head + 1) * WIDTH)
        for i in np.flatnonzero(REAL):
            terms = [
                (1.0, j, query[i, own] * key[j, own] * entry[edge, own])
                for edge, j, receiver in edges
                if receiver == i
            ]
            terms += [
                (GAMMA, j, far_query[i, own] * far_key[j, own] * far_entry[own])
                for j in np.flatnonzero(REAL & (GRAPHS == GRAPHS[i]))
                if j != i and (j, i) not in joined
            ]
            total = weighted = 0
            for factor, j, product in terms:
                logit = product.sum() / np.sqrt(WIDTH)
                clamped += abs(logit) > 5
                weight = factor * np.exp(np.clip(logit, -5, 5))
                total, weighted = total + weight, weighted + weight * value[j, own]
            out[i, own] = weighted / total if terms else 0
    assert clamped
    return out


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "own"])
def test_a_block_is_the_equations_of_the_paper(shared):
    other = np.random.default_rng(2).normal(size=(1, DIM))
    given = features().replace(extra=dict(complement=other) if shared else {})
    given = given.replace(nodes=4 * given.nodes)

    def reference(params, rows):
        x = rows["nodes"]
        vector = other if shared else params["attention"]["complement"]
        attended = attention(x, rows["edges"], vector, params["attention"])
        h = standardized(x + affine(attended, params["output"]), params["norm_attention"], REAL)
        hidden = affine(relu(affine(h, params["hidden"])), params["feed_forward"])
        return {"nodes": standardized(h + hidden, params["norm_feed_forward"], REAL)}

    literal.assert_equals(nn.SANBlock(DIM, HEADS, GAMMA), reference, given)
