"""Arguments that do not fit: each is refused in words that say what to pass instead."""

import functools

import jax
import jax.numpy as jnp
import jraph
import numpy as np
import pytest

from gtx.ops import (
    Additive,
    BiasFunction,
    Clamped,
    Complete,
    Dot,
    Dynamic,
    Edges,
    Layout,
    Tier,
    attention,
    attention_weights,
    make_layout,
)

pytestmark = pytest.mark.usefixtures("quick_compilation")

X = jnp.ones((3, 2, 4))
SENDERS, RECEIVERS = jnp.asarray([0, 1, 2, 0]), jnp.asarray([0, 0, 1, 2])
EDGES = Edges(SENDERS, RECEIVERS)
LAYOUT = make_layout(np.array([2]), 3, (Tier(1, 2),))
COMPLETE = Complete(LAYOUT)
KEY = jax.random.key(0)
GRAPH = jraph.GraphsTuple(X, None, RECEIVERS, SENDERS, None, jnp.asarray([3]), jnp.asarray([4]))


def call(query=X, key=X, value=X, structure=EDGES, **options):
    return attention(query, key, value, structure, **options)


def bias(function=lambda p, x, y: x - y, params=None, receivers=None, senders=None):
    receivers = jnp.ones((3, 2)) if receivers is None else receivers
    return dict(bias=BiasFunction(function, params, receivers, senders))


# name: arguments, and what the message says
MISTAKES = {
    "axis of batches": (
        lambda: dict(query=X[None], key=X[None], value=X[None]),
        "jax.vmap over the first",
    ),
    "axis of batches, complete": (
        lambda: dict(query=X[None], key=X[None], value=X[None], structure=COMPLETE),
        r"three axes \[receivers, heads, head_dim\], got shape \[1, 3, 2, 4\]",
    ),
    "no heads": (lambda: dict(query=X[:, 0], key=X[:, 0], value=X[:, 0]), r"query\[:, None, :\]"),
    "a vector": (
        lambda: dict(value=X[:, 0, 0]),
        r"value must have three axes \[senders, heads, value_dim",
    ),
    "a list": (lambda: dict(query=[[[1.0]]]), "query must be an array .* got list.* jnp.asarray"),
    "nothing": (lambda: dict(key=None), "key must be an array .* got NoneType"),
    "a module's class": (lambda: dict(value=jnp.ndarray), "value must be an array"),
    "integers": (
        lambda: dict(value=X.astype(int)),
        r"value must hold floats and is int32.*astype\(jnp.f",
    ),
    "integer queries": (
        lambda: dict(query=X.astype(jnp.int8)),
        "query must hold floats and is int8",
    ),
    "bools": (lambda: dict(key=X > 0), "key must hold floats and is bool"),
    "complex numbers": (lambda: dict(value=X + 1j), "value must hold real floats and is complex64"),
    "objects": (
        lambda: dict(value=np.full((3, 2, 4), None)),
        "value must hold numbers, got object",
    ),
    "names": (lambda: dict(query=np.full((3, 2, 4), "a")), "query must hold numbers"),
    "random keys": (
        lambda: dict(query=jax.random.split(KEY, (3, 2, 4))),
        "query must hold numbers",
    ),
    "other heads": (lambda: dict(query=X[:, :1]), r"do not fit: \[3, 1, 4\], \[3, 2, 4\]"),
    "other head_dim": (lambda: dict(key=X[..., :3]), "do not fit"),
    "fewer values": (lambda: dict(value=X[:2]), "do not fit"),
    "one row of query": (
        lambda: dict(query=X[:1]),
        r"receivers\[2\] is 1, but there are 1 receivers",
    ),
    "one row of query, complete": (
        lambda: dict(query=X[:1], structure=COMPLETE),
        "query and key have 1",
    ),
    "fewer senders": (
        lambda: dict(key=X[:2], value=X[:2]),
        r"senders\[2\] is 2, but there are 2 senders",
    ),
    "no structure": (
        lambda: dict(structure=None),
        r"Edges\(senders, receivers\) or Complete\(layout\)",
    ),
    "edge_index": (
        lambda: dict(structure=jnp.stack([SENDERS, RECEIVERS])),
        r"Edges\(edge_index\[0\], edg",
    ),
    "a tuple": (
        lambda: dict(structure=(SENDERS, RECEIVERS)),
        r"got tuple: pass Edges\(senders, rec",
    ),
    "adjacency": (lambda: dict(structure=np.eye(3)), "got float64 .* np.nonzero"),
    "mask of pairs": (
        lambda: dict(structure=jnp.ones((3, 3), bool)),
        "receivers, senders = np.nonzero",
    ),
    "a GraphsTuple": (
        lambda: dict(structure=GRAPH),
        r"GraphsTuple: pass Edges\(graph.senders, graph.rec",
    ),
    "a Layout": (lambda: dict(structure=LAYOUT), r"got Layout: pass Complete\(layout\)"),
    "a name": (lambda: dict(structure="complete"), "must be Edges or Complete, got str"),
    "a class": (lambda: dict(structure=Complete), "got the class Complete"),
    "edge_index as senders": (
        lambda: dict(structure=Edges(jnp.stack([SENDERS, RECEIVERS]), RECEIVERS)),
        r"senders must have one axis.*edge_index \[2, edges\], senders are row 0",
    ),
    "float ids": (
        lambda: dict(structure=Edges(SENDERS * 1.0, RECEIVERS)),
        "senders must be integers",
    ),
    "bool ids": (
        lambda: dict(structure=Edges(SENDERS, RECEIVERS > 0)),
        "receivers must be integers and",
    ),
    "no senders": (
        lambda: dict(structure=Edges(None, RECEIVERS)),
        "senders must be integers .* NoneType",
    ),
    "other number of ends": (
        lambda: dict(structure=Edges(SENDERS, RECEIVERS[:2])),
        "4 edges, but its rec",
    ),
    "a negative id": (
        lambda: dict(structure=Edges(SENDERS, RECEIVERS - 1)),
        r"receivers\[0\] is -1",
    ),
    "an id too large": (
        lambda: dict(structure=Edges(SENDERS + 1, RECEIVERS)),
        r"senders\[2\] is 3, but",
    ),
    "not sorted": (
        lambda: dict(structure=Edges(SENDERS, RECEIVERS[::-1], indices_are_sorted=True)),
        r"receivers do not decrease, but receivers\[1\] is 1 after 2",
    ),
    "where of numbers": (lambda: dict(structure=Edges(SENDERS, RECEIVERS, jnp.ones(4))), "!= 0"),
    "where too short": (
        lambda: dict(structure=Edges(SENDERS, RECEIVERS, jnp.ones(3, bool))),
        r"4 edges, but its where have shape \[3\]",
    ),
    "where of pairs as a matrix": (
        lambda: dict(structure=Complete(LAYOUT, jnp.ones((2, 2), bool))),
        r"4 pairs, but its where have shape \[2, 2\]",
    ),
    "num_receivers of another": (
        lambda: dict(structure=Edges(SENDERS, RECEIVERS, num_receivers=5)),
        "num_receivers is 5, but query has 3 rows",
    ),
    "num_receivers as a float": (
        lambda: dict(structure=Edges(SENDERS, RECEIVERS, num_receivers=3.0)),
        "num_receivers must be an int that is not negative, got 3.0",
    ),
    "float identities": (
        lambda: dict(structure=Edges(SENDERS, RECEIVERS, receiver_ids=jnp.ones(3))),
        "receiver_ids must be integers, which say whose noise",
    ),
    "bool identities": (
        lambda: dict(structure=Complete(LAYOUT, node_ids=jnp.ones(3, bool))),
        "node_ids must be integers",
    ),
    "identities of edges": (
        lambda: dict(structure=Edges(SENDERS, RECEIVERS, sender_ids=jnp.arange(4))),
        r"sender_ids must have shape \[3\], got \[4\]",
    ),
    "sizes as a layout": (
        lambda: dict(structure=Complete(jnp.asarray([2]))),
        "layout must be a Layout",
    ),
    "a broken layout": (
        lambda: dict(structure=Complete(Layout(jnp.arange(3), jnp.arange(3), (Tier(1, 2),)))),
        "layout has 3 slots, but its tiers .* have 2",
    ),
    "score by name": (lambda: dict(score="dot"), r"score must be Dot\(\), .* got str"),
    "score as a class": (lambda: dict(score=Dot), "got the class Dot"),
    "score as a function": (lambda: dict(score=lambda q, k, s: q * k), "with their two methods"),
    "Dynamic of nothing": (lambda: dict(score=Dynamic(None)), "Dynamic's vector must be an array"),
    "Dynamic of one head": (
        lambda: dict(score=Dynamic(jnp.ones(4))),
        r"vector must have shape \[heads, h",
    ),
    "Dynamic of other heads": (
        lambda: dict(score=Dynamic(jnp.ones((1, 4)))),
        r"shape \[2, 4\] \[heads, h",
    ),
    "Clamped to nothing": (lambda: dict(score=Clamped(-1.0)), "limit above 0, got -1.0"),
    "bias of a head": (
        lambda: dict(bias=jnp.ones(4)),
        r"bias must have shape \[4, 2\], one row for each",
    ),
    "bias as a matrix": (
        lambda: dict(bias=jnp.ones((2, 2, 2)), structure=COMPLETE),
        r"bias must have shape \[4, 2\], .* 4 pairs, and has \[2, 2, 2\]",
    ),
    "bias as a function": (
        lambda: dict(bias=lambda x: x),
        r"got function. Wrap a function: BiasFunction",
    ),
    "bias as a list": (
        lambda: dict(bias=[1.0]),
        r"bias must be an array \[edges, heads\] or a Bias",
    ),
    "integer bias": (
        lambda: dict(bias=jnp.ones((4, 2), int)),
        "bias must hold floats and is int32",
    ),
    "bool gate": (lambda: dict(gate=jnp.ones((4, 2), bool)), "gate must hold floats and is bool"),
    "edge_key of one head": (
        lambda: dict(edge_key=jnp.ones((4, 4))),
        r"edge_key must have shape \[4, 2, 4",
    ),
    "edge_value of nodes": (lambda: dict(edge_value=X), r"edge_value must have shape \[4, 2, 4\]"),
    "BiasFunction of no function": (
        lambda: bias(3),
        "first field of a BiasFunction must be a function",
    ),
    "BiasFunction of nothing": (
        lambda: bias(receivers={}),
        "no features of the receivers; pass at least",
    ),
    "BiasFunction of names": (lambda: bias(receivers=["C", "N", "O"]), "must be an array"),
    "BiasFunction of edges": (
        lambda: bias(receivers=jnp.ones((4, 2))),
        "3 receivers, but the bias func",
    ),
    "BiasFunction of one value": (
        lambda: bias(lambda p, x, y: (x - y).sum(-1)),
        r"must return \[..., 2\], one value for each head: \[4, 2\] .* and returns \[4\]",
    ),
    "BiasFunction of other heads, complete": (
        lambda: bias(lambda p, x, y: x - y, None, jnp.ones((3, 5))) | dict(structure=COMPLETE),
        r"and returns \[2, 3, 5\]",
    ),
    "BiasFunction of None": (lambda: bias(lambda p, x, y: None), "and returns NoneType"),
    "scale of each head": (lambda: dict(scale=jnp.ones(2)), r"query \* scale\[:, None\]"),
    "scale as a list": (
        lambda: dict(scale=[1.0, 2.0]),
        "one real number or an array with no axes, got lis",
    ),
    "scale as a name": (lambda: dict(scale="sqrt"), "scale must be one real number .* got str"),
    "scale with an axis": (lambda: dict(scale=np.ones(1)), r"one number, got shape \[1\]"),
    "complex scale": (lambda: dict(scale=1j), "one real number .* got complex"),
    "complex array as scale": (lambda: dict(scale=jnp.asarray(1j)), "real number and is complex64"),
    "bool scale": (lambda: dict(scale=True), "one real number .* got bool"),
    "bool array as scale": (lambda: dict(scale=jnp.asarray(True)), "real number and is bool"),
    "scale NaN": (lambda: dict(scale=float("nan")), "scale must be finite, got nan"),
    "infinite scale": (lambda: dict(scale=np.float32("inf")), "scale must be finite, got inf"),
    "dropout without a key": (lambda: dict(dropout_rate=0.5), "needs a dropout_key"),
    "a seed as key": (
        lambda: dict(dropout_rate=0.5, dropout_key=0),
        r"got int; make one with jax.random.k",
    ),
    "several keys": (
        lambda: dict(dropout_rate=0.5, dropout_key=jax.random.split(KEY)),
        "one jax PRNG key",
    ),
    "rate above 1": (lambda: dict(dropout_rate=1.5, dropout_key=KEY), r"\[0, 1\), got 1.5"),
    "rate as a name": (
        lambda: dict(dropout_rate="0.5", dropout_key=KEY),
        "a number in .*not a str",
    ),
    "a traced rate": (
        lambda: dict(dropout_rate=jnp.asarray(0.5), dropout_key=KEY),
        "rate is static",
    ),
    "a masked array": (
        lambda: dict(value=np.ma.masked_array(np.ones((3, 2, 4)), mask=True)),
        "value is a masked array, whose mask would be lost",
    ),
    "masked ids": (
        lambda: dict(structure=Edges(np.ma.masked_array([0, 9], [False, True]), np.array([0, 0]))),
        "senders is a masked array",
    ),
    "ids of several lengths": (
        lambda: dict(structure=Edges([[0], [1, 2]], [0, 0])),
        "senders must be integers .entries., and its rows differ",
    ),
    "an array of order": (
        lambda: dict(structure=Edges(SENDERS, RECEIVERS, indices_are_sorted=jnp.asarray(True))),
        "indices_are_sorted is static, True or False",
    ),
    "no width": (lambda: dict(query=X[..., :0], key=X[..., :0]), "head_dim must be 1 or more"),
    "a limit of nothing": (lambda: dict(score=Clamped(None)), "limit of Clamped is static, a real"),
    "a slope by name": (lambda: dict(score=Additive("0.2")), "slope of Additive is static"),
    "a scale beyond floats": (lambda: dict(scale=10**400), "scale must be finite"),
    "params by name": (
        lambda: bias(lambda p, x, y: x - y, {"decay": "a"}),
        "Each of the bias function's params must be an array .* got str",
    ),
    "a complex bias": (lambda: bias(lambda p, x, y: (x - y) * 1j), "must return real numbers"),
    "tiers that are no Tier": (
        lambda: dict(structure=Complete(Layout(LAYOUT.slots, LAYOUT.node_slots, ((1, 2),)))),
        "tiers of the layout must be a tuple of Tier",
    ),
    "lse as a name": (lambda: dict(return_lse="no"), "return_lse is static, True or False"),
    "an unknown implementation": (
        lambda: dict(implementation="fast"),
        "there are dense, chunked, flash",
    ),
    "no implementation": (lambda: dict(implementation=None), "there are dense, chunked, flash"),
}


@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.usefixtures("unchecked_types")
def test_a_mistake_is_refused_in_words_that_say_what_to_pass(name):
    arguments, message = MISTAKES[name]
    with pytest.raises((TypeError, ValueError), match=message):
        call(**arguments())


@pytest.mark.usefixtures("unchecked_types")
def test_the_same_holds_for_the_weights_and_under_jit():
    with pytest.raises(ValueError, match="three axes"):
        jax.jit(lambda x: attention_weights(x[None], x[None], EDGES))(X)
    with pytest.raises(ValueError, match="multiply the query"):
        jax.jit(lambda x, scale: attention(x, x, x, EDGES, scale=scale))(X, jnp.ones(2))
    with pytest.raises(TypeError, match="value must hold floats"):
        jax.jit(lambda x: attention(x, x, x.astype(int), COMPLETE))(X)


NUMBERS = {
    "int": 2,
    "numpy float32": np.float32(2),
    "numpy float64": np.float64(2),
    "numpy int": np.int64(2),
    "numpy without axes": np.array(2.0),
    "jax": jnp.asarray(2.0),
    "jax int": jnp.asarray(2),
    "bfloat16": jnp.asarray(2, jnp.bfloat16),
}


@pytest.mark.parametrize("implementation", ["dense", "chunked", "edges", "reference"])
@pytest.mark.usefixtures("unchecked_types")
def test_one_number_means_the_same_scale_in_every_type_and_implementation(implementation):
    x = jnp.asarray(np.random.default_rng(0).normal(size=(3, 2, 4)), jnp.bfloat16)
    structures = [COMPLETE] if implementation == "dense" else [COMPLETE, EDGES]
    for structure in structures:
        expected = call(2 * x, x, x, structure, scale=1.0, implementation="reference")
        for scale in NUMBERS.values() if implementation == "edges" else (np.array(2.0), 2):
            result = call(x, x, x, structure, scale=scale, implementation=implementation)
            assert result.dtype == jnp.bfloat16
            np.testing.assert_allclose(np.float32(result), np.float32(expected), rtol=2e-2)


@pytest.mark.parametrize("structure", [EDGES, COMPLETE], ids=["edges", "complete"])
def test_a_bias_function_may_leave_out_what_it_does_not_depend_on(structure):
    place = jnp.asarray(np.random.default_rng(0).normal(size=(3, 2)), jnp.float32)
    x = jnp.asarray(np.random.default_rng(1).normal(size=(3, 2, 4)), jnp.float32)
    full = bias(lambda p, x, y: y + 0 * x, None, place)
    one = bias(lambda p, x, y: (y + 0 * x)[..., :1] + jnp.zeros(2), None, place)
    for implementation in ("edges", "chunked", "reference"):
        run = functools.partial(call, x, x, x, structure, implementation=implementation)
        for function, expected in (
            (lambda p, x, y: y, full),
            (lambda p, x, y: y[..., :1], one),
        ):
            found = run(**bias(function, None, place))
            np.testing.assert_allclose(found, run(**expected), rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("unchecked_types")
def test_float16_and_an_additive_score_are_taken():
    x = X.astype(jnp.float16)
    assert call(x, x, x, score=Additive(), scale=np.float16(2)).dtype == jnp.float16
