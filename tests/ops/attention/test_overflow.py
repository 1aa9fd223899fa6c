"""Numbers too large for their type, and where logits end: who is touched and who is not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.ops import Complete, Edges, Tier, attention, attention_weights, make_layout

pytestmark = pytest.mark.usefixtures("quick_compilation")
COUNT, WIDTH = 4, 8
PROGRAMS = [
    ("dense", "complete"),
    ("chunked", "complete"),
    ("reference", "complete"),
    ("edges", "edges"),
    ("chunked", "edges"),
]
programs = pytest.mark.parametrize(("implementation", "over"), PROGRAMS)


def structure_of(over):
    if over == "complete":
        layout = make_layout(np.array([COUNT]), COUNT, (Tier(1, COUNT),))
        return jax.tree.map(jnp.asarray, Complete(layout))
    receivers, senders = np.divmod(np.arange(COUNT**2), COUNT)
    return Edges(jnp.asarray(senders), jnp.asarray(receivers))


OVERFLOWS = {
    "logits": dict(query=1e30, key=1e30),
    "values": dict(value=3e38, gate=1e3),
    "bias": dict(bias=np.inf),
    "not a number": dict(edge_key=np.nan, edge_value=np.nan),
    "gradients": dict(cotangent=3e38, value=1e5),
}


@pytest.mark.parametrize("what", OVERFLOWS)
@programs
def test_a_head_that_overflows_leaves_the_others_alone(implementation, over, what):
    """The first head of two: the second is as if it were alone."""
    structure = structure_of(over)
    rng = np.random.default_rng(0)
    nodes, entries = (COUNT, 2, WIDTH), (COUNT**2, 2)
    shapes = dict(query=nodes, key=nodes, value=nodes, bias=entries, gate=entries)
    shapes |= dict(edge_key=(*entries, WIDTH), edge_value=(*entries, WIDTH), cotangent=nodes)
    arrays = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    for name, value in OVERFLOWS[what].items():
        arrays[name][:, 0] = value

    @jax.jit
    def results(arrays):
        arrays = dict(arrays)
        cotangent = arrays.pop("cotangent")

        def attend(arrays):
            return attention(
                **arrays, structure=structure, implementation=implementation, return_lse=True
            )

        (out, lse), pull = jax.vjp(attend, arrays)
        return out, lse, pull((cotangent, jnp.ones_like(lse)))[0]

    found = results(jax.tree.map(jnp.asarray, arrays))
    alone = results({name: jnp.asarray(array[:, 1:]) for name, array in arrays.items()})
    assert not all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found))
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(alone))
    jax.tree.map(
        lambda one, other: np.testing.assert_allclose(one[:, 1:], other, rtol=1e-5, atol=1e-5),
        *(found, alone),
    )


LOW = [-np.inf, -3.4e38, -2e30]


@pytest.mark.parametrize("low", LOW)
@programs
def test_a_logit_below_minus_1e30_counts_as_no_edge(implementation, over, low):
    """The first receiver has no other, the second has one other, the rest are as usual."""
    structure = structure_of(over)
    bias = np.zeros((COUNT, COUNT, 1), np.float32)
    bias[0], bias[1, :3] = low, low
    bias[2] = -9e29  # still an edge
    value = jnp.arange(1.0, COUNT + 1).reshape(COUNT, 1, 1)
    ones = jnp.ones((COUNT, 1, 1))

    @jax.jit
    def results(query, bias):
        def attend(query, bias):
            options = dict(bias=bias, implementation=implementation, return_lse=True)
            return attention(query, ones, value, structure, **options)

        (out, lse), pull = jax.vjp(attend, query, bias)
        return out, lse, pull((jnp.ones_like(out), jnp.ones_like(lse)))

    out, lse, gradients = results(ones, jnp.asarray(bias.reshape(-1, 1)))
    np.testing.assert_allclose(out[:, 0, 0], [0, 4, 2.5, 2.5], rtol=1e-6)
    assert out[0] == 0 and lse[0] == np.float32(-1e30)
    assert all(np.isfinite(leaf).all() for leaf in (lse, *gradients))
    assert not gradients[0][0].any() and not gradients[1][:7].any()
    weights = attention_weights(ones, ones, structure, bias=jnp.asarray(bias.reshape(-1, 1)))
    np.testing.assert_array_equal(weights.reshape(COUNT, COUNT)[:2], [[0] * 4, [0, 0, 0, 1]])
