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


def subtrees(x, e, params):
    found = [x]
    for hop in range(HOPS):
        found.append(np.where(REAL[:, None], relu(gine(found[-1], e, params[f"local_{hop}"])), 0))
    return found


def subgraphs(x, e, params):
    """Centre by centre, on the edges that the test batch lists for it."""
    table, total = BATCH.edge_sets["subgraphs"], np.zeros(x.shape)
    first = np.cumsum(BATCH.graph.n_edge) - BATCH.graph.n_edge
    for centre in np.flatnonzero(REAL):
        rows = np.flatnonzero((np.asarray(table.receivers) == centre) & np.asarray(table.mask))
        edges = first[GRAPH[centre]] + np.asarray(table.columns["edge"])[rows, 0] - 1
        ends = [
            (np.asarray(BATCH.senders)[edge], np.asarray(BATCH.receivers)[edge]) for edge in edges
        ]
        members = sorted({centre, *(node for pair in ends for node in pair)})
        h = x[members]
        for hop in range(HOPS):
            layer = params[f"local_{hop}"]
            new = (1 + layer["epsilon"]) * h
            for edge, (sender, receiver) in zip(edges, ends, strict=True):
                new[members.index(receiver)] += relu(h[members.index(sender)] + e[edge])
            h = relu(affine(relu(affine(new, layer["hidden"])), layer["output"]))
        total[centre] = h.sum(0)
    return [x, total]


def reference(params, rows, extract=subtrees):
    """Node by node and head by head."""
    x, e = rows["nodes"], rows["edges"]
    found = extract(x, e, params)
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


def test_over_subgraphs_it_is_the_equations_subgraph_by_subgraph():
    local = functools.partial(nn.GINE, train_epsilon=True)
    layer = nn.StructureAwareAttention(DIM, local, HEADS, num_hops=HOPS, extractor="subgraph")
    literal.assert_equals(layer, functools.partial(reference, extract=subgraphs))
