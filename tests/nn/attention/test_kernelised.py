"""Attention linear in the nodes against all pairs of nodes, in float64 numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx import nn
from tests.batches import DIM
from tests.nn import literal
from tests.nn.layers import BATCH, KEY, REAL, RECEIVERS, SENDERS, affine, features, sigmoid
from tests.variables import random_variables

HEADS = 2
GRAPHS = np.asarray(BATCH.node_graph)
# Pairs of real nodes of one graph.
PAIRS = (GRAPHS[:, None] == GRAPHS) & REAL[:, None] & REAL
COUNT = PAIRS.sum(1)
# The normalised adjacency with an edge from each node to itself.
ADJACENCY = np.diag(REAL.astype(float))
for sender, receiver in zip(SENDERS, RECEIVERS, strict=True):
    ADJACENCY[receiver, sender] += sender != receiver


def heads(x):
    return x.reshape(len(x), HEADS, -1)


def averaged(weights, value):
    """The mean over all pairs of a graph, [nodes, heads, feat]."""
    weights = np.where(PAIRS[:, :, None], weights, 0)
    total = weights.sum(1)[:, :, None]
    return np.einsum("ijh,jhd->ihd", weights, value) / np.where(REAL[:, None, None], total, 1)


def divided_by_the_norm_of_the_graph(x):
    """Each row of [nodes, heads, feat] by the norm of all rows of its graph."""
    square = np.where(REAL[:, None, None], x**2, 0)
    norm = np.sqrt(np.array([square[GRAPHS == g].sum() for g in GRAPHS]))
    return x / np.where(REAL, norm, 1)[:, None, None]


@pytest.mark.parametrize("adds", ["itself", "all"])
def test_attention_of_sgformer_and_difformer(adds):
    """Of DIFFormer with the sum along edges, and x as its values."""
    options = dict(edges=("graph",), use_value=False) if adds == "all" else {}

    def reference(params, rows):
        x = rows["nodes"]
        query, key = (
            divided_by_the_norm_of_the_graph(heads(affine(x, params[n]))) for n in ("query", "key")
        )
        value = np.repeat(x[:, None], HEADS, 1)
        if adds == "itself":
            value = heads(affine(x, params["value"]))
        weights = np.einsum("ihd,jhd->ijh", query, key)
        weights += np.diag(COUNT)[:, :, None] if adds == "itself" else 1
        out = averaged(weights, value)
        if adds == "all":
            degree = np.where(REAL, ADJACENCY.sum(1), 1)
            out += np.einsum("ij,jhd->ihd", ADJACENCY / np.sqrt(np.outer(degree, degree)), value)
        return {"nodes": out.mean(1)}

    layer = nn.SGFormerAttention(DIM, HEADS, adds, **options)
    literal.assert_equals(layer, reference)


def random_features(x, projection, is_query, constants):
    """The authors' softmax_kernel_transformation, with one constant for each graph and head.

    What is subtracted has no gradient: it is that of the first call.
    """
    products = np.einsum("nhd,fd->nhf", x, projection)
    peak = products.max(-1, keepdims=True)
    if not is_query:
        peak = np.stack([peak[(GRAPHS == g) & REAL].max(0, initial=-np.inf) for g in GRAPHS])
        peak = np.where(REAL[:, None, None], peak, 0)
    peak = constants.setdefault(is_query, peak)
    exponent = products - (x**2).sum(-1, keepdims=True) / 2 - peak
    return (np.exp(np.where(REAL[:, None, None], exponent, 0)) + 1e-6) / np.sqrt(len(projection))


TAU, FEATURES = 0.5, 5
NODEFORMER = nn.NodeFormerAttention(
    DIM, HEADS, TAU, FEATURES, 0, relations=(("graph",), ("graph",)), param_dtype=jnp.float64
)


@pytest.fixture(scope="module")
def projection():
    """The random directions that `literal` gives the layer."""
    with jax.enable_x64(True):
        given = jax.tree.map(np.float64, features())
        init = jax.eval_shape(lambda: NODEFORMER.init(KEY, given, BATCH, train=False))
        return np.float64(random_variables(init)["batch_stats"]["projection"])


def nodeformer_weights(params, x, projection, constants):
    scale = 1 / np.sqrt(TAU * np.sqrt(DIM))
    query, key = (scale * heads(affine(x, params[name])) for name in ("query", "key"))
    query = random_features(query, projection, True, constants)
    key = random_features(key, projection, False, constants)
    return np.einsum("ihf,jhf->ijh", query, key)


def test_attention_of_nodeformer_without_noise(projection):
    constants = {}

    def reference(params, rows):
        x = rows["nodes"]
        value = heads(affine(x, params["value"]))
        out = averaged(nodeformer_weights(params, x, projection, constants), value)
        into, going = (np.where(REAL, ADJACENCY.sum(axis), 1) for axis in (1, 0))
        along = np.einsum("ij,jhd->ihd", ADJACENCY / np.sqrt(np.outer(into, going)), value)
        out += sigmoid(params["relations"]).sum(0)[:, None] * along
        return {"nodes": affine(out.reshape(len(x), -1), params["output"])}

    literal.assert_equals(NODEFORMER, reference, train=False)


def test_the_edge_loss_of_nodeformer(projection):
    given = features()
    layer = NODEFORMER.clone(param_dtype=jnp.float32, edge_loss=3.0)
    shapes = jax.eval_shape(lambda: layer.init(KEY, given, BATCH, train=False))
    variables = random_variables(shapes)
    call = jax.jit(lambda v: layer.apply(v, given, BATCH, train=True, mutable=["losses"]))
    (found,) = call(variables)[1]["losses"]["edges"]

    params = jax.tree.map(np.float64, variables["params"])
    weights = nodeformer_weights(params, np.where(REAL[:, None], given.nodes, 0), projection, {})
    weights = np.where(PAIRS[:, :, None], weights, 0)
    log = np.log(np.where(PAIRS[:, :, None], weights, 1))
    log -= np.log(np.where(REAL[:, None], weights.sum(1), 1))[:, None]
    edges = [(s, r) for s, r in zip(SENDERS, RECEIVERS, strict=True) if s != r]
    edges += [(node, node) for node in np.flatnonzero(REAL)]
    degree = ADJACENCY.sum(1)
    terms = [log[receiver, sender] / degree[receiver] for sender, receiver in edges]
    np.testing.assert_allclose(found, -3 * np.mean(terms), rtol=1e-4)


def test_the_noise_of_nodeformer_follows_from_the_key():
    given = features()
    layer = NODEFORMER.clone(param_dtype=jnp.float32, num_samples=4, relations=())
    shapes = jax.eval_shape(lambda: layer.init(KEY, given, BATCH, train=False))
    variables = random_variables(shapes)

    @jax.jit
    def call(key):
        out = layer.apply(variables, given, BATCH, train=True, rngs=dict(dropout=key))
        return out.nodes

    one, again, other = (np.asarray(call(jax.random.key(seed)))[REAL] for seed in (0, 0, 1))
    assert (one == again).all() and np.isfinite(one).all()
    assert np.abs(one - other).max() > 1e-3
