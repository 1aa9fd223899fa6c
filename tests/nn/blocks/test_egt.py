"""EGT against its equations, over the edges of the complete graph, and what training leaves out."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from gtx import nn
from tests.nn.layers import BATCH, affine, features, layer_norm, sigmoid
from tests.nn.transcriptions import assert_forms_agree, assert_transcribed, softmax
from tests.variables import quick_jit

HEADS, LIMIT = 2, 0.7
ATTENTION = functools.partial(nn.EGTAttention, num_heads=HEADS, limit=LIMIT)


def elu(x):
    return np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1)


def attended(p, x, e, scale_degree=True):
    """Equations 1 to 4 and the dynamic centrality, entry by entry: new nodes and new pairs."""
    n, dim = x.shape
    width = dim // HEADS
    query, key, value = affine(x, p["query_key_value"]).reshape(n, 3, HEADS, width).swapaxes(0, 1)
    both = affine(e, p["entries"])
    logits, gates = np.zeros((n, n, HEADS)), sigmoid(both[..., HEADS:])
    for i in range(n):
        for j in range(n):
            product = (query[i] * key[j]).sum(-1) / np.sqrt(width)
            logits[i, j] = np.clip(product, -LIMIT, LIMIT) + both[i, j, :HEADS]
    weights = softmax(logits, axis=1) * gates
    out = np.einsum("ijh,jhd->ihd", weights, value)
    if scale_degree:
        out = out * np.log(1 + gates.sum(1))[..., None]
    return affine(out.reshape(n, dim), p["nodes"]), affine(logits, p["pairs"])


def transcription(p, graphs):
    """The layer of figure 2, with the order of the authors' code."""

    def normed(x, name):
        return layer_norm(x.reshape(-1, x.shape[-1]), p[name]).reshape(x.shape)

    def fed(x, name):
        return affine(elu(affine(normed(x, f"norm_{name}"), p[name]["hidden"])), p[name]["output"])

    nodes, pairs = [], []
    for graph in graphs:
        x, e = graph.nodes, graph.pairs
        h, q = attended(p["attention"], normed(x, "norm_nodes"), normed(e, "norm_pairs"))
        x, e = x + h, e + q
        nodes.append(x + fed(x, "feed_forward"))
        pairs.append(e + fed(e, "feed_forward_pairs"))
    return nodes, pairs


def test_a_block_of_egt_is_the_paper_and_its_code():
    assert_transcribed(nn.EGTBlock(8, attention=ATTENTION), transcription)


def test_all_pairs_and_the_edges_of_a_complete_graph_give_one_result_dropout_included():
    def make(**fields):
        attention = functools.partial(ATTENTION, dropout_rate=0.2, mask_rate=0.3, **fields)
        return nn.EGTBlock(
            8,
            attention=attention,
            dropout_rate=0.2,
            pair_dropout_rate=0.2,
            param_dtype=jnp.float64,
        )

    assert_forms_agree(make)


def test_heads_leave_out_pairs_in_training_alone_and_the_others_share_the_weight():
    layer = nn.EGTAttention(8, num_heads=4, mask_rate=0.4, scale_degree=False)
    keys = dict(params=jax.random.key(0), dropout=jax.random.key(1))
    init = quick_jit(functools.partial(layer.init, train=False))
    variables = init(keys, features(), BATCH)

    @functools.partial(quick_jit, static_argnames="train")
    def weights(train):
        mutable = ["intermediates"]
        _, sown = layer.apply(variables, features(), BATCH, train=train, rngs=keys, mutable=mutable)
        return sown["intermediates"]["weights"][0]

    real = np.asarray(BATCH.pair_mask)
    everywhere, some = (np.asarray(weights(train=train))[real] for train in (False, True))
    assert (everywhere > 0).all()
    assert 0.3 < (some == 0).mean() < 0.5
    np.testing.assert_allclose(some.sum(), everywhere.sum(), rtol=0.2)


def test_the_degree_of_a_virtual_node_scales_nothing():
    layer = functools.partial(nn.EGTAttention, 8, num_heads=2)
    keys = dict(params=jax.random.key(0))
    init = quick_jit(functools.partial(layer().init, train=False))
    variables = init(keys, features(), BATCH)

    @quick_jit
    def nodes(**fields):
        results = [
            layer(**given).apply(variables, features(), BATCH, train=False).nodes
            for given in (dict(virtual_nodes=True), dict(scale_degree=False), {})
        ]
        return results

    virtual, unscaled, scaled = map(np.asarray, nodes())
    kind = np.asarray(BATCH.graph.nodes["kind"])[:, 0]
    kept, own = np.asarray(BATCH.node_mask) & (kind > 0), np.asarray(BATCH.node_mask) & (kind == 0)
    assert kept.any() and own.any()
    np.testing.assert_allclose(virtual[kept], unscaled[kept], rtol=1e-5)
    np.testing.assert_allclose(virtual[own], scaled[own], rtol=1e-5)
    assert np.abs(scaled - unscaled)[own].max() > 1e-3
