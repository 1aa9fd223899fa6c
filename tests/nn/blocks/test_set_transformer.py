import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx import nn
from gtx.models import GraphTransformer
from tests.batches import DIM, NUM_ATOMS, build_batch, random_graph, random_graphs
from tests.nn.layers import KEY, affine, close, features, layer_norm, relu, run, run_exactly
from tests.variables import quick_jit, random_variables

HEADS = 2
# A graph without nodes, a single node, an empty place, padding nodes.
GRAPHS = [*random_graphs(), random_graph(np.random.default_rng(1), 0, 0)]
BATCH = build_batch(GRAPHS, tiers=[(2, 6), (4, 3)], extra_nodes=2)
STOPS = np.cumsum([graph.size for graph in GRAPHS])
SETS = np.split(np.float64(features(BATCH).nodes), STOPS)[: len(GRAPHS)]


def attended(params, x, y):
    shape = (-1, HEADS, DIM // HEADS)
    query = affine(x, params["query"]).reshape(shape)
    key, value = (v.reshape(shape) for v in np.split(affine(y, params["key_value"]), 2, axis=1))
    weights = np.exp(np.einsum("ihd,jhd->ijh", query, key) / np.sqrt(DIM // HEADS))
    weights = weights / np.maximum(weights.sum(1, keepdims=True), 1e-300)
    return affine(np.einsum("ijh,jhd->ihd", weights, value).reshape(-1, DIM), params["output"])


def mab(params, x, y):
    """Equations 6 and 7 of Lee et al. (2019), for one set."""
    x = layer_norm(x + attended(params["attention"], x, y), params["norm_attention"])
    return layer_norm(x + relu(affine(x, params["feed_forward"])), params["norm_feed_forward"])


def test_a_set_attention_block_attends_within_each_graph():
    params, out, _ = run_exactly(nn.SetAttentionBlock(DIM, num_heads=HEADS), BATCH)
    expected = np.concatenate([mab(params["block"], x, x) for x in SETS])
    close(out.nodes[: len(expected)], expected, 1e-12)
    assert not out.nodes[len(expected) :].any()


def test_isab_attends_by_way_of_its_points():
    params, out, _ = run_exactly(nn.ISAB(DIM, num_points=3, num_heads=HEADS), BATCH)
    expected = np.concatenate(
        [mab(params["spread"], x, mab(params["gather"], params["points"], x)) for x in SETS]
    )
    close(out.nodes[: len(expected)], expected, 1e-12)


def test_pma_gives_each_graph_the_results_of_its_seeds_even_one_without_nodes():
    params, rows, changed = run_exactly(nn.PMA(num_seeds=3, num_heads=HEADS), BATCH)
    pooled = [
        mab(params["block"], params["seeds"], relu(affine(x, params["linear"]))).reshape(-1)
        for x in SETS
    ]
    own = np.float64(features(BATCH).graphs)[: len(GRAPHS)]
    close(rows[: len(GRAPHS)], np.concatenate([pooled, own], axis=1), 1e-12)
    assert not rows[len(GRAPHS) :].any() and np.isfinite(pooled[-1]).all()
    (weights,) = changed["intermediates"]["block"]["attention"]["weights"]
    seeds_of_nodes = 3 * sum(graph.size for graph in GRAPHS)
    assert np.count_nonzero(weights) == HEADS * seeds_of_nodes


@pytest.mark.parametrize(
    "layer",
    [
        nn.ISAB(DIM, 3, HEADS, 0.5),
        nn.PMA(2, HEADS, attention_dropout_rate=0.5),
        nn.PMA(2, HEADS, dropout_rate=0.5),
    ],
    ids=["isab", "pma", "pma_row"],
)
def test_dropout_acts_in_training_only(layer):
    values = [
        jax.tree.leaves(run(layer, BATCH, train=train, seed=seed)[1])[0]
        for train, seed in ((True, 1), (True, 2), (False, 1))
    ]
    assert not np.allclose(values[0], values[1]) and not np.allclose(values[0], values[2])


def test_pma_reads_out_of_a_model_with_finite_gradients():
    model = GraphTransformer(
        embed=functools.partial(
            nn.Embed, DIM, {"atom": functools.partial(nn.CategoricalEncoder, sizes=NUM_ATOMS)}, {}
        ),
        block=functools.partial(nn.ISAB, DIM, num_points=2, num_heads=HEADS),
        num_layers=1,
        readout=functools.partial(nn.PMA, num_seeds=2, num_heads=HEADS),
        head=functools.partial(nn.MLPHead, 1, num_layers=1),
    )

    variables = random_variables(jax.eval_shape(lambda: model.init(KEY, BATCH)))
    grads = quick_jit(jax.grad(lambda v: jnp.sum(model.apply(v, BATCH) ** 2)))(variables)
    for path, grad in jax.tree_util.tree_leaves_with_path(grads):
        assert np.isfinite(grad).all() and grad.any(), jax.tree_util.keystr(path)


def test_a_residual_of_another_width_is_refused():
    with pytest.raises(ValueError, match="encode nodes to width 16"):
        run(nn.ISAB(2 * DIM), BATCH)
