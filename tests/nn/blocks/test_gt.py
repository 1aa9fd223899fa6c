"""The Graph Transformer's block against its equations, in float64 numpy."""

import numpy as np
import pytest

from gtx import nn
from tests.batches import DIM
from tests.nn import literal
from tests.nn.layers import (
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

HEADS = 2
WIDTH = DIM // HEADS


def attention(x, e, params):
    """Equations 8 to 12, head by head and edge by edge: what leaves the attention."""
    query, key, value = np.split(affine(x, params["query_key_value"]), 3, axis=1)
    nodes, message = np.zeros((NUM_NODES, DIM)), np.zeros((len(REAL_EDGES), DIM))
    entry = affine(e, params["edges"]) if "edges" in params else None
    for head in range(HEADS):
        own = slice(head * WIDTH, (head + 1) * WIDTH)
        logits = {}
        for number, edge in enumerate(np.flatnonzero(REAL_EDGES)):
            sender, receiver = SENDERS[number], RECEIVERS[number]
            product = query[receiver, own] * key[sender, own] / np.sqrt(WIDTH)
            if entry is not None:
                product = product * entry[edge, own]
                message[edge, own] = product
            logits[edge, sender, receiver] = np.clip(product.sum(), -5, 5)
        for node in range(NUM_NODES):
            into = {key: value for key, value in logits.items() if key[2] == node}
            total = sum(np.exp(logit) for logit in into.values())
            for (_, sender, _), logit in into.items():
                nodes[node, own] += np.exp(logit) / total * value[sender, own]
    return nodes, message


def stream(x, attended, params, name, real):
    h = standardized(
        x + affine(attended, params[f"{name}_output"]), params[f"{name}_norm_attention"], real
    )
    hidden = affine(relu(affine(h, params[f"{name}_hidden"])), params[f"{name}_feed_forward"])
    return standardized(h + hidden, params[f"{name}_norm_feed_forward"], real)


@pytest.mark.parametrize("with_edges", [True, False], ids=["edges", "no_edges"])
def test_a_block_is_the_equations_of_the_paper(with_edges):
    given = features()
    # Large enough that some scores are clamped.
    given = given.replace(nodes=4 * given.nodes, edges=given.edges if with_edges else None)

    def reference(params, rows):
        x, e = rows["nodes"], rows.get("edges")
        nodes, message = attention(x, e, params["attention"])
        out = {"nodes": stream(x, nodes, params, "nodes", REAL)}
        if with_edges:
            logits = message[REAL_EDGES].reshape(-1, HEADS, WIDTH).sum(-1)
            assert (np.abs(logits) > 5).any() and (np.abs(logits) < 5).any()
            out["edges"] = stream(e, message, params, "edges", REAL_EDGES)
        return out

    levels = ("nodes", "edges") if with_edges else ("nodes",)
    literal.assert_equals(nn.GTBlock(DIM, HEADS), reference, given, levels=levels)
