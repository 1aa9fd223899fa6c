"""Scores that read features of edges or pairs and leave a message there."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.ops import Complete, Edges, Tier, attention, attention_weights, make_layout
from gtx.ops.attention import Clamped, Dot, EGTScore, GRITScore, Multiplied
from tests.ops.attention import cases

entry_scores = cases.sys_module("entry_scores")

pytestmark = pytest.mark.usefixtures("quick_compilation")

SENDERS, RECEIVERS = np.array([0, 1, 2, 2, 0, 1]), np.array([0, 0, 0, 1, 1, 3])
EDGES = Edges(jnp.asarray(SENDERS), jnp.asarray(RECEIVERS))
HEADS, HEAD_DIM = 2, 3


def nodes(seed=0):
    shape = (3, 4, HEADS, HEAD_DIM)
    return list(jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32))


def per_edge(*rest, seed=1):
    values = np.random.default_rng(seed).normal(size=(len(SENDERS), *rest))
    return jnp.asarray(values, jnp.float32)


def edge_by_edge(logits, values):
    """out_i = sum_j softmax_j(logits) values, both of edges, in numpy."""
    out = np.zeros((4, *values.shape[1:]))
    for receiver in range(4):
        edges = np.flatnonzero(RECEIVERS == receiver)
        if len(edges):
            weights = np.exp(logits[edges])
            weights /= weights.sum(axis=0)
            out[receiver] = (weights[..., None] * values[edges]).sum(axis=0)
    return out


def rows(query, key, value):
    """Rows of edges in float64."""
    query, key, value = (np.asarray(values, np.float64) for values in (query, key, value))
    return query[RECEIVERS], key[SENDERS], value[SENDERS]


def test_multiplied_is_equation_12_of_the_graph_transformer_clamped():
    query, key, value = nodes()
    e = per_edge(HEADS, HEAD_DIM)
    out, message = attention(
        query, key, value, EDGES, score=Multiplied(0.5), entry=e, return_message=True
    )
    q, k, v = rows(query, key, value)
    product = q * k * np.asarray(e) / np.sqrt(HEAD_DIM)
    logits = product.sum(-1).clip(-0.5, 0.5)
    assert (np.abs(logits) == 0.5).any() and (np.abs(logits) < 0.5).any()
    np.testing.assert_allclose(message, product, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(out, edge_by_edge(logits, v), rtol=1e-4, atol=1e-6)


def test_the_egt_score_returns_its_logits_and_gates_the_weights():
    """As in the authors' `_egt`: clamp, add the edge channels, softmax, times the gates."""
    query, key, value = nodes()
    e, gate = per_edge(HEADS), jax.nn.sigmoid(per_edge(HEADS, seed=2))
    out, message = attention(
        *(4 * query, key, value, EDGES),
        **dict(score=EGTScore(1.5), entry=e, gate=gate, return_message=True),
    )
    q, k, v = rows(4 * query, key, value)
    dots = (q * k).sum(-1) / np.sqrt(HEAD_DIM)
    logits = dots.clip(-1.5, 1.5) + np.asarray(e)
    assert (np.abs(dots) > 1.5).any()
    np.testing.assert_allclose(message, logits, rtol=1e-5, atol=1e-6)
    # The gates stand outside of the softmax, like a factor of the values.
    values = np.asarray(gate)[..., None] * v
    np.testing.assert_allclose(out, edge_by_edge(logits, values), rtol=1e-4, atol=1e-6)


def test_the_grit_score_is_equation_2():
    query, key, value = nodes()
    w, b = per_edge(HEADS, HEAD_DIM), per_edge(HEADS, HEAD_DIM, seed=2)
    rng = np.random.default_rng(3)
    vector, matrix = rng.normal(size=(2, HEAD_DIM)), rng.normal(size=(2, HEAD_DIM, HEAD_DIM))
    score = GRITScore(jnp.asarray(vector), jnp.asarray(matrix), limit=1.0)
    entry = {"weight": w, "bias": b}
    out, message = attention(
        query, key, value, EDGES, score=score, entry=entry, return_message=True
    )
    q, k, v = rows(query, key, value)
    x = (q + k) * np.asarray(w)
    root = np.sqrt(np.maximum(x, 0)) - np.sqrt(np.maximum(-x, 0))  # as the authors write it
    m = np.maximum(root + np.asarray(b), 0)
    logits = (m * vector).sum(-1).clip(-1, 1)
    values = v + np.einsum("ehd,hdv->ehv", m, matrix)
    np.testing.assert_allclose(message, m, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(out, edge_by_edge(logits, values), rtol=1e-4, atol=1e-5)
    # The authors map the sum of all messages, which is the same, as a map is linear.
    alone = attention(
        query, key, value, EDGES, score=dataclasses.replace(score, value=None), entry=entry
    )
    summed = edge_by_edge(logits, m)
    mapped = np.asarray(alone) + np.einsum("nhd,hdv->nhv", summed, matrix)
    np.testing.assert_allclose(out, mapped, rtol=1e-4, atol=1e-5)


def test_the_signed_root_has_no_infinite_slope():
    x = jnp.asarray([-4.0, 0.0, 0.25])
    root = entry_scores.signed_sqrt
    np.testing.assert_array_equal(root(x), [-2.0, 0.0, 0.5])
    np.testing.assert_allclose(jax.vmap(jax.grad(root))(x), [0.25, 0.0, 1.0])


def test_a_message_has_the_dtype_of_the_value_and_is_0_where_masked():
    e = per_edge(HEADS).at[1].set(jnp.nan)
    where = jnp.asarray([True, False, True, True, True, True])
    edges = dataclasses.replace(EDGES, where=where)
    query, key, value = nodes()
    narrow = value.astype(jnp.bfloat16)
    for implementation in ("edges", "chunked", "reference"):
        out, lse, message = attention(
            *(query, key, narrow, edges),
            **dict(score=EGTScore(), entry=e, return_lse=True, return_message=True),
            implementation=implementation,
        )
        assert (out.dtype, lse.dtype, message.dtype) == (jnp.bfloat16, jnp.float32, jnp.bfloat16)
        np.testing.assert_array_equal(message[1].astype(jnp.float32), 0)
        assert np.isfinite(np.asarray(message, np.float32)).all()


def test_pairs_get_their_messages_in_the_order_of_the_pairs():
    layout = make_layout(np.array([3, 1]), 4, (Tier(1, 3), Tier(1, 1)))
    structure = Complete(jax.tree.map(jnp.asarray, layout))
    entry = jnp.arange(10.0)[:, None] * jnp.ones(HEADS)
    zero = jnp.zeros((4, HEADS, HEAD_DIM))
    for implementation in ("dense", "chunked", "edges", "reference"):
        options = dict(return_message=True, implementation=implementation)
        call = functools.partial(attention, structure=structure, score=EGTScore(), **options)
        _, message = jax.jit(call)(zero, zero, zero, entry=entry)
        np.testing.assert_array_equal(message, entry)


def test_duplicate_edges_have_messages_of_their_own():
    edges = Edges(jnp.asarray([1, 1]), jnp.asarray([0, 0]))
    query, key, value = nodes()
    entry = jnp.asarray([[0.0, 0.0], [np.log(3), 0.0]], jnp.float32)
    for implementation in ("edges", "chunked", "reference"):
        out, lse, message = attention(
            *(0 * query, key, value, edges),
            **dict(score=EGTScore(), entry=entry, return_lse=True, return_message=True),
            implementation=implementation,
        )
        np.testing.assert_allclose(message, entry)
        np.testing.assert_allclose(lse[0], np.log([4.0, 2.0]), rtol=1e-6)
        np.testing.assert_allclose(out[0], value[1], rtol=1e-6)


def test_without_nodes_a_message_is_zero_or_empty():
    layout = make_layout(np.array([0]), 0, (Tier(1, 2),))
    structure = Complete(jax.tree.map(jnp.asarray, layout))
    none, entry = jnp.zeros((0, HEADS, HEAD_DIM)), jnp.ones((4, HEADS))
    for implementation in ("dense", "chunked", "edges", "reference"):
        options = dict(score=EGTScore(), entry=entry, return_message=True)
        out, message = attention(
            none, none, none, structure, implementation=implementation, **options
        )
        assert out.shape == (0, HEADS, HEAD_DIM)
        np.testing.assert_array_equal(message, np.zeros((4, HEADS)))


def test_the_weights_of_a_score_over_entries_are_those_that_attention_sums_by():
    """Whatever its message adds to values, whose width the weights do not know."""
    structure = cases.edges()
    arrays, _ = cases.arguments(structure, np.float32)
    arrays = {name: jnp.asarray(values) for name, values in arrays.items()}
    options = dict(
        score=cases.make_score("grit", arrays), entry=cases.make_entry("grit", arrays, structure)
    )
    weights = attention_weights(arrays["query"], arrays["key"], structure, **options)
    edge_value = jnp.zeros((*weights.shape, cases.VALUE_DIM))
    expected = jax.grad(
        lambda values: attention(
            *(arrays[name] for name in ("query", "key", "value")),
            *(structure,),
            **dict(edge_value=values, **options),
        ).sum()
    )(edge_value)
    np.testing.assert_allclose(weights, expected[..., 0], rtol=1e-5, atol=1e-6)


X = jnp.ones((3, 2, 4))
ONE = Edges(jnp.asarray([0, 1]), jnp.asarray([1, 1]))
E, W = jnp.ones((2, 2, 4)), jnp.ones((2, 4))


def returning(function, added=None):
    """A score that returns what `function` makes of its arguments."""

    @functools.partial(jax.tree_util.register_dataclass, data_fields=(), meta_fields=())
    @dataclasses.dataclass(frozen=True)
    class Mine:
        def __call__(self, query, key, entry, scale):
            return function(jnp.sum(query * key, axis=-1), query, entry)

        def edge_value(self, message):
            return None if added is None else added(message)

        def default_scale(self, head_dim):
            return 1.0

    return Mine()


# name: arguments, and what the message says
MISTAKES = {
    "an entry for Dot": (dict(entry=E), "Dot reads no entry. Leave `entry` out"),
    "an entry for Clamped": (dict(score=Clamped(), entry=E), "Clamped reads no entry"),
    "no entry": (dict(score=Multiplied()), "Multiplied needs an entry of floats .*got none"),
    "an entry of other heads": (
        dict(score=Multiplied(), entry=E[:, :1]),
        r"here \[entries, 2, 4\], and got one whose axes end with \[1, 4\]",
    ),
    "an entry without heads": (dict(score=EGTScore(), entry=jnp.ones((2, 1))), r"\[entries, 2\]"),
    "too few entries": (
        dict(score=Multiplied(), entry=E[:1]),
        r"one row for each of the structure's 2 edges, and one has shape \[1, 2, 4\]",
    ),
    "an entry that is no dict": (dict(score=GRITScore(W), entry=E), "GRITScore needs an entry"),
    "a vector of other heads": (
        dict(score=GRITScore(W[:1]), entry=dict(weight=E, bias=E)),
        r"vector must have shape \[2, 4\]",
    ),
    "a value of other width": (
        dict(score=GRITScore(W, jnp.ones((2, 4, 3))), entry=dict(weight=E, bias=E)),
        r"edge_value of the score GRITScore must keep .* \[2, 4\] as last axes",
    ),
    "a limit of nothing": (dict(score=Multiplied(-1.0), entry=E), "limit above 0, or None"),
    "no message": (dict(return_message=True), "score that leaves a message, .* Dot returns logits"),
    "no message of a user's": (
        dict(score=returning(lambda dots, q, e: dots), return_message=True),
        "Mine returns logits alone",
    ),
    "three results": (
        dict(score=returning(lambda dots, q, e: (dots, dots, dots))),
        r"a pair \(logits, message\), and returns 3 things",
    ),
    "logits without heads": (
        dict(score=returning(lambda dots, q, e: dots.sum(-1))),
        r"logits of the score Mine must keep",
    ),
    "a message of no edge": (
        dict(score=returning(lambda dots, q, e: (dots, jnp.ones(3)))),
        "message of the score Mine must keep the leading axes",
    ),
    "a value of no edge": (
        dict(score=returning(lambda dots, q, e: (dots, dots), lambda message: jnp.ones((2, 4)))),
        "edge_value of the score Mine must keep",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("implementation", ["dense", "chunked", "edges"])
def test_gradients_of_second_order_are_those_of_the_reference(implementation, monkeypatch):
    monkeypatch.setattr(cases.sys_module("chunked"), "ROWS", 2)
    monkeypatch.setattr(cases.sys_module("chunked"), "COLUMNS", 3)
    with jax.enable_x64(True):
        structure = cases.complete()
        arrays = jax.tree.map(jnp.asarray, cases.arguments(structure)[0])
        names = ("query", "key", "value", *cases.SCORE_ARRAYS["grit"])
        arrays = {name: arrays[name] for name in names}

        def total(arrays, name):
            out, lse, message = attention(
                *(arrays[name] for name in ("query", "key", "value")),
                structure,
                score=cases.make_score("grit", arrays),
                entry=cases.make_entry("grit", arrays, structure),
                implementation=name,
                return_lse=True,
                return_message=True,
            )
            parts = out, jnp.where(lse > -1e29, lse, 0), message
            return sum(jnp.sum(jnp.sin(part)) for part in parts)

        def second(name):
            def slopes(arrays):
                first = jax.grad(total)(arrays, name)
                return sum(jnp.sum(jnp.sin(leaf)) for leaf in first.values())

            return jax.jit(jax.grad(slopes))(arrays)

        found, expected = second(implementation), second("reference")
    for name, values in expected.items():
        scale = np.abs(values).max()
        assert scale > 0
        np.testing.assert_allclose(found[name], values, rtol=0, atol=1e-10 * scale)


@pytest.mark.parametrize("name", MISTAKES)
def test_what_does_not_fit_is_refused(name):
    changes, message = MISTAKES[name]
    with pytest.raises(ValueError, match=message):
        attention(X, X, X, ONE, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            dict(score=returning(lambda dots, q, e: (dots, jnp.ones(13, int)))),
            "message of the score Mine must be real floats",
        ),
        (dict(score=Multiplied(), entry=E + 1j), "must be real and is complex64"),
        (dict(return_message=1), "return_message"),
    ],
)
@pytest.mark.usefixtures("unchecked_types")
def test_what_is_of_another_type_is_refused(changes, message):
    with pytest.raises(TypeError, match=message):
        attention(X, X, X, ONE, **changes)


def test_a_traced_array_hidden_in_what_enters_the_values_is_refused():
    def loss(hidden):
        score = returning(
            lambda dots, q, e: (dots, dots), lambda message: message[..., None] * hidden
        )
        return attention(X, X, X, ONE, score=score).sum()

    with pytest.raises(ValueError, match="Mine uses traced arrays that it was not handed"):
        jax.grad(loss)(jnp.ones(4))


def test_flash_refuses_a_score_over_entries_with_its_reason():
    layout = jax.tree.map(jnp.asarray, make_layout(np.array([2]), 2, (Tier(1, 2),)))
    x, e = jnp.ones((2, 2, 8), jnp.bfloat16), jnp.ones((4, 2), jnp.bfloat16)
    with pytest.raises(ValueError, match="the score Dot only, not EGTScore"):
        attention(x, x, x, Complete(layout), score=EGTScore(), entry=e, implementation="flash")


def test_a_subclass_of_dot_with_parameters_of_heads_is_the_same_everywhere():
    """Products come with heads last, whatever order of axes an implementation computes in."""

    @functools.partial(jax.tree_util.register_dataclass, data_fields=("slope",), meta_fields=())
    @dataclasses.dataclass(frozen=True)
    class PerHead(Dot):
        slope: jax.Array

        def from_products(self, products, entry, scale):
            return self.slope * scale * products

    structure = cases.complete()
    arrays, _ = cases.arguments(structure, np.float32)
    query, key, value = (jnp.asarray(arrays[name]) for name in ("query", "key", "value"))
    score = PerHead(jnp.asarray([0.5, 2.0]))
    run = jax.jit(attention, static_argnames="implementation")
    one, *others = (
        run(query, key, value, structure, score=score, implementation=name)
        for name in ("reference", "dense", "chunked", "edges")
    )
    for other in others:
        np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-5)
