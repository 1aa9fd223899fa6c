"""Numbers of nodes: of edges, and those by which dropout draws."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import checkify

from gtx.ops import Edges, attention
from tests.ops.attention import cases

pytestmark = pytest.mark.usefixtures("quick_compilation")

X = jnp.ones((3, 2, 4))
KEY = jax.random.key(0)


IMPLEMENTATIONS = [
    (name, structure)
    for name in ("dense", "chunked", "edges", "reference")
    for structure in ("complete", "edges")
    if (name, structure) != ("dense", "edges")
]


@pytest.mark.parametrize(("implementation", "structure_name"), IMPLEMENTATIONS)
@pytest.mark.usefixtures("unchecked_types")
def test_identities_of_any_integer_type_drop_the_same(implementation, structure_name):
    structure = cases.STRUCTURES[structure_name]()
    arrays, _ = cases.arguments(structure, np.float32)
    nodes = {name: jnp.asarray(arrays[name]) for name in ("query", "key", "value")}
    sides = ("receiver_ids", "sender_ids") if structure_name == "edges" else ("node_ids",)
    lengths = [len(nodes["query"]), len(nodes["key"])][: len(sides)]

    def run(dtype, xp):
        ids = {s: xp.asarray(np.arange(n), dtype) for s, n in zip(sides, lengths, strict=True)}
        options = dict(dropout_rate=0.5, dropout_key=KEY, implementation=implementation)
        numbered = dataclasses.replace(structure, **ids)
        return jax.jit(lambda: attention(**nodes, structure=numbered, **options))()

    expected = run(np.uint32, jnp)
    assert np.any(expected) and not np.array_equal(
        expected,
        jax.jit(lambda: attention(**nodes, structure=structure, implementation=implementation))(),
    )
    for dtype, xp in ((np.int64, np), (np.int8, jnp)):
        np.testing.assert_array_equal(run(dtype, xp), expected)


def test_dropout_by_consecutive_numbers_keeps_the_mean():
    """int64, as `np.arange` has it: once nothing was dropped and everything doubled."""
    count = 1000
    edges = Edges(
        np.arange(count),
        np.zeros(count, int),
        receiver_ids=np.arange(1),
        sender_ids=np.arange(count),
    )
    ones = jnp.ones((count, 4, 1))
    for rate in (0.3, 0.5):
        out = attention(ones[:1], ones, ones, edges, dropout_rate=rate, dropout_key=KEY)
        np.testing.assert_allclose(out, 1, atol=0.1)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
@pytest.mark.parametrize("implementation", ["edges", "chunked", "reference"])
@pytest.mark.usefixtures("unchecked_types")
def test_ids_of_a_narrow_type_reach_all_they_hold(dtype, implementation):
    """More nodes than the type counts: a sum of an id and that number would overflow."""
    rng = np.random.default_rng(0)
    count = 70_000 if dtype == "int16" else 300
    ids = rng.integers(0, 120, (2, 50))
    x = jnp.asarray(rng.normal(size=(count, 1, 2)), jnp.float32)
    x = x if implementation != "reference" else x[:300]

    def run(senders, receivers):
        return attention(x, x, x, Edges(senders, receivers), implementation=implementation)

    expected = jax.jit(lambda: run(*ids))()
    np.testing.assert_array_equal(jax.jit(lambda: run(*ids.astype(dtype)))(), expected)
    np.testing.assert_allclose(jax.jit(run)(*jnp.asarray(ids, dtype)), expected, atol=1e-6)


@pytest.mark.parametrize("implementation", ["edges", "chunked", "reference"])
def test_a_masked_edge_may_have_any_ids(implementation):
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(3, 2, 4)), jnp.float32)
    where = jnp.asarray([True, True, False, False])

    @jax.jit
    def run(senders, receivers):
        structure = Edges(senders, receivers, where)
        call = lambda x: attention(x, x, x, structure, implementation=implementation)  # noqa: E731
        out, pull = jax.vjp(call, x)
        return out, pull(x)[0]

    expected = run(jnp.asarray([0, 1, 0, 0]), jnp.asarray([1, 1, 0, 0]))
    found = run(jnp.asarray([0, 1, 99, -7]), jnp.asarray([1, 1, -50, 3]))
    jax.tree.map(np.testing.assert_array_equal, found, expected)
    attention(x, x, x, Edges(np.array([0, 9]), np.array([0, 9]), np.array([True, False])))


def test_checked_edges_are_edges():
    edges = Edges.checked([0, 2], [1, 1], num_receivers=2, num_senders=3, indices_are_sorted=True)
    x = jnp.arange(24.0).reshape(3, 2, 4)
    np.testing.assert_array_equal(
        attention(x[:2], x, x, edges), attention(x[:2], x, x, Edges([0, 2], [1, 1]))
    )


WRONG = {
    "sender": (dict(senders=[0, 3]), r"senders\[1\] is 3, but there are 3 senders"),
    "receiver": (dict(receivers=[-1, 0]), r"receivers\[0\] is -1, but there are 2 receivers"),
    "order": (dict(receivers=[1, 0], indices_are_sorted=True), "do not decrease"),
    "length": (dict(senders=[0]), "one row for each of the 1 senders"),
    "edge_index": (dict(senders=np.zeros((2, 4), int)), "edge_index"),
    "number": (dict(num_receivers=2.5), "num_receivers must be an int"),
    "mask": (dict(where=[1, 0]), "where must be an array"),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.usefixtures("unchecked_types")
def test_checked_edges_refuse_what_is_no_node(name):
    arguments, message = WRONG[name]
    right = dict(senders=[0, 2], receivers=[0, 1], num_receivers=2, num_senders=3)
    with pytest.raises((TypeError, ValueError), match=message):
        Edges.checked(**{**right, **arguments})


def test_checked_edges_find_a_traced_id_by_checkify():
    @jax.jit
    @checkify.checkify
    def run(senders, receivers, where):
        edges = Edges.checked(
            senders, receivers, num_receivers=3, where=where, indices_are_sorted=True
        )
        return attention(X, X, X, edges)

    real = jnp.asarray([True, True])
    error, out = run(jnp.asarray([0, 1]), jnp.asarray([0, 2]), real)
    error.throw()
    assert out.shape == X.shape
    for senders, receivers, message in (
        ([0, 3], [0, 2], r"senders\[1\] is 3, but there are 3 senders"),
        ([0, 1], [-2, 2], r"receivers\[0\] is -2, but there are 3 receivers"),
        ([0, 1], [2, 0], "do not decrease"),
    ):
        error, _ = run(jnp.asarray(senders), jnp.asarray(receivers), real)
        with pytest.raises(checkify.JaxRuntimeError, match=message):
            error.throw()
    error, _ = run(jnp.asarray([0, 9]), jnp.asarray([0, 2]), jnp.asarray([True, False]))
    error.throw()
