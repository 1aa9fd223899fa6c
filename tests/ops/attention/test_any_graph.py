"""A thousand random graphs: dense, chunked and edges are one attention on each of them."""

import functools
import sys

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import HealthCheck, given, settings

from gtx.ops import Complete, Tier, attention, make_layout

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


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches())
def test_all_implementations_agree_on_any_graph(batch):
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
