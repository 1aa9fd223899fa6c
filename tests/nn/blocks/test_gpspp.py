"""GPS++'s block against its equations, in float64 numpy."""

import numpy as np
import pytest
from scipy.special import erf

from gtx.nn.blocks.gpspp import GPSPlusPlusBlock
from gtx.ops import split_pairs
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
    layer_norm,
)

GRAPH = np.asarray(BATCH.node_graph)


def gelu(x):
    return x * (1 + erf(x / np.sqrt(2))) / 2


def network(parts, params, name):
    hidden = affine(np.concatenate(parts), params[f"{name}_hidden"])[None]
    hidden = layer_norm(hidden, params[f"norm_{name}_hidden"])[0]
    return affine(gelu(hidden), params[f"{name}_output"])


def attention(x, bias, params):
    """One head for each feature, as DIM heads of width 1; node by node."""
    query, key, value = np.split(affine(x, params["query_key_value"]), 3, axis=1)
    matrices = [one for tier in split_pairs(bias, BATCH.layout.tiers) for one in tier]
    out = np.zeros((NUM_NODES, DIM))
    for graph, matrix in enumerate(matrices):
        own = np.flatnonzero((graph == GRAPH) & REAL)
        for place, node in enumerate(own):
            logits = key[own] * query[node] + matrix[place, : len(own)]
            weights = np.exp(logits - logits.max(0))
            out[node] = (weights * value[own]).sum(0) / weights.sum(0)
    return affine(out, params["output"])


def reference(params, rows):
    x, e, g = rows["nodes"], rows["edges"], rows["graphs"]
    u = np.zeros((len(REAL_EDGES), DIM))
    received, given = np.zeros((2, NUM_NODES, 2 * DIM))
    for edge, j, i in zip(np.flatnonzero(REAL_EDGES), SENDERS, RECEIVERS, strict=True):
        u[edge] = network([x[i], x[j], e[edge], g[GRAPH[i]]], params, "edges")
        received[i] += np.concatenate([u[edge], x[j]])
        given[j] += np.concatenate([u[edge], x[i]])
    v, graphs = np.zeros((NUM_NODES, DIM)), g.copy()
    for node in np.flatnonzero(REAL):
        parts = [received[node], given[node], x[node], g[GRAPH[node]]]
        v[node] = network(parts, params, "nodes")
    for graph in range(4):
        nodes = v[(graph == GRAPH) & REAL].sum(0)
        mine = np.zeros(len(REAL_EDGES), bool)
        mine[REAL_EDGES] = GRAPH[RECEIVERS] == graph
        graphs[graph] = g[graph] + network([g[graph], nodes, u[mine].sum(0)], params, "graphs")
    h = layer_norm(x + v, params["norm_local"])
    attended = attention(x, rows["pairs"], params["attention"])
    h = h + layer_norm(x + attended, params["norm_attention"])
    inner = params["feed_forward"]
    mixed = affine(gelu(affine(h, inner["hidden"])), inner["output"])
    return dict(
        nodes=layer_norm(h + mixed, params["norm_feed_forward"]), edges=e + u, graphs=graphs
    )


def block(**fields):
    return GPSPlusPlusBlock(DIM, DIM, DIM, num_heads=DIM, expansion=1, hidden_dim=5, **fields)


@pytest.mark.parametrize("update", [True, False])
def test_a_block_is_the_equations_of_the_paper(update):
    levels = ("nodes", "edges", "graphs") if update else ("nodes", "edges")

    def expected(params, rows):
        if not update:
            nothing = dict(kernel=np.zeros((3 * DIM, DIM)))
            params = {**params, "graphs_hidden": nothing, "graphs_output": {"kernel": np.eye(DIM)}}
            unit = dict(scale=np.zeros(DIM), bias=np.zeros(DIM))
            params["norm_graphs_hidden"] = unit
        return reference(params, rows)

    literal.assert_equals(block(update_graphs=update), expected, levels=levels)
