import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.ops import Tier, make_layout
from gtx.ops.pairs import pair_sum

LAYOUT = make_layout(np.array([3, 0, 2]), 7, (Tier(2, 4), Tier(1, 3)))
SIZES, STARTS = [3, 0, 2], [0, 3, 3]


def pairs_of(rng, feat=2):
    """Pair values with NaN outside of the graphs, the mask, and one matrix for each graph."""
    matrices = [rng.normal(size=(n, n, feat)) for n in SIZES]
    flat = []
    for matrix, room in zip(matrices, (4, 4, 3), strict=True):
        block = np.full((room, room, feat), np.nan)
        block[: len(matrix), : len(matrix)] = matrix
        flat.append(block.reshape(-1, feat))
    values = np.concatenate(flat)
    return values, ~np.isnan(values[:, 0]), matrices


@pytest.mark.parametrize("weighted", [False, True])
def test_each_receiver_has_the_sum_over_the_senders_of_its_graph(weighted):
    rng = np.random.default_rng(0)
    values, mask, matrices = pairs_of(rng)
    nodes = rng.normal(size=(7, 2))

    @jax.jit
    def run(values, nodes):
        given = dict(nodes=nodes) if weighted else {}
        return pair_sum(values, LAYOUT, where=jnp.asarray(mask), **given)

    with jax.enable_x64(True):
        found = np.asarray(run(values, nodes))
        gradient = jax.jit(jax.grad(lambda *given: (run(*given) ** 2).sum()))(values, nodes)
    expected = np.zeros((7, 2))
    for matrix, start, size in zip(matrices, STARTS, SIZES, strict=True):
        for node in range(size):
            for other in range(size):
                factor = nodes[start + other] if weighted else 1
                expected[start + node] += matrix[node, other] * factor
    np.testing.assert_allclose(found, expected, atol=1e-14)
    assert np.isfinite(gradient).all() and not np.asarray(gradient)[~mask].any()


def test_sums_of_bfloat16_are_in_float32():
    layout = make_layout(np.array([600]), 600, (Tier(1, 600),))
    ones = jnp.ones((600 * 600, 1), jnp.bfloat16)
    found = jax.jit(lambda values: pair_sum(values, layout))(ones)
    assert found.dtype == jnp.bfloat16 and abs(float(found[0, 0]) - 600) <= 2


def test_values_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="pairs"):
        pair_sum(jnp.ones((5, 2)), LAYOUT)
