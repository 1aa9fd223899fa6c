"""Every implementation against the float64 reference: what makes them one attention.

The default run takes each implementation on each structure once, with every kind of bias, every
dtype, every condition and both states of dropout and extras for each implementation. A slow part
adds the scores that an implementation has not met. `make test-all` also takes every combination in
float64, and each implementation with each structure, score and bias in float32 and bfloat16.
"""

import functools
import itertools
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.ops import attention
from tests.ops.attention import cases

COMPLETE = [
    "complete",
    "complete in one tier",
    "complete in four tiers",
    "bipartite",
    "nothing",
]
EDGES = ["edges", "sorted edges", "no edges"]
PAIRS = [
    *itertools.product(["dense", "chunked"], COMPLETE),
    *itertools.product(["edges"], [*EDGES, "complete", "bipartite"]),
    *itertools.product(["chunked"], EDGES),
]
BIASES = ["none", "array", "function"]
DTYPES = ["float64", "float32", "bfloat16"]
CONDITIONS = ["plain", "nan in padding", "huge logits"]
SWITCHES = [False, True]
SCORES = [*cases.SCORES, *cases.ENTRY_SCORES]

# Largest difference, in units of the largest value of each result.
TOLERANCES = {"float64": 1e-12, "float32": 1e-5}

pytestmark = pytest.mark.usefixtures("quick_compilation", "small_blocks")


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks that cut even the graphs of these tests, into unequal parts."""
    chunked = sys.modules["gtx.ops.attention.chunked"]
    monkeypatch.setattr(chunked, "ROWS", 2)
    monkeypatch.setattr(chunked, "COLUMNS", 3)
    monkeypatch.setattr(chunked.chunked_edges, "EDGES", 4)


def thinned():
    """For each implementation its structures in turn, then the hard ones until all scores occur.

    Yields:
      A combination, and whether it stands in the default run.
    """
    rng = np.random.default_rng(1)

    def shuffled(values):
        while True:
            yield from rng.permutation(np.array(values, object)).tolist()

    for implementation, again in (("dense", 2), ("chunked", 1), ("edges", 2)):
        options = map(shuffled, [SCORES, BIASES, DTYPES, CONDITIONS, SWITCHES, SWITCHES])
        rows = zip(*options, strict=True)
        structures = [structure for name, structure in PAIRS if name == implementation]
        hard = [name for name in structures if name in ("complete", "bipartite", "edges")]
        for structure in structures:
            yield (implementation, structure, *next(rows)), True
        for structure in hard * again:
            yield (implementation, structure, *next(rows)), False


def results(
    structure, arrays, cotangents, *, implementation, score, bias, dropout, extras, jit=True
):
    """Result, log-sum-exp, message, and the gradients of every floating-point argument."""
    names = ["query", "key", "value", *cases.SCORE_ARRAYS.get(score, ())]
    names += ["gate", "edge_key", "edge_value"] if extras else []
    names += {
        "none": [],
        "array": ["bias"],
        "function": ["table", "decay", "receiver_place", "sender_place"],
    }[bias]
    arrays = {name: jnp.asarray(arrays[name]) for name in names}
    classes = cases.classes(structure)
    # A message enters the values whether it is asked for or not.
    with_message = score in cases.ENTRY_SCORES and (extras or not dropout)

    def attend(arrays):
        fixed = ("query", "key", "value", "gate", "edge_key", "edge_value", "bias")
        options = {name: arrays[name] for name in fixed if name in arrays}
        if bias == "function":
            options["bias"] = cases.bias_function(arrays, classes)
        return attention(
            structure=structure,
            score=cases.make_score(score, arrays),
            entry=cases.make_entry(score, arrays, structure),
            dropout_rate=0.4 if dropout else 0.0,
            dropout_key=jax.random.key(3) if dropout else None,
            implementation=implementation,
            return_lse=True,
            return_message=with_message,
            **options,
        )

    def run(arrays, cotangents):
        out, pull = jax.vjp(attend, arrays)
        cotangents = [x.astype(y.dtype) for x, y in zip(cotangents, out, strict=False)]
        return out, pull((*cotangents, *cases.message_cotangents(out[2:])))[0]

    if jit:
        run = jax.jit(run)
    (out, lse, *message), gradients = run(arrays, cotangents)
    parts = {f"message {number}": leaf for number, leaf in enumerate(jax.tree.leaves(message))}
    return dict(out=out, lse=lse, **parts, **gradients)


def largest_errors(actual, expected):
    """For each result, in units of its largest value; of log-sum-exps only those that exist."""
    errors = {}
    for name, values in expected.items():
        values, other = (np.asarray(x, np.float64) for x in (values, actual[name]))
        found = values > -1e29
        assert (other[~found] == np.asarray(-1e30, actual[name].dtype)).all(), name
        difference = np.abs(other - values)[found]
        assert np.isfinite(difference).all(), name
        scale = np.abs(values[found]).max(initial=0)
        errors[name] = float(difference.max(initial=0) / max(scale, 1e-3))
    return errors


def inputs(structure, dtype, condition):
    """Arguments that are exact in `dtype`, in float64, and cotangents."""
    arrays, cotangents = cases.arguments(cases.STRUCTURES[structure]())
    if condition == "huge logits":
        arrays["bias"] = 1e4 * np.sign(arrays["bias"])
        arrays["table"] = 1e4 * np.sign(arrays["table"])
        arrays["query"] = 30 * arrays["query"]
    arrays = {name: np.array(jnp.asarray(x, dtype), np.float64) for name, x in arrays.items()}
    return arrays, cotangents


@functools.cache
def reference(structure, dtype, condition, **options):
    """What is right, in float64; the implementations of one structure share it.

    Compiled as a whole it takes less time than its operations one by one do, but where thousands
    of combinations share those.
    """
    arrays, cotangents = inputs(structure, dtype, condition)
    structure = cases.STRUCTURES[structure]()
    with jax.enable_x64(True):
        return results(structure, arrays, cotangents, implementation="reference", **options)


def check(
    implementation, structure, score, bias, dtype, condition, dropout, extras, jit_reference=False
):
    options = dict(score=score, bias=bias, dropout=dropout, extras=extras)
    of_reference = options | dict(jit=jit_reference)
    expected = reference(structure, dtype, condition, **of_reference)
    arrays, cotangents = inputs(structure, dtype, condition)
    structure = cases.STRUCTURES[structure]()
    padding = cases.unused(structure)
    if condition == "nan in padding":
        for name, rows in padding.items():
            arrays[name][rows] = np.nan
    narrow = {name: jnp.asarray(array, dtype) for name, array in arrays.items()}
    actual = results(structure, narrow, cotangents, implementation=implementation, **options)

    padding.update({name: padding["bias"] for name in actual if name.startswith("message")})
    for name, rows in padding.items():
        if name in actual:
            np.testing.assert_array_equal(np.asarray(actual[name], np.float64)[rows], 0, name)
    errors = largest_errors(actual, expected)
    if dtype == "bfloat16":
        # Twice what the reference loses on the same arguments, or the rounding of a result.
        oracle = results(structure, narrow, cotangents, implementation="reference", **of_reference)
        limits = largest_errors(oracle, expected)
        for name, error in errors.items():
            assert error <= max(2 * limits[name], 2**-8), (name, error, limits[name])
    else:
        tolerance = TOLERANCES[dtype]
        if condition == "huge logits":  # the rounding of a logit of 1e4 is that of its weight
            tolerance += 10 * 1e4 * float(jnp.finfo(dtype).eps)
        for name, error in errors.items():
            assert error <= tolerance, (name, error)


def name_of(value):
    return {False: "off", True: "on"}.get(value, str(value))


@pytest.mark.parametrize(
    ("implementation", "structure", "score", "bias", "dtype", "condition", "dropout", "extras"),
    [
        pytest.param(*row, marks=[] if by_default else pytest.mark.slow)
        for row, by_default in thinned()
    ],
    ids=name_of,
)
def test_an_implementation_equals_the_reference(
    implementation, structure, score, bias, dtype, condition, dropout, extras
):
    with jax.enable_x64(dtype == "float64"):
        row = (implementation, structure, score, bias, dtype, condition, dropout, extras)
        check(*row, jit_reference=True)


@pytest.mark.slow
@pytest.mark.parametrize("implementation_and_structure", PAIRS, ids=" on ".join)
@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_combination_equals_the_reference(implementation_and_structure, score, dtype):
    """All of them in float64; the narrower types, which share its code, with switches in turn."""
    options = list(itertools.product(BIASES, SWITCHES, SWITCHES))
    if dtype != "float64":
        options = [options[number * 5 % len(options)] for number in range(len(BIASES))]
    for number, (bias, dropout, extras) in enumerate(options):
        condition = CONDITIONS[number % len(CONDITIONS)]
        with jax.enable_x64(dtype == "float64"):
            check(*implementation_and_structure, score, bias, dtype, condition, dropout, extras)


def test_the_thinned_matrix_meets_every_value_with_every_implementation():
    rows = list(thinned())
    implementations = {name for name, _ in PAIRS}
    values = [*BIASES, *DTYPES, *CONDITIONS, *SWITCHES]
    by_default = {(row[0], value) for row, default in rows if default for value in row[2:]}
    assert by_default >= set(itertools.product(implementations, values))
    assert {score for _, score in by_default} >= set(SCORES)
    met = {(row[0], value) for row, _ in rows for value in row[2:]}
    assert met == set(itertools.product(implementations, [*SCORES, *values]))
