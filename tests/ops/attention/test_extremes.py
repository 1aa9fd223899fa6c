"""Logits of any size, nodes that nobody may see, learned scales: what once told programs apart."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.ops import BiasFunction, Complete, Edges, Tier, attention, make_layout
from tests.ops.attention import cases

PROGRAMS = [
    ("dense", "complete"),
    ("chunked", "complete"),
    ("reference", "complete"),
    ("edges", "edges"),
    ("chunked", "edges"),
    ("reference", "edges"),
]
pytestmark = pytest.mark.usefixtures("quick_compilation")
programs = pytest.mark.parametrize(("implementation", "over"), PROGRAMS)
COUNT = 8


def structure_of(over):
    if over == "complete":
        layout = make_layout(np.array([COUNT]), COUNT, (Tier(1, COUNT),))
        return jax.tree.map(jnp.asarray, Complete(layout))
    receivers, senders = np.divmod(np.arange(COUNT**2), COUNT)
    return Edges(jnp.asarray(senders), jnp.asarray(receivers), indices_are_sorted=True)


@programs
def test_weights_sum_to_one_whatever_the_size_of_the_logits(implementation, over):
    """-1e9 is what other code adds to mask: where nothing else is, it masks nothing."""
    ones = jnp.ones((COUNT, 1, 2))

    @jax.jit
    def results(value, bias):
        def total(value):
            out = attention(
                *(ones, ones, value, structure_of(over)), bias=bias, implementation=implementation
            )
            return out.sum(), out

        return jax.grad(total, has_aux=True)(value)

    for bias in (-1e9, -1e4, 1e4, 1e6):
        gradient, out = results(ones, jnp.full((COUNT**2, 1), bias))
        np.testing.assert_allclose(out, 1, rtol=1e-6)
        np.testing.assert_allclose(gradient, 1, rtol=1e-6)


@programs
def test_huge_logits_that_float32_holds_exactly_are_as_right_as_small_ones(implementation, over):
    rng = np.random.default_rng(0)
    query, key, value, cotangent = rng.integers(-1, 2, (4, COUNT, 1, 4)).astype(np.float32)
    bias = (2.0**20 * rng.integers(-1, 2, (COUNT**2, 1))).astype(np.float32)

    def results(implementation, *arrays):
        @jax.jit
        def run(query, key, value, bias, cotangent):
            def attend(*arrays):
                query, key, value, bias = arrays
                return attention(
                    *(query, key, value, structure_of(over)),
                    bias=bias,
                    scale=0.5,
                    implementation=implementation,
                )

            out, pull = jax.vjp(attend, query, key, value, bias)
            return out, *pull(cotangent)

        return run(*map(jnp.asarray, arrays))

    found = results(implementation, query, key, value, bias, cotangent)
    with jax.enable_x64(True):
        arrays = (np.float64(x) for x in (query, key, value, bias, cotangent))
        expected = results("reference", *arrays)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@programs
def test_a_node_that_where_keeps_from_all_others_may_hold_nan(implementation, over):
    structure = structure_of(over)
    receivers, senders = np.divmod(np.arange(COUNT**2), COUNT)
    where = jnp.asarray((receivers != 3) & (senders != 3))
    structure = dataclasses.replace(structure, where=where)
    nodes = np.random.default_rng(0).normal(size=(3, COUNT, 1, 2)).astype(np.float32)
    place = np.linspace(0, 1, COUNT, dtype=np.float32)[:, None]
    with_nan, place_with_nan = nodes.copy(), place.copy()
    with_nan[:, 3] = place_with_nan[3] = np.nan

    @jax.jit
    def results(nodes, place):
        def loss(nodes, place):
            bias = BiasFunction(lambda _, x, y: -((x - y) ** 2), None, place)
            out = attention(*nodes, structure, bias=bias, implementation=implementation)
            return jnp.sum(out**2), out

        gradients, out = jax.grad(loss, argnums=(0, 1), has_aux=True)(nodes, place)
        return out, *gradients

    found = results(jnp.asarray(with_nan), jnp.asarray(place_with_nan))
    expected = results(jnp.asarray(nodes), jnp.asarray(place))
    jax.tree.map(np.testing.assert_array_equal, found, expected)
    out, gradients, gradient = found
    assert not out[3].any() and not gradients[:, 3].any() and not gradient[3].any()
    assert np.asarray(gradients).any()


@programs
def test_a_scale_may_be_learned(implementation, over):
    nodes = jnp.asarray(np.random.default_rng(0).normal(size=(3, COUNT, 1, 2)))

    @jax.jit
    def loss(scale):
        out = attention(*nodes, structure_of(over), scale=scale, implementation=implementation)
        return jnp.sum(out**2)

    expected = jax.jit(
        lambda: attention(*nodes, structure_of(over), scale=0.3, implementation=implementation)
    )()
    value, slope = jax.jit(jax.value_and_grad(loss))(jnp.asarray(0.3))
    np.testing.assert_allclose(value, np.sum(np.square(expected)), rtol=1e-6)
    step = 1e-2
    difference = (loss(jnp.asarray(0.3 + step)) - loss(jnp.asarray(0.3 - step))) / (2 * step)
    np.testing.assert_allclose(slope, difference, rtol=1e-2)


@programs
@pytest.mark.parametrize("missing", ["receivers", "senders", "all"])
def test_without_receivers_or_senders_the_result_is_empty_or_zero(implementation, over, missing):
    num_receivers = 0 if missing in ("receivers", "all") else 2
    num_senders = 0 if missing in ("senders", "all") else 3
    if over == "complete":
        layouts = [
            make_layout(np.array([count]), count, (Tier(1, max(count, 1)),))
            for count in (num_receivers, num_senders)
        ]
        structure = jax.tree.map(jnp.asarray, Complete(layouts[0], sender_layout=layouts[1]))
    else:
        structure = Edges(jnp.zeros(0, jnp.int32), jnp.zeros(0, jnp.int32))
    query = jnp.ones((num_receivers, 1, 2))
    key = jnp.ones((num_senders, 1, 2))

    def attend(query, key):
        return attention(
            *(query, key, key, structure), implementation=implementation, return_lse=True
        )

    (out, lse), pull = jax.vjp(attend, query, key)
    np.testing.assert_array_equal(out, np.zeros((num_receivers, 1, 2)))
    np.testing.assert_array_equal(lse, np.full((num_receivers, 1), -1e30, np.float32))
    assert not any(gradient.any() for gradient in pull((out, lse)))


NODES = [jnp.ones((4, 2, 3))] * 3
EDGES = Edges(jnp.asarray([0, 1, 3]), jnp.asarray([1, 1, 2]))


@pytest.mark.parametrize(
    ("nodes", "changes", "message"),
    [
        ([*NODES[:2], jnp.ones((3, 2, 3))], {}, r"do not fit: \[4, 2, 3\], .* and \[3, 2, 3\]"),
        ([NODES[0], jnp.ones((4, 2, 1)), NODES[2]], {}, "do not fit"),
        ([NODES[0], NODES[1], jnp.ones((4, 1, 3))], {}, "do not fit"),
        (NODES, dict(bias=jnp.ones((3, 1))), r"bias must have shape \[3, 2\].* has \[3, 1\]"),
        (NODES, dict(gate=jnp.ones((2, 2))), r"gate must have shape \[3, 2\]"),
        (NODES, dict(edge_key=jnp.ones((3, 2, 1))), r"edge_key must have shape \[3, 2, 3\]"),
        (NODES, dict(edge_value=jnp.ones((3, 2, 4))), r"edge_value must have shape \[3, 2, 3\]"),
    ],
)
def test_shapes_that_disagree_are_refused(nodes, changes, message):
    api = cases.sys_module("api")  # the annotations of `attention` refuse some of them before
    options = dict(score=api.Dot(), bias=None, edge_key=None, scale=None)
    with pytest.raises(ValueError, match=message):
        api.make_call(*nodes, EDGES, **{**options, **changes})


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (dict(receivers=jnp.asarray([1, 2])), ValueError, "3 edges, but its receivers have shape"),
        (dict(where=jnp.asarray([True])), ValueError, "3 edges, but its where have shape"),
        (dict(where=jnp.asarray([1, 0, 1])), TypeError, "where must be bool"),
        (dict(sender_ids=jnp.zeros(3, jnp.uint32)), ValueError, r"sender_ids must have shape \[4"),
    ],
)
def test_structures_whose_arrays_disagree_are_refused(changes, error, message):
    with pytest.raises(error, match=message):
        attention(*NODES, dataclasses.replace(EDGES, **changes))


def test_edges_may_be_lists():
    lists = Edges([0, 1, 3], [1, 1, 2])
    np.testing.assert_array_equal(attention(*NODES, lists), attention(*NODES, EDGES))


def test_a_score_that_jax_does_not_know_is_refused_with_what_to_do():
    @dataclasses.dataclass(frozen=True)
    class Mine:
        def __call__(self, query, key, entry, scale):
            return scale * jnp.sum(query * key, axis=-1)

        def default_scale(self, head_dim):
            return 1.0

    with pytest.raises(TypeError, match="Mine is not registered .*register_dataclass"):
        attention(*NODES, EDGES, score=Mine())


def test_a_platform_that_was_never_measured_has_an_order_too(monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "METAL")
    select = cases.sys_module("select")
    with select.recorded_choices() as choices:
        attention(*NODES, EDGES)
        attention(*[jnp.ones((COUNT, 2, 3))] * 3, structure_of("complete"))
    assert [choice.implementation for choice in choices] == ["edges", "dense"]


def test_many_graphs_that_are_gigabytes_together_go_block_by_block():
    layout = jax.tree.map(jnp.asarray, make_layout(np.full(64, 800), 64 * 800, (Tier(64, 800),)))
    nodes = jax.ShapeDtypeStruct((64 * 800, 4, 16), jnp.float32)
    select = cases.sys_module("select")
    with select.recorded_choices() as choices:
        jax.eval_shape(lambda *nodes: attention(*nodes, Complete(layout)), *[nodes] * 3)
    assert choices[0].implementation == "chunked" and "all graphs have" in choices[0].reason
