"""Random features: products that stand for exp(q . k), and directions that are orthogonal."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.ops import linear_attention, orthogonal_projection, relu_features, softmax_features

KEY = jax.random.key(0)
pytestmark = pytest.mark.usefixtures("quick_compilation")


def test_directions_are_orthogonal_within_a_block_and_have_the_norms_of_normal_rows():
    rows = np.asarray(orthogonal_projection(KEY, 40, 16))
    for block in (rows[:16], rows[16:32], rows[32:]):  # 16 at a time
        products = block @ block.T
        np.testing.assert_allclose(products, np.diag(np.diag(products)), atol=1e-4)
    squares = np.square(np.asarray(orthogonal_projection(KEY, 800, 16))).sum(1)
    assert abs(squares.mean() - 16) < 1 and squares.std() > 4  # chi squared: 16 and 5.7
    unit = np.asarray(orthogonal_projection(KEY, 40, 16, norms="unit"))
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, atol=1e-5)


def test_attention_over_many_features_is_that_of_a_softmax():
    rng = np.random.default_rng(0)
    graph = np.array([0, 0, 0, 0, 1, 1, 1])
    query, key, value = 0.7 * rng.normal(size=(3, 7, 2, 4))
    logits = 0.5 * np.einsum("ihd,jhd->ijh", query, key)
    weights = np.exp(logits) * (graph[:, None] == graph)[:, :, None]
    weights = weights / weights.sum(1, keepdims=True)
    query, key, value, graph, projection = map(
        jnp.asarray, (query, key, value, graph, rng.normal(size=(100_000, 4)))
    )

    @jax.jit
    def attend(query, key, value, projection):
        queries = softmax_features(query, projection, scale=0.5)
        keys = softmax_features(key, projection, scale=0.5, graphs=(graph, 2))
        return linear_attention(queries, keys, value, graph, 2)

    out = attend(query, key, value, projection)
    np.testing.assert_allclose(out, np.einsum("ijh,jhd->ihd", weights, value), atol=0.03)


def test_features_by_their_formula_with_a_constant_for_each_graph():
    rng = np.random.default_rng(1)
    graph, where = np.array([0, 0, 1, 1, 1, 2]), np.array([True] * 4 + [False] * 2)
    values = rng.normal(size=(6, 2, 3)).astype(np.float32)
    projection = rng.normal(size=(5, 3)).astype(np.float32)
    poured = jnp.where(where[:, None, None], values, jnp.nan)
    where = jnp.asarray(where)
    x = np.float64(values) * np.sqrt(0.5)
    products = np.einsum("nhd,fd->nhf", x, projection)
    exponent = products - np.square(x).sum(-1, keepdims=True) / 2

    query = np.exp(exponent - products.max(-1, keepdims=True))
    options = dict(scale=0.5, epsilon=0.1, where=where)
    found = softmax_features(poured, jnp.asarray(projection), **options)
    expected = np.where(where[:, None, None], (query + 0.1) / np.sqrt(5), 0)
    np.testing.assert_allclose(found, expected, rtol=1e-5)

    peak = np.stack([products[where & (graph == g)].max((0, 2)) for g in (0, 1)])
    key = np.exp(exponent[where] - peak[graph[where]][:, :, None])
    of_graphs = (jnp.asarray(graph), 3)
    found = softmax_features(poured, jnp.asarray(projection), graphs=of_graphs, **options)
    np.testing.assert_allclose(found[where], (key + 0.1) / np.sqrt(5), rtol=1e-5)
    grad = jax.grad(lambda x: softmax_features(x, jnp.asarray(projection), where=where).sum())
    assert np.isfinite(grad(poured)).all()


def test_large_queries_and_keys_do_not_overflow():
    values = jnp.full((3, 1, 2), 1e3)
    graphs = jnp.zeros(3, jnp.int32), 1
    projection = orthogonal_projection(KEY, 4, 2)
    assert np.isfinite(softmax_features(values, projection)).all()
    assert np.isfinite(softmax_features(values, projection, graphs=graphs)).all()


def test_generalised_kernel():
    values = jnp.asarray([[[1.0, -2.0]]])
    projection = jnp.asarray([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    found = relu_features(values, projection, epsilon=0.25)
    np.testing.assert_allclose(found, [[[1.25, 0.25, 0.25]]])


def test_a_projection_of_another_width_is_refused(unchecked_types):
    with pytest.raises(ValueError, match="projection must have 2 columns"):
        softmax_features(jnp.zeros((3, 1, 2)), jnp.zeros((4, 3)))
