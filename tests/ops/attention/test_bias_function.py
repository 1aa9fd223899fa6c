"""What a bias function is given and may use: the same in every implementation."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.ops import BiasFunction, Complete, Edges, Tier, attention, attention_weights, make_layout

pytestmark = pytest.mark.usefixtures("quick_compilation")
COUNT = 4
PROGRAMS = [
    ("dense", "complete"),
    ("chunked", "complete"),
    ("edges", "complete"),
    ("reference", "complete"),
    ("chunked", "edges"),
    ("edges", "edges"),
]
programs = pytest.mark.parametrize(("implementation", "over"), PROGRAMS)
NODES = jnp.asarray(np.random.default_rng(0).normal(size=(3, COUNT + 1, 1, 2)), jnp.float32)


def structure_of(over, where=None):
    """All pairs of a graph, or those that `where` keeps, and a padding node."""
    if over == "complete":
        layout = make_layout(np.array([COUNT]), COUNT + 1, (Tier(1, COUNT),))
        return jax.tree.map(jnp.asarray, Complete(layout, where))
    receivers, senders = np.divmod(np.arange(COUNT**2), COUNT)
    return jax.tree.map(jnp.asarray, Edges(senders, receivers, where))


@pytest.mark.parametrize("masked", [False, True])
@programs
def test_features_keep_their_dtype(implementation, over, masked):
    """`~x` of a bool that became an integer would be -2 or -1."""
    rng = np.random.default_rng(1)
    where = rng.random(COUNT**2) < 0.7 if masked else None
    structure = structure_of(over, where)
    sides = {
        "bool": rng.random((COUNT + 1, 1)) < 0.5,
        "uint8": rng.integers(200, 256, (COUNT + 1, 1), dtype=np.uint8),
        "int32": rng.integers(-9, 9, (COUNT + 1, 1), dtype=np.int32),
        "float32": rng.normal(size=(COUNT + 1, 1)).astype(np.float32),
    }

    def function(params, x, y):
        for side in (x, y, params):
            assert {name: values.dtype.name for name, values in side.items()} == {
                name: name for name in sides
            }
        different = ~(x["bool"] & y["bool"]) ^ params["bool"]
        around = x["uint8"] + y["uint8"]  # modulo 256
        return jnp.where(different, 1.5, -0.5) + around / 64 + y["float32"] * x["int32"]

    sides = jax.tree.map(jnp.asarray, sides)
    params = {name: values[:1] for name, values in sides.items()}
    bias = BiasFunction(function, params, sides)

    @jax.jit
    def results(nodes):
        receivers, senders = pairs()
        x, y = ({name: values[ids] for name, values in sides.items()} for ids in pairs())
        computed = function(params, x, y)
        weights = attention_weights(*nodes[:2], structure, bias=bias)
        messages = weights[..., None] * nodes[2, senders]
        return (
            attention(*nodes, structure, bias=bias, implementation=implementation),
            attention(*nodes, structure, bias=computed, implementation=implementation),
            jax.ops.segment_sum(messages, jnp.asarray(receivers), COUNT + 1),
        )

    found, expected, by_weights = results(NODES)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(by_weights, expected, rtol=1e-5, atol=1e-6)


def pairs():
    """Receiver and sender of each pair."""
    return np.divmod(np.arange(COUNT**2), COUNT)


class Slope:
    def __init__(self, slope):
        self.slope = slope

    def __call__(self, params, x, y):
        return self.slope * (x - y)


HIDING_PLACES = {
    "closure": lambda slope: lambda _, x, y: slope * (x - y),
    "list": lambda slope: (lambda slopes: lambda _, x, y: slopes[0] * (x - y))([slope]),
    "default": lambda slope: lambda _, x, y, slope=slope: slope * (x - y),
    "partial": lambda slope: functools.partial(lambda slope, _, x, y: slope * (x - y), slope),
    "attribute": Slope,
    "method": lambda slope: Slope(slope).__call__,
    "jit": lambda slope: jax.jit(lambda _, x, y: slope * (x - y)),
}


@pytest.mark.parametrize("place", HIDING_PLACES)
@programs
def test_a_traced_array_that_the_function_was_not_handed_is_refused(implementation, over, place):
    structure = structure_of(over)

    def total(slope):
        where = jnp.arange(COUNT + 1, dtype=jnp.float32)[:, None]
        bias = BiasFunction(HIDING_PLACES[place](slope), None, where)
        return attention(*NODES, structure, bias=bias, implementation=implementation).sum()

    for transform in (jax.grad, jax.jit, jax.jacrev):
        with pytest.raises(ValueError, match=r"not handed \(float32\[\]\).*hand them in as its `p"):
            transform(total)(0.5)
    if place == "attribute":  # arrays that are not traced are constants
        by_params = BiasFunction(lambda slope, x, y: slope * (x - y), 0.5, jnp.arange(5.0)[:, None])
        expected = attention(*NODES, structure, bias=by_params).sum()
        np.testing.assert_allclose(total(jnp.asarray(0.5)), expected, rtol=1e-5)


@programs
def test_a_score_that_uses_what_it_was_not_handed_is_refused(implementation, over):
    def total(slope):
        @jax.tree_util.register_static
        class Mine:
            def __call__(self, query, key, entry, scale):
                return slope * jnp.sum(query * key, axis=-1)

            def default_scale(self, head_dim):
                return 1.0

        structure = structure_of(over)
        return attention(*NODES, structure, score=Mine(), implementation=implementation).sum()

    with pytest.raises(ValueError, match=r"The score Mine uses .* as its data fields"):
        jax.grad(total)(0.5)
