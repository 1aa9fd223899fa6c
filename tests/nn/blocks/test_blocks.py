import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx import nn
from tests.batches import DIM
from tests.nn.layers import (
    BATCH,
    KEY,
    REAL,
    REAL_EDGES,
    affine,
    close,
    features,
    layer_norm,
    relu,
    run,
    run_exactly,
    sigmoid,
    standardized,
)

HEADS = functools.partial(nn.MultiHeadAttention, num_heads=2)
X = np.float64(features().nodes)
GROUP = np.asarray(BATCH.node_graph)
SAME_GRAPH = (GROUP[:, None] == GROUP) & REAL[:, None] & REAL


def part(layer, params, x=None, **options):
    """The nodes that a layer returns under given parameters."""
    given = features() if x is None else features().replace(nodes=np.float32(x))
    variables = {"params": params}
    out = layer.apply(variables, given, BATCH, train=True, **options)
    return np.float64((out[0] if "mutable" in options else out).nodes)


def feed_forward(x, params):
    return affine(relu(affine(x, params["hidden"])), params["output"])


@pytest.mark.parametrize("with_local, with_attention", [(1, 1), (1, 0), (0, 1)])
def test_gps_sums_normalised_branches_then_feeds_forward(with_local, with_attention):
    block = nn.GPSBlock(DIM, nn.GINE if with_local else None, HEADS if with_attention else None)
    params, out, _ = run(block, train=True)
    h = 0.0
    if with_local:
        h += standardized(X + part(nn.GINE(DIM), params["local"]), params["norm_local"], REAL)
    if with_attention:
        a = part(HEADS(DIM), params["attention"])
        h += standardized(X + a, params["norm_attention"], REAL)
    expected = standardized(
        h + feed_forward(h, params["feed_forward"]), params["norm_feed_forward"], REAL
    )
    close(out.nodes[REAL], expected[REAL], 1e-4)
    assert out.pairs is not None and out.graphs is not None


def test_gps_with_gated_gcn_equals_graphgps_where_the_layer_adds_its_own_residual():
    params, out, _ = run(nn.GPSBlock(DIM, nn.GatedGCN, None), train=True)
    layer = nn.GatedGCN(DIM, residual=True)
    h = standardized(
        part(layer, params["local"], mutable=["batch_stats"]), params["norm_local"], REAL
    )
    expected = standardized(
        h + feed_forward(h, params["feed_forward"]), params["norm_feed_forward"], REAL
    )
    close(out.nodes[REAL], expected[REAL], 1e-4)
    assert not np.allclose(out.edges[REAL_EDGES], features().edges[REAL_EDGES])


def test_gps_drops_within_both_branches():
    block = nn.GPSBlock(DIM, nn.GINE, HEADS, norm=Identity)
    still = run(block, train=True)[1].nodes[REAL]
    dropped = run(block.clone(dropout_rate=0.9), train=True)[1].nodes[REAL]
    assert not np.allclose(still, dropped)
    close(run(block.clone(dropout_rate=0.9))[1].nodes, run(block)[1].nodes)


def test_gps_without_branches_is_refused():
    with pytest.raises(ValueError, match="a local layer, an attention layer, or both"):
        run(nn.GPSBlock(DIM, None, None))


def attended(x, params):
    """Multi-head attention with two heads over all nodes of a graph."""
    projected = affine(x, params["query_key_value"]).reshape(len(x), 3, 2, DIM // 2)
    query, key, value = np.moveaxis(projected, 1, 0)
    logits = np.einsum("ihd,jhd->hij", query, key) / np.sqrt(DIM // 2)
    weights = np.exp(logits - logits.max()) * SAME_GRAPH
    weights = weights / np.maximum(weights.sum(-1, keepdims=True), 1e-300)
    out = np.einsum("hij,jhd->ihd", weights, value).reshape(len(x), DIM)
    return affine(out, params["output"])


def swiglu(x, params):
    hidden, gate = np.split(affine(x, params["hidden"]), 2, axis=1)
    return affine(hidden * sigmoid(hidden) * gate, params["output"])


FORMS = {
    "paper": lambda x, f, g, norm, _: g(norm(x + f(x))),
    "post_ln": lambda x, f, g, norm, last: last((y := norm(x + f(x))) + g(y)),
    "pre_ln": lambda x, f, g, norm, last: (y := x + f(norm(x))) + g(last(y)),
}


@pytest.mark.parametrize("gated", [False, True], ids=["relu", "swiglu"])
@pytest.mark.parametrize("form", FORMS)
def test_a_transformer_block_is_its_formula(form, gated):
    """Equations 9 and 19 of Joshi (2025), and the two forms that are trained."""
    activation = jax.nn.silu if gated else jax.nn.relu
    layer = functools.partial(nn.FeedForward, activation=activation, gated=gated)
    params, out, _ = run_exactly(nn.TransformerBlock(DIM, HEADS, layer, form=form), train=True)
    assert set(params) == {"attention", "feed_forward", "norm_attention"} | (
        set() if form == "paper" else {"norm_feed_forward"}
    )
    expected = FORMS[form](
        X,
        lambda x: attended(x, params["attention"]),
        lambda x: (swiglu if gated else feed_forward)(x, params["feed_forward"]),
        lambda x: layer_norm(x, params["norm_attention"]),
        lambda x: layer_norm(x, params["norm_feed_forward"]),
    )
    close(out.nodes[REAL], expected[REAL], 1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_a_transformer_block_drops_what_attention_adds(form):
    block = nn.TransformerBlock(DIM, HEADS, norm=Identity, form=form, dropout_rate=0.9)
    dropped, still = (run(block, train=train)[1].nodes for train in (True, False))
    assert not np.allclose(dropped[REAL], still[REAL])


def test_an_unknown_form_is_refused():
    with pytest.raises(Exception, match="'paper'"):
        run(nn.TransformerBlock(DIM, HEADS, form="pre-ln"))


@pytest.mark.parametrize("gated, width", [(False, 4 * 24), (True, 8 * 24 // 3)])
def test_the_feed_forward_layer_holds_twice_the_parameters_of_the_attention(gated, width):
    """Width 4d with one hidden map, 8d/3 with two, without biases: 8 d^2 against 4 d^2."""
    block = nn.TransformerBlock(
        24,
        functools.partial(nn.MultiHeadAttention, use_bias=False),
        functools.partial(nn.FeedForward, hidden_dim=width, gated=gated, use_bias=False),
    )
    given = features().replace(nodes=jnp.zeros((len(REAL), 24)))
    params = jax.eval_shape(lambda: block.init(KEY, given, BATCH, train=False))["params"]
    count = {
        name: sum(x.size for x in jax.tree.leaves(params[name]))
        for name in ("attention", "feed_forward")
    }
    assert count["attention"] == 4 * 24**2
    assert count["feed_forward"] / count["attention"] == 2.0


def Identity(dtype, param_dtype, name):
    del dtype, param_dtype, name
    return lambda x, mask, train, axis_name: x
