import functools

import numpy as np
import pytest

from gtx import nn
from tests.batches import DIM
from tests.nn.layers import (
    BATCH,
    REAL,
    REAL_EDGES,
    affine,
    close,
    features,
    relu,
    run,
    standardized,
)

HEADS = functools.partial(nn.MultiHeadAttention, num_heads=2)
X = np.float64(features().nodes)


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


def layer_norm(x, params):
    y = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
    return np.where(REAL[:, None], y * params["scale"] + params["bias"], 0)


@pytest.mark.parametrize("norm_first", [True, False])
def test_a_transformer_block_normalises_before_or_after_each_residual(norm_first):
    params, out, _ = run(nn.TransformerBlock(DIM, HEADS, norm_first=norm_first), train=True)
    norms = [
        functools.partial(layer_norm, params=params[f"norm_{n}"])
        for n in ("attention", "feed_forward")
    ]
    layers = [
        lambda x: part(HEADS(DIM), params["attention"], x),
        lambda x: feed_forward(x, params["feed_forward"]),
    ]
    x = X
    for norm, layer in zip(norms, layers, strict=True):
        x = x + layer(norm(x)) if norm_first else norm(x + layer(x))
    close(out.nodes[REAL], x[REAL], 1e-4)


def Identity(dtype, param_dtype, name):
    del dtype, param_dtype, name
    return lambda x, mask, train, axis_name: x
