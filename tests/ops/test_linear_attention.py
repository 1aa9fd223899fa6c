"""Kernelised attention against its definition: all pairs of nodes, in float64 numpy."""

import functools
import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.ops.linear_attention import linear_attention, linear_sums

# `gtx.ops.linear_attention` is the function.
module = importlib.import_module("gtx.ops.linear_attention")
HEADS, FEAT, DIM = 2, 3, 5
# Six graphs: one is empty, the last holds padding alone. One large graph: two with its padding.
MANY = np.array([0, 0, 0, 1, 1, 2, 4, 4, 4, 4, 4, 5, 5])
ONE = np.where(MANY < 5, 0, 1)
WHERE = MANY < 5


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


def arguments(seed=0):
    rng = np.random.default_rng(seed)
    shapes = (HEADS, FEAT), (HEADS, FEAT), (HEADS, DIM)
    query, key, value = (rng.normal(size=(len(MANY), *shape)) for shape in shapes)
    return np.abs(query), np.abs(key), value


def dense_sums(query, key, value, graph):
    """Sums over j of w_ij v_j and of w_ij, the weights of pairs written out."""
    weights = np.einsum("ihf,jhf->ijh", query, key)
    both = (graph[:, None] == graph[None]) & WHERE[:, None] & WHERE[None]
    weights = np.where(both[:, :, None], weights, 0)
    return np.einsum("ijh,jhv->ihv", weights, value), weights.sum(1)


def dense_attention(query, key, value, graph, epsilon):
    total, weight = dense_sums(query, key, value, graph)
    weight = np.where(WHERE[:, None], weight + epsilon, 1)
    return total / weight[:, :, None]


def poured(values):
    """NaN where nothing is real."""
    return jnp.asarray(np.where(WHERE[:, None, None], values, np.nan))


@pytest.fixture(params=["one graph", "segments", "parts of segments"])
def graph(request, monkeypatch):
    if request.param == "parts of segments":
        monkeypatch.setattr(module, "_LARGEST", 4 * HEADS * FEAT * (DIM + 1))
    return ONE if request.param == "one graph" else MANY


def test_it_is_the_mean_over_all_pairs_in_value_and_gradient(graph):
    count = int(graph.max()) + 1
    cotangent = np.random.default_rng(1).normal(size=(len(MANY), HEADS, DIM))

    @functools.partial(jax.jit, static_argnums=4)
    def run(query, key, value, graph, count):
        def function(*arrays):
            return linear_attention(*arrays, graph, count, where=jnp.asarray(WHERE), epsilon=0.5)

        out, pull = jax.vjp(function, query, key, value)
        return out, pull(jnp.asarray(cotangent))

    given = arguments()
    out, grads = run(*map(poured, given), jnp.asarray(graph), count)
    np.testing.assert_allclose(out, dense_attention(*given, graph, 0.5), atol=1e-13)
    assert not np.any(np.asarray(out)[~WHERE])

    def slope(direction, step=1e-4):
        """The derivative of the result times the cotangent, by differences of fourth order."""

        def at(t):
            moved = [x + t * d for x, d in zip(given, direction, strict=True)]
            return (dense_attention(*moved, graph, 0.5) * cotangent)[WHERE].sum()

        return (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step)

    for number, grad in enumerate(grads):
        grad = np.asarray(grad)
        assert not np.any(grad[~WHERE])
        direction = [np.zeros_like(x) for x in given]
        direction[number] = np.random.default_rng(number).normal(size=grad.shape)
        expected = slope(direction)
        np.testing.assert_allclose((grad * direction[number]).sum(), expected, rtol=1e-8)


def test_sums_of_signed_features_are_those_over_all_pairs(graph):
    query, key, value = arguments(2)
    query = query - 0.7  # weights of both signs
    expected = dense_sums(query, key, value, graph)
    found = linear_sums(
        *map(poured, (query, key, value)),
        jnp.asarray(graph),
        int(graph.max()) + 1,
        where=jnp.asarray(WHERE),
    )
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-13)


def test_a_node_whose_weights_sum_to_zero_gets_zero_with_finite_gradients(graph):
    query, key, value = map(jnp.asarray, arguments())
    query = query.at[0].set(0)

    def first(query):
        return linear_attention(query, key, value, jnp.asarray(graph), int(graph.max()) + 1)

    assert not np.any(first(query)[0]) and np.any(first(query)[1])
    assert np.isfinite(jax.grad(lambda query: first(query).sum())(query)).all()


def test_sums_of_half_precision_run_in_float32():
    ones = jnp.ones((4096, 1, 1), jnp.bfloat16)
    total, weight = linear_sums(ones, ones, ones, jnp.zeros(4096, jnp.int32), 1)
    assert total.dtype == weight.dtype == jnp.float32 and float(weight[0, 0]) == 4096
    out = linear_attention(ones, ones, ones, jnp.zeros(4096, jnp.int32), 1)
    assert out.dtype == jnp.bfloat16 and float(out[0, 0, 0]) == 1


def test_no_array_has_a_matrix_for_each_node_of_many():
    nodes, heads, feat = 20_000, 4, 64
    shape = jax.ShapeDtypeStruct((nodes, heads, feat), jnp.float32)
    graph = jax.ShapeDtypeStruct((nodes,), jnp.int32)

    def loss(query, key, value, graph, count):
        return linear_attention(query, key, value, graph, count).sum()

    for count in (2, 50):
        step = jax.jit(jax.grad(loss, argnums=(0, 1, 2)), static_argnums=4)
        used = step.lower(shape, shape, shape, graph, count).compile().memory_analysis()
        # A matrix for each node would be 1.3 GB, and so would be all pairs of one head.
        assert used.temp_size_in_bytes < 300e6


def test_arguments_that_do_not_fit_are_named(unchecked_types):
    query, key, value = map(jnp.asarray, arguments())
    graph = jnp.asarray(MANY)
    with pytest.raises(ValueError, match="same features, got 3 and 5"):
        linear_attention(query, value, value, graph, 6)
    with pytest.raises(ValueError, match="same heads, got 2 and 1 in value"):
        linear_attention(query, key, value[:, :1], graph, 6)
    with pytest.raises(ValueError, match="node_graph must have one row"):
        linear_attention(query, key, value, graph[1:], 6)
