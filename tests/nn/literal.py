"""Layers against literal float64 numpy: values, and gradients by central differences."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from tests.nn.layers import BATCH, KEY, features
from tests.variables import quick_jit, random_variables

STEP = 1e-6  # of central differences, whose error is its square
LEVELS = ("nodes", "edges", "pairs", "graphs")


def assert_equals(module, reference, given=None, *, batch=BATCH, train=True, levels=("nodes",)):
    """A layer is what `reference` computes, in value and along random directions in gradient.

    Args:
      module: the layer, without a dtype of its own.
      reference: from its parameters and the features by level, 0 in padding, all of them numpy
        float64, to a dict from levels to rows.
      given: features; None takes those of the batch.
      batch: on which it runs.
      train: whether statistics are those of the batch. Dropout must be 0.
      levels: which of its results are compared.

    Returns:
      The parameters, for more checks.
    """
    given = features(batch) if given is None else given
    masks = {name: np.asarray(getattr(batch, f"{name[:-1]}_mask")) for name in LEVELS}
    rng = np.random.default_rng(5)
    with jax.enable_x64(True):
        module = module.clone(param_dtype=jnp.float64)
        given = jax.tree.map(np.float64, given)
        init = jax.eval_shape(lambda: module.init(KEY, given, batch, train=train))
        variables = random_variables(init)

        def results(params, given):
            out, _ = module.apply(
                {**variables, "params": params}, given, batch, train=train, mutable=["batch_stats"]
            )
            return {name: getattr(out, name) for name in levels}

        shapes = jax.eval_shape(results, variables["params"], given)
        cotangent = {n: rng.normal(size=s.shape) * masks[n][:, None] for n, s in shapes.items()}

        @quick_jit
        def run(params, given):
            rows, pull = jax.vjp(results, params, given)
            return rows, pull(cotangent)

        rows, gradients = run(variables["params"], given)
    params = jax.tree.map(np.float64, variables["params"])
    clear = {
        field.name: np.where(masks[field.name][:, None], value, 0)
        for field in dataclasses.fields(given)
        if field.name in LEVELS and (value := getattr(given, field.name)) is not None
    }
    expected = reference(params, clear)
    for name in levels:
        values = np.where(masks[name][:, None], rows[name], 0)
        wanted = np.where(masks[name][:, None], expected[name], 0)
        np.testing.assert_allclose(values, wanted, rtol=0, atol=1e-10, err_msg=name)

    def function(at):
        # What padding holds is 0 wherever one goes.
        rows = {n: np.where(masks[n][:, None], v, 0) for n, v in at[1].items()}
        out = reference(at[0], rows)
        return sum(float((out[n] * cotangent[n]).sum()) for n in levels)

    found = gradients[0], {name: getattr(gradients[1], name) for name in clear}
    assert_slopes(function, (params, clear), found)
    return params


def assert_slopes(function, at, gradient, *, seed=6):
    """The gradient of a function of a tree of arrays is its slope, along two random directions.

    Args:
      function: from a tree of numpy arrays to a number.
      at: the tree where it was differentiated.
      gradient: a tree of the same structure.
      seed: of the directions.
    """
    rng = np.random.default_rng(seed)
    at, gradient = jax.tree.map(np.float64, (at, gradient))
    for _ in range(2):
        direction = jax.tree.map(lambda x: rng.normal(size=x.shape), at)
        ends = [
            function(jax.tree.map(lambda x, v, h=h: x + h * v, at, direction))
            for h in (STEP, -STEP)
        ]
        products = jax.tree.map(lambda g, v: (g * v).sum(), gradient, direction)
        found = sum(jax.tree.leaves(products))
        np.testing.assert_allclose(found, (ends[0] - ends[1]) / (2 * STEP), rtol=1e-6, atol=1e-7)
