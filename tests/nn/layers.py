"""What tests of layers share: a small batch, and float64 numpy to check against."""

import jax
import jax.numpy as jnp
import numpy as np

from gtx.batch import Features
from tests.batches import build_batch, random_graphs
from tests.variables import quick_jit, random_variables

BATCH = build_batch(random_graphs(), tiers=[(2, 6), (2, 3)], extra_edges=3)
REAL = np.asarray(BATCH.node_mask)
REAL_EDGES = np.asarray(BATCH.edge_mask)
SENDERS = np.asarray(BATCH.senders)[REAL_EDGES]
RECEIVERS = np.asarray(BATCH.receivers)[REAL_EDGES]
NUM_NODES = len(REAL)
KEY = jax.random.key(0)


def features(batch=BATCH) -> Features:
    graph = batch.graph
    return Features(graph.nodes["x"], graph.edges["x"], batch.pairs["x"], graph.globals["x"])


def run(module, batch=BATCH, given=None, *, train=False, seed=1, **options):
    """Random variables and the result under them, as float64 numpy."""
    given = features(batch) if given is None else given
    keys = dict(params=KEY, dropout=jax.random.key(seed))
    shapes = jax.eval_shape(lambda: module.init(keys, given, batch, train=train, **options))
    variables = random_variables(shapes)

    @quick_jit
    def call(variables):
        mutable = ["batch_stats", "intermediates"]
        return module.apply(
            variables, given, batch, train=train, rngs=keys, mutable=mutable, **options
        )

    out, changed = call(variables)
    params = variables.get("params", {})
    return tuple(jax.tree.map(np.float64, tree) for tree in (params, out, changed))


def run_exactly(module, batch=BATCH, given=None, **options):
    """`run` in float64."""
    with jax.enable_x64(True):
        given = jax.tree.map(np.float64, features(batch) if given is None else given)
        return run(module.clone(param_dtype=jnp.float64), batch, given, **options)


def encode(encoder, batch=BATCH, *, train=False, seed=0):
    """Initial parameters of an encoder and what it makes of a batch, as float64 numpy."""
    keys = dict(params=KEY, dropout=jax.random.key(seed))
    out, variables = encoder.apply({}, batch, train=train, rngs=keys, mutable=True)
    return jax.tree.map(np.float64, variables.get("params", {})), jax.tree.map(np.float64, out)


def affine(x, params):
    return x @ params["kernel"] + params.get("bias", 0)


def relu(x):
    return np.maximum(x, 0)


def layer_norm(x, params):
    y = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
    return y * params["scale"] + params["bias"]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def standardized(x, params, real):
    """BatchNorm over the real rows; other rows are 0."""
    mean, var = x[real].mean(0), x[real].var(0)
    y = (x - mean) / np.sqrt(var + 1e-5) * params["scale"] + params["bias"]
    return np.where(real[:, None], y, 0)


def close(actual, expected, tolerance=2e-5):
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)
