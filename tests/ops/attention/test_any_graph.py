"""Random graphs, and as many lists of edges: one attention on each of them.

A hundred of each in the default run, a thousand in the slow one.
"""

import functools
import sys

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from gtx.ops import Complete, Edges, Tier, attention, make_layout

examples = pytest.mark.parametrize(
    "examples", [100, pytest.param(1000, marks=pytest.mark.slow)], ids=["few", "many"]
)

# Fixed shapes, so that all graphs share one compilation of each implementation.
TIERS, NUM_NODES, HEADS, HEAD_DIM = (Tier(2, 3), Tier(1, 6)), 13, 2, 2
NUM_PAIRS = 2 * 9 + 36


@functools.cache
def compiled(implementation):
    chunked = sys.modules["gtx.ops.attention.chunked"]
    before = chunked.ROWS, chunked.COLUMNS

    @jax.jit
    def run(nodes, bias, cotangents, layout, where):
        chunked.ROWS, chunked.COLUMNS = 2, 4  # while it is traced
        structure = Complete(layout, where)

        def attend(nodes, bias):
            return attention(
                *nodes, structure, bias=bias, implementation=implementation, return_lse=True
            )

        out, pull = jax.vjp(attend, nodes, bias)
        chunked.ROWS, chunked.COLUMNS = before
        return out, pull(cotangents)

    return run


@st.composite
def batches(draw):
    """Sizes of three graphs, the density of their edges, and the seed and size of the rest."""
    n_node = [draw(st.integers(0, size)) for size in (3, 3, 6)]
    return n_node, draw(st.floats(0, 1)), draw(st.integers(0, 2**32 - 1)), draw(st.floats(0, 100))


def agree_on_any_graph(batch):
    n_node, density, seed, spread = batch
    rng = np.random.default_rng(seed)
    layout = make_layout(np.array(n_node), NUM_NODES, TIERS)
    where = rng.random(NUM_PAIRS) < density
    nodes = spread**0.5 * rng.normal(size=(3, NUM_NODES, HEADS, HEAD_DIM)).astype(np.float32)
    bias = spread * rng.normal(size=(NUM_PAIRS, HEADS)).astype(np.float32)
    cotangents = (
        rng.normal(size=(NUM_NODES, HEADS, HEAD_DIM)).astype(np.float32),
        rng.normal(size=(NUM_NODES, HEADS)).astype(np.float32),
    )
    results = {
        name: jax.tree.map(np.asarray, compiled(name)(list(nodes), bias, cotangents, layout, where))
        for name in ("dense", "chunked", "edges")
    }
    expected = jax.tree.leaves(results["edges"])
    assert all(np.isfinite(values).all() for values in expected)
    tolerance = 1e-5 * (1 + spread)  # logits, and so weights, are rounded relative to their size
    for name in ("dense", "chunked"):
        for one, other in zip(jax.tree.leaves(results[name]), expected, strict=True):
            scale = max(1.0, float(np.abs(other)[np.abs(other) < 1e29].max(initial=0)))
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=tolerance * scale)
    alone = np.arange(NUM_NODES) >= sum(n_node)
    assert not results["chunked"][0][0][alone].any()
    assert (jnp.asarray(results["chunked"][0][1])[alone] == jnp.float32(-1e30)).all()


def hold(check, examples, *strategies):
    """Try a check on so many examples."""
    options = dict(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings(max_examples=examples, **options)(given(*strategies)(check))()


@examples
def test_all_implementations_agree_on_any_graph(examples):
    hold(agree_on_any_graph, examples, batches())


NUM_EDGES, RATE = 12, 0.3


@functools.cache
def compiled_over_edges(implementation, is_sorted):
    chunked_edges = sys.modules["gtx.ops.attention.chunked_edges"]
    before = chunked_edges.EDGES

    @jax.jit
    def run(arrays, cotangents, senders, receivers, where, key):
        chunked_edges.EDGES = 5  # while it is traced
        structure = Edges(senders, receivers, where, indices_are_sorted=is_sorted)

        def attend(arrays):
            return attention(
                **arrays,
                structure=structure,
                dropout_rate=RATE,
                dropout_key=key,
                implementation=implementation,
                return_lse=True,
            )

        out, pull = jax.vjp(attend, arrays)
        chunked_edges.EDGES = before
        return out, pull(cotangents)

    return run


def agree_on_any_edges(num_ends, density, seed, spread, is_sorted):
    """Few ends make many duplicates and self-loops, and leave the other nodes alone."""
    rng = np.random.default_rng(seed)
    senders, receivers = rng.integers(0, num_ends, (2, NUM_EDGES)).astype(np.int32)
    receivers = np.sort(receivers) if is_sorted else receivers
    where = rng.random(NUM_EDGES) < density
    shape = (NUM_NODES, HEADS, HEAD_DIM)
    arrays = {
        name: spread**0.5 * rng.normal(size=shape).astype(np.float32)
        for name in ("query", "key", "value")
    }
    arrays["bias"] = spread * rng.normal(size=(NUM_EDGES, HEADS)).astype(np.float32)
    arrays["gate"] = rng.normal(size=(NUM_EDGES, HEADS)).astype(np.float32)
    arrays["edge_value"] = rng.normal(size=(NUM_EDGES, HEADS, HEAD_DIM)).astype(np.float32)
    arrays["bias"][~where] = arrays["gate"][~where] = np.nan
    cotangents = (
        rng.normal(size=shape).astype(np.float32),
        rng.normal(size=shape[:2]).astype(np.float32),
    )
    one, other = (
        compiled_over_edges(name, is_sorted)(
            arrays, cotangents, senders, receivers, where, jax.random.key(seed)
        )
        for name in ("chunked", "edges")
    )
    tolerance = 1e-5 * (1 + spread)
    for found, expected in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        assert np.isfinite(expected).all()
        scale = max(1.0, float(np.abs(expected)[np.abs(expected) < 1e29].max(initial=0)))
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=tolerance * scale)


@examples
def test_all_implementations_agree_on_any_edges(examples):
    ends, density, spread = st.integers(1, NUM_NODES), st.floats(0, 1), st.floats(0, 100)
    seeds, is_sorted = st.integers(0, 2**32 - 1), st.booleans()
    hold(agree_on_any_edges, examples, ends, density, seeds, spread, is_sorted)
