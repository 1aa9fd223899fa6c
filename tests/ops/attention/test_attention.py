import dataclasses
import functools
import logging
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from gtx.ops import (
    BiasFunction,
    Complete,
    Edges,
    Tier,
    attention,
    attention_weights,
    make_layout,
    node_ids,
)
from gtx.ops.attention import Additive, Clamped, Dot, Dynamic
from tests.ops.attention import cases

NAMED = {"complete": "dense", "edges": "edges", "sorted edges": "edges"}
ALL = ("bias", "gate", "edge_key", "edge_value")
ARGUMENTS = ("query", "key", "value", *ALL)


@functools.partial(jax.jit, static_argnames=("score", "rate", "implementation", "scale"))
def run(arrays, structure, *, score="dot", rate=0.0, implementation="auto", scale=None):
    score = cases.make_score(score, arrays)
    arrays = {name: array for name, array in arrays.items() if name in ARGUMENTS}
    return attention(
        **arrays,
        structure=structure,
        score=score,
        scale=scale,
        dropout_rate=rate,
        dropout_key=jax.random.key(5) if rate else None,
        implementation=implementation,
        return_lse=True,
    )


@functools.partial(jax.jit, static_argnames=("score", "rate", "implementation", "scale"))
def run_and_pull(arrays, cotangents, structure, **options):
    results, pull = jax.vjp(lambda arrays: run(arrays, structure, **options), arrays)
    return results, pull(tuple(cotangents))[0]


# One set of options, types and shapes for most tests: it is compiled once per structure,
# score and implementation.
RATE = 0.4


def full(arrays, cotangents, structure, implementation, score="dot"):
    """Every argument in float64 with dropout: values and gradients."""
    return run_and_pull(
        arrays, cotangents, structure, score=score, rate=RATE, implementation=implementation
    )


@pytest.fixture
def x64():
    with jax.enable_x64(True):
        yield


def assert_close(one, other, tolerance=1e-10):
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance), one, other
    )


def oracle(arrays, structure, scale):
    """Dot attention over an edge list, edge by edge, in float64 numpy."""
    senders, receivers, where = (
        np.asarray(values) for values in (structure.senders, structure.receivers, structure.where)
    )
    out = np.zeros((structure.num_receivers, cases.HEADS, cases.VALUE_DIM))
    lse = np.full((structure.num_receivers, cases.HEADS), -1e30)
    for receiver in range(structure.num_receivers):
        edges = np.flatnonzero((receivers == receiver) & where)
        if len(edges):
            keys = arrays["key"][senders[edges]] + arrays["edge_key"][edges]
            logits = scale * (arrays["query"][receiver] * keys).sum(-1) + arrays["bias"][edges]
            lse[receiver] = np.log(np.exp(logits).sum(axis=0))
            weights = np.exp(logits - lse[receiver]) * arrays["gate"][edges]
            values = arrays["value"][senders[edges]] + arrays["edge_value"][edges]
            out[receiver] = (weights[..., None] * values).sum(axis=0)
    return out, lse


@pytest.mark.parametrize("scale", [None, 1.0])
@pytest.mark.usefixtures("x64")
def test_the_reference_is_the_formula(scale):
    structure = cases.edges()
    arrays, _ = cases.arguments(structure)
    result = run(arrays, structure, implementation="reference", scale=scale)
    assert_close(result, oracle(arrays, structure, scale or 1 / np.sqrt(cases.HEAD_DIM)))


@pytest.mark.parametrize(
    ("structure_name", "score"),
    [(name, score) for name in ("complete", "edges") for score in cases.SCORES]
    + [("sorted edges", "dot")],
)
@pytest.mark.usefixtures("x64")
def test_each_implementation_equals_the_reference_in_value_and_all_gradients(structure_name, score):
    structure = cases.STRUCTURES[structure_name]()
    arrays, cotangents = cases.arguments(structure)
    result = full(arrays, cotangents, structure, NAMED[structure_name], score)
    assert_close(result, full(arrays, cotangents, structure, "reference", score))
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(result))


@pytest.mark.parametrize("structure_name", ["complete", "edges"])
@pytest.mark.usefixtures("x64")
def test_each_optional_argument_may_be_left_out(structure_name):
    structure = cases.STRUCTURES[structure_name]()
    arrays, cotangents = cases.arguments(structure)
    for name in ALL:
        neutral = np.full_like(arrays[name], name == "gate")
        expected, _ = full({**arrays, name: neutral}, cotangents, structure, NAMED[structure_name])
        fewer = {key: array for key, array in arrays.items() if key != name}
        assert_close(run(fewer, structure, rate=RATE), expected)


def test_in_float32_without_options_dense_and_edges_equal_the_reference():
    structure = cases.complete()
    arrays, cotangents = cases.arguments(structure, np.float32)
    arrays = {name: arrays[name] for name in ("query", "key", "value")}
    dense = run_and_pull(arrays, cotangents, structure)
    assert_close(run_and_pull(arrays, cotangents, cases.as_edges(structure)[0]), dense, 2e-5)
    expected = run(arrays, structure, implementation="reference")
    assert_close(dense[0], expected, 2e-6)


@pytest.mark.parametrize("score", ["dot", "dynamic"])
@pytest.mark.usefixtures("x64")
def test_a_transformer_equals_a_graph_attention_on_the_complete_graph(score):
    """The theorem of Joshi (2025), in value and in every gradient, dropout on too."""
    structure = cases.complete()
    edges, pairs = cases.as_edges(structure)
    arrays, cotangents = cases.arguments(structure)
    on_edges = {name: array[pairs] if name in ALL else array for name, array in arrays.items()}
    dense, dense_gradient = full(arrays, cotangents, structure, "dense", score)
    edge, edge_gradient = full(on_edges, cotangents, edges, "edges", score)
    assert_close(dense, edge)
    for name, gradient in dense_gradient.items():
        assert_close(gradient[pairs] if name in ALL else gradient, edge_gradient[name])


@pytest.mark.parametrize("structure_name", ["complete", "edges"])
@pytest.mark.parametrize("score", cases.SCORES)
@pytest.mark.usefixtures("x64")
def test_nan_in_padding_changes_neither_value_nor_gradient(structure_name, score):
    structure = cases.STRUCTURES[structure_name]()
    arrays, cotangents = cases.arguments(structure)
    padding = cases.unused(structure)
    poured = {name: array.copy() for name, array in arrays.items()}
    for name, rows in padding.items():
        assert rows.any()
        poured[name][rows] = np.nan
    for implementation in (NAMED[structure_name], "reference"):
        result = full(poured, cotangents, structure, implementation, score)
        expected = full(arrays, cotangents, structure, implementation, score)
        jax.tree.map(np.testing.assert_array_equal, result, expected)
        for name, rows in padding.items():
            np.testing.assert_array_equal(result[1][name][rows], 0)


@pytest.mark.parametrize(
    ("structure_name", "empty"), [("complete", [4, 13, 14, 15]), ("edges", [2, 4, 6, 7, 8])]
)
@pytest.mark.usefixtures("x64")
def test_a_receiver_without_edges_gets_exactly_zero(structure_name, empty):
    structure = cases.STRUCTURES[structure_name]()
    arrays, cotangents = cases.arguments(structure)
    for implementation in (NAMED[structure_name], "reference"):
        (out, lse), gradient = full(arrays, cotangents, structure, implementation)
        np.testing.assert_array_equal(np.flatnonzero((lse == -1e30).all(axis=1)), empty)
        np.testing.assert_array_equal(out[np.array(empty)], 0)
        np.testing.assert_array_equal(gradient["query"][np.array(empty)], 0)


@pytest.mark.parametrize("structure_name", ["complete", "edges"])
@pytest.mark.usefixtures("x64")
def test_huge_logits_are_exact_and_finite(structure_name):
    structure = cases.STRUCTURES[structure_name]()
    arrays, cotangents = cases.arguments(structure)
    arrays["bias"] = 1e4 * np.sign(arrays["bias"])
    result = full(arrays, cotangents, structure, NAMED[structure_name])
    assert_close(result, full(arrays, cotangents, structure, "reference"), 1e-9)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(result))


def test_a_duplicate_edge_counts_twice():
    arrays = dict(query=jnp.zeros((1, 1, 1)), key=jnp.zeros((2, 1, 1)))
    arrays["value"] = jnp.asarray([0.0, 3]).reshape(2, 1, 1)
    edges = Edges(senders=jnp.asarray([0, 1, 1]), receivers=jnp.asarray([0, 0, 0]))
    for implementation in ("edges", "reference"):
        out, lse = run(arrays, edges, implementation=implementation)
        np.testing.assert_allclose(out[0, 0, 0], 2, rtol=1e-6)
        np.testing.assert_allclose(lse[0, 0], np.log(3), rtol=1e-6)


@pytest.mark.parametrize(
    ("implementation", "over"),
    [("dense", "nodes"), ("chunked", "nodes"), ("edges", "edges"), ("chunked", "edges")],
)
@pytest.mark.usefixtures("x64")
def test_gradients_of_first_and_second_order_are_numerically_right(implementation, over):
    layout = jax.tree.map(jnp.asarray, make_layout(np.array([2]), 4, (Tier(1, 3),)))
    structure = Complete(layout)
    if over == "edges":
        structure = Edges(jnp.asarray([0, 1, 1, 1]), jnp.asarray([0, 0, 2, 2]))
    nodes = jnp.asarray(np.random.default_rng(0).normal(size=(3, 4, 1, 2)))

    @jax.jit
    def function(query, key, value):
        options = dict(dropout_rate=0.3, dropout_key=jax.random.key(0), return_lse=True)
        out, lse = attention(query, key, value, structure, implementation=implementation, **options)
        return out, jnp.where(lse > -1e29, lse, 0)

    check_grads(function, tuple(nodes), order=2, modes=["rev"], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("structure_name", ["complete", "edges"])
def test_bfloat16_goes_in_and_comes_out_and_float32_lies_between(structure_name):
    structure = cases.STRUCTURES[structure_name]()
    arrays, _ = cases.arguments(structure, np.float32)
    narrow = jax.tree.map(lambda array: jnp.asarray(array, jnp.bfloat16), arrays)
    wide = jax.tree.map(lambda array: array.astype(jnp.float32), narrow)
    for implementation in (NAMED[structure_name], "reference"):
        out, lse = run(narrow, structure, implementation=implementation)
        expected, expected_lse = run(wide, structure, implementation=implementation)
        assert (out.dtype, lse.dtype) == (jnp.bfloat16, jnp.float32)
        assert_close(lse, expected_lse, 1e-5)
        assert_close(out.astype(jnp.float32), expected, 2**-7)


def test_many_small_bfloat16_weights_are_summed_in_float32():
    count = 4096
    ones = jnp.ones((count, 1, 1), jnp.bfloat16)
    edges = Edges(senders=jnp.arange(count), receivers=jnp.zeros(count, jnp.int32))

    def total(value):
        return attention(ones[:1], ones, value, edges).astype(jnp.float32).sum()

    value, gradient = jax.value_and_grad(total)(ones)
    assert value == 1
    np.testing.assert_array_equal(gradient.astype(jnp.float32), 1 / count)


def test_dropout_noise_follows_the_nodes_through_padding_tiers_and_order():
    rng = np.random.default_rng(0)
    n_node = np.array([3, 5, 2])
    graph = np.repeat(np.arange(3), n_node)
    position = np.concatenate([np.arange(count) for count in n_node])
    base = rng.normal(size=(10, 2, 3)).astype(np.float32)

    def attend(order, tiers, num_nodes):
        rows = np.concatenate([np.flatnonzero(graph == number) for number in order])
        layout = make_layout(n_node[order], num_nodes, tiers)
        nodes = np.zeros((num_nodes, 2, 3), np.float32)
        nodes[:10] = base[rows]
        ids = np.zeros(num_nodes, np.uint32)
        ids[:10] = node_ids(graph[rows] + 70, position[rows], xp=np)
        structure = jax.tree.map(jnp.asarray, Complete(layout, node_ids=ids))
        out, _ = run(dict(query=nodes, key=nodes, value=nodes), structure, rate=0.5)
        back = np.zeros_like(base)
        back[rows] = out[:10]
        return back

    one = attend(np.array([0, 1, 2]), (Tier(3, 5),), 10)
    two = attend(np.array([2, 0, 1]), (Tier(2, 4), Tier(1, 9)), 17)
    np.testing.assert_allclose(one, two, atol=1e-6)
    assert not np.allclose(one, attend_without_dropout(base, n_node))


def attend_without_dropout(nodes, n_node):
    layout = jax.tree.map(jnp.asarray, make_layout(n_node, len(nodes), (Tier(len(n_node), 5),)))
    return run(dict(query=nodes, key=nodes, value=nodes), Complete(layout))[0]


def test_dropout_keeps_the_mean_and_drops_the_stated_share():
    size = 64
    layout = jax.tree.map(jnp.asarray, make_layout(np.array([size]), size, (Tier(1, size),)))
    equal = jnp.zeros((size, 4, 1))
    value = jnp.ones((size, 4, 1))
    out, _ = run(dict(query=equal, key=equal, value=value), Complete(layout), rate=0.25)
    kept = np.asarray(out) * size * 0.75  # the number of senders that each receiver kept
    np.testing.assert_allclose(kept, np.round(kept), atol=1e-3)
    assert abs(kept.mean() / size - 0.75) < 4.5 * np.sqrt(0.75 * 0.25 / (size * size * 4))


@pytest.mark.parametrize("structure_name", ["complete", "edges"])
@pytest.mark.usefixtures("x64")
def test_identities_default_to_positions(structure_name):
    structure = cases.STRUCTURES[structure_name]()
    arrays, cotangents = cases.arguments(structure)
    result = run(arrays, cases.without_ids(structure), rate=RATE)
    numbered = cases.with_positions(structure)
    expected, _ = full(arrays, cotangents, numbered, NAMED[structure_name])
    assert_close(result, expected)


def test_results_over_disjoint_senders_merge_by_their_log_sum_exp():
    structure = cases.edges()
    arrays, _ = cases.arguments(structure, np.float32)
    first = np.asarray(structure.senders) < 3
    whole, whole_lse = run(arrays, structure)
    parts = [
        run(arrays, dataclasses.replace(structure, where=structure.where & part))
        for part in (first, ~first)
    ]
    lse = np.logaddexp(parts[0][1], parts[1][1])
    merged = sum(np.exp(part[1] - lse)[..., None] * part[0] for part in parts)
    np.testing.assert_allclose(merged, whole, atol=1e-5)
    found = np.asarray(whole_lse) > -1e29
    np.testing.assert_allclose(lse[found], np.asarray(whole_lse)[found], atol=1e-5)


def test_gat_with_one_number_per_head_equals_its_equation():
    """Velickovic et al. (2018), equation 3: LeakyReLU(a . [W h_i || W h_j])."""
    rng = np.random.default_rng(0)
    hidden, vector = rng.normal(size=(4, 1, 3)), rng.normal(size=6)
    structure = Edges(senders=jnp.asarray([0, 1, 2, 3]), receivers=jnp.asarray([0, 0, 0, 1]))
    logits = [np.concatenate([hidden[0, 0], hidden[j, 0]]) @ vector for j in range(3)]
    weights = np.exp(np.where(np.array(logits) > 0, logits, 0.2 * np.array(logits)))
    expected = (weights / weights.sum()) @ hidden[:3, 0]
    query, key = (
        jnp.asarray((hidden * part).sum(-1, keepdims=True), jnp.float32)
        for part in (vector[:3], vector[3:])
    )
    result = attention(query, key, jnp.asarray(hidden, jnp.float32), structure, score=Additive())
    np.testing.assert_allclose(result[0, 0], expected, rtol=1e-5)


def test_scores_have_their_values():
    query, key = jnp.asarray([[1.0, -2]]), jnp.asarray([[3.0, 4]])
    assert Dot()(query, key, None, 0.5) == -2.5
    assert Clamped(2.0)(query, key, None, 0.5) == -2.0
    np.testing.assert_allclose(Additive(0.5)(-query, -key, None, 1.0), -3.0)
    dynamic = Dynamic(jnp.asarray([[2.0, 3]]), 0.5)
    np.testing.assert_allclose(dynamic(query, -key, None, 1.0), 2 * -1 + 3 * -3)
    assert (Dot().default_scale(16), Dynamic(None).default_scale(16)) == (0.25, 1.0)


def small():
    layout = make_layout(np.array([2]), 3, (Tier(1, 2),))
    nodes = jnp.ones((3, 1, 2))
    return jax.tree.map(jnp.asarray, Complete(layout)), (nodes, nodes, nodes)


def test_an_implementation_that_does_not_apply_is_refused_with_its_reason():
    structure, nodes = small()
    edges = Edges(jnp.asarray([0]), jnp.asarray([1]))
    with pytest.raises(ValueError, match="'dense' does not apply: it needs the dense tiers"):
        attention(*nodes, edges, implementation="dense")
    with pytest.raises(ValueError, match="there are dense, chunked, flash, edges, reference, auto"):
        attention(*nodes, structure, implementation="fast")


def test_wrong_arguments_are_refused_with_what_to_do():
    structure, nodes = small()
    with pytest.raises(ValueError, match="needs a dropout_key"):
        attention(*nodes, structure, dropout_rate=0.5)
    with pytest.raises(ValueError, match=r"\[0, 1\)"):
        attention(*nodes, structure, dropout_rate=1.0, dropout_key=jax.random.key(0))
    with pytest.raises(ValueError, match=r"shape \[4, 1\], .* 4 pairs, and has \[5, 1\]"):
        attention(*nodes, structure, bias=jnp.zeros((5, 1)))
    with pytest.raises(ValueError, match="layout has 3 receivers and 3 senders"):
        attention(*(values[:2] for values in nodes), structure)
    with pytest.raises(ValueError, match="num_receivers is 7"):
        attention(*nodes, Edges(jnp.asarray([0]), jnp.asarray([1]), num_receivers=7))


def test_a_bias_function_and_tiers_that_do_not_fit_are_refused():
    structure, nodes = small()
    bias = BiasFunction(lambda _, x, y: x - y, None, jnp.ones((4, 1)))
    with pytest.raises(ValueError, match=r"3 receivers, but .* of the receivers have shape \[4, 1"):
        attention(*nodes, structure, bias=bias)
    layout = jax.tree.map(jnp.asarray, make_layout(np.array([1, 1]), 3, (Tier(2, 2),)))
    with pytest.raises(ValueError, match="do not hold the same numbers of graphs"):
        attention(*nodes, Complete(structure.layout, sender_layout=layout))


@pytest.mark.parametrize("structure_name", ["complete", "bipartite", "edges", "sorted edges"])
@pytest.mark.parametrize("score", ["dot", "dynamic"])
@pytest.mark.usefixtures("x64")
def test_the_weights_are_those_that_attention_sums_by(structure_name, score):
    structure = cases.STRUCTURES[structure_name]()
    arrays, _ = cases.arguments(structure)
    for name, rows in cases.unused(structure).items():
        arrays[name][rows] = np.nan
    options = dict(
        score=cases.make_score(score, arrays),
        bias=jnp.asarray(arrays["bias"]),
        edge_key=jnp.asarray(arrays["edge_key"]),
    )
    query, key, value = (jnp.asarray(arrays[name]) for name in ("query", "key", "value"))
    weights = jax.jit(attention_weights)(query, key, structure, **options)
    # The gradient of the result with respect to a value that an edge adds is the edge's weight.
    unit = jnp.zeros((*weights.shape, 1))
    total = jax.jit(
        lambda edge_value: attention(
            query, key, value[..., :1], structure, edge_value=edge_value, **options
        ).sum()
    )
    expected = jax.grad(total)(unit)[..., 0]
    assert_close(weights, expected)
    assert (np.asarray(weights) > 0).any(axis=0).all()


def test_the_choice_is_logged_once(caplog, monkeypatch):
    # Not by its dotted name: `gtx.ops.attention` is the function as well as the package.
    monkeypatch.setattr(sys.modules["gtx.ops.attention.select"], "_logged", set())
    structure, nodes = small()
    with caplog.at_level(logging.DEBUG, logger="gtx"):
        attention(*nodes, structure)
        attention(*nodes, structure)
    assert [record.getMessage() for record in caplog.records] == [
        "gtx.ops.attention: 'dense' over Complete: the largest graph has 4 pairs, "
        "fewer than 1,048,576"
    ]
