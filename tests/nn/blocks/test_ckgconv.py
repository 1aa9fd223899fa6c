"""CKGConv's block against its equations, in float64 numpy; over pairs and over edges."""

import functools

import numpy as np
from scipy.special import erf

from gtx.nn.blocks.ckgconv import CKGConvBlock
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
    standardized,
)

GRAPH = np.asarray(BATCH.node_graph)
DEGREE = np.bincount(RECEIVERS, minlength=NUM_NODES)
CKG = functools.partial(
    CKGConvBlock, DIM, 1, kernel_dropout_rate=0.0, weight_dropout_rate=0.0, dropout_rate=0.0
)


def gelu(x):
    return x * (1 + erf(x / np.sqrt(2))) / 2


def kernel_of(p, params, real):
    hidden = p
    for name in ("kernel_0_in", "kernel_0_out"):
        hidden = affine(gelu(standardized(hidden, params[f"norm_{name}"], real)), params[name])
    return affine(standardized(p + hidden, params["norm_kernel"], real), params["kernel"])


def rest(x, c, params):
    a, b = params["degree_coefficients"]
    c = c * (a + np.sqrt(DEGREE)[:, None] * b)
    h = standardized(x + affine(c, params["output"]), params["norm_output"], REAL)
    hidden = gelu(affine(h, params["feed_forward_in"]))
    y = h + affine(hidden, params["feed_forward_out"])
    return dict(nodes=standardized(y, params["norm_feed_forward"], REAL))


def over_pairs(params, rows):
    x, mask = rows["nodes"], np.asarray(BATCH.pair_mask)
    kernel = kernel_of(rows["pairs"], params, mask)
    matrices = [one for tier in split_pairs(kernel, BATCH.layout.tiers) for one in tier]
    c = np.zeros((NUM_NODES, DIM))
    for graph, matrix in enumerate(matrices):
        own = np.flatnonzero((graph == GRAPH) & REAL)
        for i, receiver in enumerate(own):
            c[receiver] = np.mean([matrix[i, j] * x[node] for j, node in enumerate(own)], axis=0)
    return rest(x, c, params)


def over_edges(params, rows):
    x = rows["nodes"]
    kernel = kernel_of(rows["edges"], params, REAL_EDGES)
    c = np.zeros((NUM_NODES, DIM))
    for edge, sender, receiver in zip(np.flatnonzero(REAL_EDGES), SENDERS, RECEIVERS, strict=True):
        c[receiver] += kernel[edge] * x[sender] / DEGREE[receiver]
    return rest(x, c, params)


def test_over_pairs_it_is_the_equations_of_the_paper():
    literal.assert_equals(CKG(), over_pairs)


def test_over_edges_it_is_the_same_with_a_mean_over_them():
    literal.assert_equals(CKG(structure="edges"), over_edges)
