"""Nodes that meet no other, whatever the reason: what they hold reaches nothing."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.ops import (
    BiasFunction,
    Complete,
    Tier,
    attention,
    attention_weights,
    edge_pairs,
    make_layout,
    pair_mask,
)
from tests.ops.attention import cases

pytestmark = pytest.mark.usefixtures("quick_compilation", "small_blocks")


@pytest.fixture
def small_blocks(monkeypatch):
    chunked = cases.sys_module("chunked")
    monkeypatch.setattr(chunked, "ROWS", 2)
    monkeypatch.setattr(chunked, "COLUMNS", 3)
    monkeypatch.setattr(chunked.chunked_edges, "EDGES", 4)


def one_sided():
    """Graphs of 2, 0, 3 and 0 receivers and of 3, 2, 0 and 0 senders, and padding of both."""
    layout = make_layout(np.array([2, 0, 3, 0]), 7, (Tier(3, 3), Tier(1, 2)))
    senders = make_layout(np.array([3, 2, 0, 0]), 6, (Tier(3, 4), Tier(1, 2)))
    ids = [np.arange(size, dtype=np.uint32) for size in (7, 6)]
    every = np.ones(3 * 3 * 4 + 2 * 2, bool)
    return jax.tree.map(jnp.asarray, Complete(layout, every, ids[0], senders, ids[1]))


def masked(structure):
    return dataclasses.replace(structure, where=jnp.zeros_like(structure.where))


STRUCTURES = {
    "one-sided graphs": (one_sided(), True),
    "one-sided graphs with a mask": (one_sided(), False),
    "all pairs of two sets masked": (masked(cases.bipartite()), False),
    "all pairs masked": (masked(cases.complete()), False),
    "all edges masked": (masked(cases.edges()), False),
    "no edges": (cases.no_edges(), True),
}


CASES = [
    ("dense", "one-sided graphs", "array"),
    ("dense", "one-sided graphs", "function"),
    ("dense", "all pairs of two sets masked", "function"),
    ("dense", "all pairs masked", "array"),
    ("chunked", "one-sided graphs", "array"),
    ("chunked", "one-sided graphs", "function"),
    ("chunked", "one-sided graphs with a mask", "array"),
    ("chunked", "all pairs masked", "function"),
    ("chunked", "all edges masked", "function"),
    ("chunked", "no edges", "array"),
    ("edges", "one-sided graphs", "function"),
    ("edges", "all edges masked", "array"),
    ("edges", "no edges", "function"),
]


@pytest.mark.parametrize(("implementation", "name", "bias"), CASES)
def test_nan_of_nodes_that_meet_no_other_reaches_no_gradient(implementation, name, bias):
    structure, without_where = STRUCTURES[name]
    arrays, cotangents = cases.arguments(structure, np.float32)
    padding = cases.unused(structure)
    classes = cases.classes(structure)
    structure = dataclasses.replace(structure, where=None) if without_where else structure
    arrays["scale"] = np.float32(0.7)
    if bias == "array":
        del arrays["table"], arrays["decay"], arrays["receiver_place"], arrays["sender_place"]
    else:
        del arrays["bias"]
    poured = {key: np.array(array) for key, array in arrays.items()}
    for key, rows in padding.items():
        if key in poured:
            poured[key][rows] = np.nan

    @jax.jit
    def results(arrays):
        def attend(arrays):
            arrays = dict(arrays)
            if bias == "function":
                arrays["bias"] = cases.bias_function(arrays, classes)
            options = {key: array for key, array in arrays.items() if key in cases.OPERANDS}
            score = cases.make_score("dynamic", arrays)
            return attention(
                **options,
                structure=structure,
                score=score,
                dropout_rate=0.3,
                dropout_key=jax.random.key(1),
                implementation=implementation,
                return_lse=True,
            )

        out, pull = jax.vjp(attend, arrays)
        return out, pull(tuple(map(jnp.asarray, cotangents)))[0]

    found, expected = (results(jax.tree.map(jnp.asarray, x)) for x in (poured, arrays))
    jax.tree.map(np.testing.assert_array_equal, found, expected)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found))
    for key, rows in padding.items():
        if key in arrays:
            assert not np.asarray(found[1][key])[rows].any(), key
    if name.startswith("all") or name == "no edges":
        assert not any(np.any(leaf) for leaf in jax.tree.leaves((found[0][0], found[1])))
    else:
        assert all(np.any(found[1][key]) for key in ("scale", "vector", "gate", "edge_key"))


@pytest.mark.parametrize("name", ["one-sided graphs", "all edges masked"])
def test_nan_of_nodes_that_meet_no_other_reaches_no_weight(name):
    structure, without_where = STRUCTURES[name]
    arrays, _ = cases.arguments(structure, np.float32)
    for key, rows in cases.unused(structure).items():
        arrays[key][rows] = np.nan
    structure = dataclasses.replace(structure, where=None) if without_where else structure
    query, key, bias = (jnp.asarray(arrays[name]) for name in ("query", "key", "bias"))
    scale = jnp.asarray(0.7)

    def total(scale):
        weights = attention_weights(query, key, structure, bias=bias, scale=scale)
        return jnp.sum(weights**2), weights

    slope, weights = jax.grad(total, has_aux=True)(scale)
    assert np.isfinite(weights).all() and np.isfinite(slope)


NO_TIERS = {
    "no tiers": ((), []),
    "a tier of no graphs": ((Tier(0, 3),), []),
    "tiers of size 0": ((Tier(2, 0), Tier(1, 0)), [0, 0, 0]),
}


@pytest.mark.parametrize("name", NO_TIERS)
@pytest.mark.parametrize("implementation", ["dense", "chunked", "edges", "reference"])
def test_padding_alone_gets_zero_in_a_layout_without_slots(implementation, name):
    tiers, n_node = NO_TIERS[name]
    layout = jax.tree.map(jnp.asarray, make_layout(np.array(n_node, int), 3, tiers))
    nodes = [jnp.full((3, 1, 2), np.nan)] * 3
    place = BiasFunction(lambda slope, x, y: slope * (x - y), jnp.ones(()), jnp.ones((3, 1)))
    arrays = dict(gate=jnp.zeros((0, 1)), edge_key=jnp.zeros((0, 1, 2)))

    @jax.jit
    def attend(where, options):
        structure = Complete(layout, where)
        out, pull = jax.vjp(
            lambda *nodes: attention(
                *nodes, structure, implementation=implementation, return_lse=True, **options
            ),
            *nodes,
        )
        return out, pull(jax.tree.map(jnp.ones_like, out))

    for where, options in ((None, {}), (jnp.zeros(0, bool), dict(bias=place)), (None, arrays)):
        (out, lse), gradients = attend(where, options)
        np.testing.assert_array_equal(out, np.zeros((3, 1, 2)))
        np.testing.assert_array_equal(lse, np.full((3, 1), -1e30, np.float32))
        for gradient in gradients:
            np.testing.assert_array_equal(gradient, np.zeros((3, 1, 2)))
    assert attention_weights(*nodes[:2], Complete(layout)).shape == (0, 1)
    assert pair_mask(layout).shape == (0,)
    edge = jnp.zeros(1, jnp.int32)
    assert edge_pairs(edge, edge, layout) == layout.num_pairs == 0
