"""The block of GNN+ and of tuned GNNs against its formulas, in float64 numpy."""

import functools

import jax
import numpy as np
import pytest

from gtx import nn
from gtx.batch import Features
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
    layer_norm,
    relu,
    run_exactly,
    standardized,
)

partial = functools.partial
FRESH = {"mean": np.zeros(DIM), "var": np.ones(DIM)}
STATS = {"norm_nodes": FRESH, "norm_edges": FRESH}  # not read while training


def gcne(x, e, params):
    messages = relu((x @ params["linear"]["kernel"])[SENDERS] + e[REAL_EDGES])
    out = np.zeros((NUM_NODES, DIM)) + params["bias"]
    np.add.at(out, RECEIVERS, messages)
    return out


def test_a_block_of_gnn_plus_is_its_formula():
    def reference(params, rows):
        x = rows["nodes"]
        local = gcne(x, rows["edges"], params["local"])
        h = x + relu(standardized(local, params["norm_local"], REAL))
        h = standardized(h, params["norm_residual"], REAL)
        forward = params["feed_forward"]
        h = h + affine(relu(affine(h, forward["hidden"])), forward["output"])
        return {"nodes": standardized(h, params["norm_feed_forward"], REAL)}

    literal.assert_equals(nn.MPNNBlock(DIM, nn.GCNE), reference)


def test_rows_have_length_one_before_the_residual_if_it_is_asked_for():
    def reference(params, rows):
        x = rows["nodes"]
        local = gcne(x, rows["edges"], params["local"])
        h = relu(standardized(local, params["norm_local"], REAL))
        length = np.sqrt((h**2).sum(axis=1, keepdims=True))
        return {"nodes": x + h / np.maximum(length, 1e-12)}

    block = nn.MPNNBlock(DIM, nn.GCNE, feed_forward=None, normalize=True)
    literal.assert_equals(block, reference)


@pytest.mark.parametrize("residual", ["linear", "none"])
def test_a_block_of_tuned_gnns_maps_any_width_and_adds_before_its_norm(residual):
    given = Features(nodes=np.random.default_rng(0).normal(size=(NUM_NODES, 5)))
    block = nn.MPNNBlock(
        DIM,
        partial(nn.GraphSAGE, method="sum"),
        residual=residual,
        local_norm=nn.LayerNorm,
        feed_forward=None,
    )

    def reference(params, rows):
        x = np.where(REAL[:, None], rows["nodes"], 0)
        arrived = np.zeros((NUM_NODES, 5))
        np.add.at(arrived, RECEIVERS, x[SENDERS])
        h = affine(arrived, params["local"]["neighbours"]) + affine(x, params["local"]["root"])
        if residual == "linear":
            h = h + affine(x, params["residual"])
        return {"nodes": relu(layer_norm(h, params["norm_local"]))}

    literal.assert_equals(block, reference, given)


def test_a_layer_with_a_norm_of_its_own_is_left_as_it_is_and_its_edges_are_handed_on():
    block = nn.MPNNBlock(DIM, nn.GatedGCN, local_norm=None, activation=None, feed_forward=None)
    params, out, _ = run_exactly(block, train=True)
    assert set(params) == {"local"}
    with jax.enable_x64(True):
        given = jax.tree.map(np.float64, features())
        layer = nn.GatedGCN(DIM, param_dtype=np.float64)
        alone, _ = jax.jit(partial(layer.apply, train=True, mutable=["batch_stats"]))(
            {"params": params["local"], "batch_stats": STATS}, given, BATCH
        )
    alone = jax.tree.map(np.asarray, alone)
    np.testing.assert_allclose(out.edges, alone.edges, atol=1e-12)
    x = np.where(REAL[:, None], given.nodes, 0)
    np.testing.assert_allclose(out.nodes[REAL], (x + alone.nodes)[REAL], atol=1e-12)


def test_a_sum_with_the_nodes_needs_their_width():
    with pytest.raises(ValueError, match="has dim 5 and adds its results to the nodes"):
        run_exactly(nn.MPNNBlock(5, nn.GCN))


@pytest.mark.usefixtures("unchecked_types")
def test_another_residual_is_refused():
    with pytest.raises(ValueError, match="residual must be 'identity', 'linear' or 'none'"):
        run_exactly(nn.MPNNBlock(DIM, nn.GCN, residual="identiy"))
