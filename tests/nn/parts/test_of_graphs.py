"""Norms, a virtual node and a readout that act graph by graph, in literal float64 numpy."""

from functools import partial

import jax
import numpy as np
import pytest

from gtx import nn
from tests.batches import DIM
from tests.nn import literal
from tests.nn.layers import BATCH, NUM_NODES, REAL, affine, features, relu, run_exactly
from tests.variables import quick_jit

GRAPH = np.asarray(BATCH.node_graph)
OWN = [np.flatnonzero(REAL & (GRAPH == graph)) for graph in range(len(BATCH.graph_mask))]


def test_graph_norm_takes_a_share_of_the_mean_of_a_graph():
    def reference(params, rows):
        out = np.zeros((NUM_NODES, DIM))
        for own in OWN:
            if len(own):
                x = rows["nodes"][own]
                x = x - params["mean_scale"] * x.mean(0)
                x = x / np.sqrt((x**2).mean(0) + 1e-5)
                out[own] = params["scale"] * x + params["bias"]
        return {"nodes": out}

    literal.assert_equals(nn.GraphNorm(), reference)


@pytest.mark.parametrize("individually", [False, True])
def test_pair_norm_keeps_the_total_distance_of_a_graph(individually):
    norm = nn.PairNorm(scale=3.0, individually=individually)
    with jax.enable_x64(True):
        given = jax.tree.map(np.float64, features())
        out = quick_jit(partial(norm.apply, {}, train=False))(given, BATCH)
        out = jax.tree.map(np.asarray, out)
    for own in OWN:
        if not len(own):
            continue
        x = np.float64(features().nodes)[own]
        x = x - x.mean(0)
        square = (x**2).sum(1, keepdims=True)
        length = np.sqrt(square) + 1e-5 if individually else np.sqrt(square.mean() + 1e-5)
        np.testing.assert_allclose(out.nodes[own], 3 * x / length, atol=1e-12)
    assert not out.nodes[~REAL].any()


@pytest.mark.parametrize("given", [True, False])
def test_a_virtual_node_adds_itself_to_nodes_and_reads_their_sum(given):
    block = nn.VirtualNodeBlock(DIM, residual=True)
    rows = features() if given else features().replace(graphs=None)
    real = np.asarray(BATCH.graph_mask)

    def normed(x, params):
        y = (x - x[real].mean(0)) / np.sqrt(x[real].var(0) + 1e-5)
        return relu(y * params["scale"] + params["bias"])

    def reference(params, clear):
        start = clear["graphs"] if given else np.where(real[:, None], params["start"], 0)
        x = clear["nodes"] + start[GRAPH]
        total = start + np.stack([x[own].sum(0) for own in OWN])
        hidden = normed(affine(total, params["hidden"]), params["norm_hidden"])
        new = normed(affine(hidden, params["output"]), params["norm_output"])
        return {"nodes": x, "graphs": start + new}

    literal.assert_equals(block, reference, rows, levels=("nodes", "graphs"))


@pytest.mark.parametrize("ratio", [0.4, 1.0])
def test_top_k_takes_the_nodes_of_the_largest_scores(ratio):
    params, rows, _ = run_exactly(nn.TopKPool(ratio))
    vector = params["vector"][:, 0] / np.linalg.norm(params["vector"])
    for graph, own in enumerate(OWN):
        x = np.float64(features().nodes)[own]
        score = x @ vector
        taken = np.argsort(-score)[: int(np.ceil(ratio * len(own)))]
        expected = (x * np.tanh(score)[:, None])[taken].sum(0)
        np.testing.assert_allclose(rows[graph], expected, atol=1e-12)


@pytest.mark.parametrize("ratio", [0.0, 1.5])
def test_a_share_of_no_node_is_refused(ratio):
    with pytest.raises(ValueError, match="ratio must be above 0 and at most 1"):
        run_exactly(nn.TopKPool(ratio))
