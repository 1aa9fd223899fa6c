"""Copies and products of rows, in forms that are fast, are those of plain indexing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

import gtx.ops  # noqa: F401
from tests.ops.attention.cases import sys_module

rows, products = sys_module("rows"), sys_module("products")
IDS = np.array([4, 0, 0, 2, 4], np.int32)
WHERE = np.array([True, True, False, True, True])


@pytest.mark.parametrize("width", [3, 8, 24])  # 8 and 24 are folded on a CPU
@pytest.mark.parametrize("where", [None, WHERE])
def test_rows_are_taken_and_added_as_by_plain_indexing(width, where):
    rng = np.random.default_rng(0)
    values, more = rng.normal(size=(5, width)), rng.normal(size=(5, width))
    kept = np.ones(5, bool) if where is None else where
    more[~kept] = np.nan
    mask = None if where is None else jnp.asarray(where)
    ids = jnp.asarray(IDS)
    taken = rows.take_rows(jnp.asarray(values, jnp.float32), ids, mask)
    np.testing.assert_allclose(taken, np.where(kept[:, None], values[IDS], 0), rtol=1e-6)
    added = rows.add_rows(jnp.asarray(values), ids, jnp.asarray(more), mask)
    expected = values.copy()
    np.add.at(expected, IDS[kept], more[kept])
    np.testing.assert_allclose(added, expected, rtol=1e-5)


@pytest.mark.parametrize("width", [3, 8])
def test_gradients_of_copies_are_those_of_indexing(width):
    values = jnp.asarray(np.random.default_rng(0).normal(size=(5, width)))

    @jax.jit  # which turns what check_grads hands in to arrays of jax
    def both(values, more):
        ids, where = jnp.asarray(IDS), jnp.asarray(WHERE)
        taken = rows.take_rows(values, ids, where)
        return rows.add_rows(values**2, ids, taken * more, where)

    check_grads(both, (values, values[::-1]), order=2, modes=["rev"], rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("width", [1, 3, 16])
def test_products_by_head_are_sums_and_multiples_over_its_features(width):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(7, 3, width)).astype(np.float32)
    weights = rng.normal(size=(7, 3)).astype(np.float32)
    flat = products.flat(jnp.asarray(values))
    assert flat.shape == (7, 3 * width) and products.flat(None) is None
    np.testing.assert_allclose(products.sum_by_head(flat, 3), values.sum(-1), atol=1e-5)
    found = products.times_by_head(jnp.asarray(weights), flat).reshape(values.shape)
    np.testing.assert_allclose(found, weights[..., None] * values, rtol=1e-6)
    precisions = str(jax.make_jaxpr(lambda x: products.sum_by_head(x, 3))(flat))
    assert "HIGHEST" in precisions  # float32 on every device
