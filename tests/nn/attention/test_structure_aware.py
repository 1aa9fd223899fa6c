"""SAT's attention against its equations, in float64 numpy."""

import functools

import numpy as np

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
    relu,
    standardized,
)

HEADS, HOPS = 2, 2
GRAPH = np.asarray(BATCH.node_graph)


def gine(x, e, params):
    total = (1 + params["epsilon"]) * x
    for edge, sender, receiver in zip(np.flatnonzero(REAL_EDGES), SENDERS, RECEIVERS, strict=True):
        total[receiver] += relu(x[sender] + e[edge])
    return affine(relu(affine(total, params["hidden"])), params["output"])


def reference(params, rows):
    """Node by node and head by head."""
    x, e = rows["nodes"], rows["edges"]
    found = [x]
    for hop in range(HOPS):
        found.append(np.where(REAL[:, None], relu(gine(found[-1], e, params[f"local_{hop}"])), 0))
    s = affine(standardized(np.concatenate(found, 1), params["norm"], REAL), params["structure"])
    query, key = np.split(affine(s, params["query_key"]), 2, axis=1)
    value = affine(x, params["value"])
    out = np.zeros((NUM_NODES, DIM))
    for head in range(HEADS):
        own = slice(head * DIM // HEADS, (head + 1) * DIM // HEADS)
        for node in np.flatnonzero(REAL):
            others = np.flatnonzero((GRAPH[node] == GRAPH) & REAL)
            logits = key[others, own] @ query[node, own] / np.sqrt(DIM / HEADS)
            weights = np.exp(logits - logits.max())
            out[node, own] = weights @ value[others, own] / weights.sum()
    degree = np.bincount(RECEIVERS, minlength=NUM_NODES)
    return dict(nodes=affine(out, params["output"]) / np.sqrt(1 + degree)[:, None])


def test_it_is_the_equations_of_the_paper():
    local = functools.partial(nn.GINE, train_epsilon=True)
    literal.assert_equals(nn.StructureAwareAttention(DIM, local, HEADS, num_hops=HOPS), reference)
