"""What the tests of all layers share: the list as parameters, and three programs of each layer."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.batches import build_batch, permuted
from tests.descriptors import DESCRIPTORS, inputs
from tests.descriptors.batches import GRAPHS, PADDING, TIGHT
from tests.variables import random_variables

KEY = jax.random.key(7)
KEYS = dict(params=KEY, dropout=KEY)
every_layer = pytest.mark.parametrize("layer", DESCRIPTORS, ids=lambda layer: layer.name)


def slow_unless(by_default, layers=DESCRIPTORS):
    """A test of these layers, which is slow for those that `by_default` does not say."""
    rows = [
        pytest.param(layer, id=layer.name, marks=[] if by_default(layer) else pytest.mark.slow)
        for layer in layers
    ]
    return pytest.mark.parametrize("layer", rows)


def is_edges(field):
    """Whether it names the edge sets that a layer runs over; see `OVER_EDGES`."""
    return field.name == "edges" and field.default == ("graph",)


_masks = {}


def masks(batch):
    """Which rows of each level are real. The tests of all layers share a few batches."""
    if id(batch) not in _masks:
        names = ("nodes", "edges", "pairs", "graphs")
        found = {n: np.asarray(getattr(batch, f"{n[:-1]}_mask")) for n in names}
        _masks[id(batch)] = batch, found  # a batch that is kept keeps its id
    return _masks[id(batch)][1]


ORDER = [2, 0, 3, 1]


@functools.cache
def shuffled():
    """The graphs in another order."""
    return build_batch([GRAPHS[i] for i in ORDER], ids=ORDER, **PADDING)


@functools.cache
def renamed():
    """The graphs with their nodes renamed, and where each row went."""
    rng = np.random.default_rng(3)
    copies, orders = zip(*[permuted(graph, rng) for graph in GRAPHS], strict=True)
    return build_batch(list(copies), **PADDING), orders


def init(layer, module, batch=TIGHT):
    """The rows of the first call while training, and the variables that it leaves."""
    rows, variables = layer.outputs(
        module, {}, inputs(batch), batch, train=True, mutable=True, rngs=KEYS
    )
    return rows, {n: variables[n] for n in ("params", "batch_stats") if n in variables}


@functools.cache
def shapes(layer):
    """Of the rows and variables of the first call."""
    return jax.eval_shape(lambda: init(layer, layer.factory()))


@functools.cache
def start(layer):
    """Variables of a layer, none of them 0 or 1."""
    return random_variables(shapes(layer)[1])


@functools.cache
def evaluate(layer, **fields):
    """Compiled, without dropout and with the running statistics."""
    module = layer.factory(**fields)
    dtype = fields.get("dtype", jnp.float32)

    @jax.jit
    def call(variables, batch):
        features = jax.tree.map(lambda x: x.astype(dtype), inputs(batch))
        return layer.outputs(module, variables, features, batch, train=False)

    return call


def call(layer, module, variables, features, batch):
    """Outputs while training, and new batch statistics."""
    return layer.outputs(
        module, variables, features, batch, train=True, mutable=["batch_stats"], rngs=KEYS
    )


def curved(rows, batch, masks=None):
    """A curved function of all real rows, of levels and, with their masks, of edge sets."""
    total = 0.0
    for name, values in rows.items():
        if values is None:
            continue
        real = masks[name] if masks and name in masks else getattr(batch, f"{name[:-1]}_mask")
        values = jnp.where(real.reshape(-1, *[1] * (values.ndim - 1)), values, 0)
        weights = jnp.cos(jnp.arange(values.shape[-1]))
        total += (values * weights + 0.1 * values**2).sum()
    return total


@functools.partial(jax.jit, static_argnums=0)
def forward(layer, variables, batch):
    return call(layer, layer.factory(), variables, inputs(batch), batch)


@functools.partial(jax.jit, static_argnums=(0, 1))
def trained(layer, remat, variables, features, batch):
    """Outputs, new batch statistics, and gradients of a curved function of all real rows."""
    module = layer.factory(remat=True) if remat else layer.factory()

    def loss(params, features):
        rows, changed = call(layer, module, {**variables, "params": params}, features, batch)
        return curved(rows, batch), (rows, changed)

    grads, (rows, changed) = jax.grad(loss, argnums=(0, 1), has_aux=True)(
        variables.get("params", {}), features
    )
    return rows, changed, *grads


def assert_close(actual, expected, tolerance=1e-5):
    def check(path, x, y):
        scale = max(1.0, float(np.abs(y).max(initial=0)))
        name = jax.tree_util.keystr(path)
        np.testing.assert_allclose(x, y, rtol=0, atol=tolerance * scale, err_msg=name)

    jax.tree_util.tree_map_with_path(check, actual, expected)


def real_rows(rows, batch):
    return {name: np.asarray(values)[masks(batch)[name]] for name, values in rows.items()}
