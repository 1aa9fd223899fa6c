import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gtx.encodings import RandomWalk
from tests.encodings.graphs import complete, cycle, irregular, multigraphs, path, star, union

STEPS = np.arange(1, 21)


def rwse(adjacency, walk_length=20):
    return RandomWalk(walk_length)(adjacency[None])["node", "rwse"][0]


@pytest.mark.parametrize("n", [2, 3, 7])
def test_complete_graphs_have_the_closed_form(n):
    expected = 1 / n + (n - 1) / n * (-1 / (n - 1)) ** STEPS
    np.testing.assert_allclose(rwse(complete(n)), np.tile(expected, (n, 1)), atol=1e-14)


@pytest.mark.parametrize("n", [3, 4, 9])
def test_cycles_have_the_closed_form(n):
    expected = np.mean(np.cos(2 * np.pi * np.arange(n) / n)[:, None] ** STEPS, axis=0)
    np.testing.assert_allclose(rwse(cycle(n)), np.tile(expected, (n, 1)), atol=1e-14)


@pytest.mark.parametrize("n", [2, 5, 8])
def test_paths_have_the_closed_form(n):
    # A walk reflected at both ends: eigenvalues cos(pi j / m), eigenfunctions cos(pi j i / m).
    m = n - 1
    j, i = np.arange(n)[:, None], np.arange(n)
    weight = np.where((j == 0) | (j == m), 1, 2) * np.cos(np.pi * j * i / m) ** 2
    stationary = np.where((i == 0) | (i == m), 1, 2) / (2 * m)
    powers = np.cos(np.pi * np.arange(n) / m)[:, None] ** STEPS
    expected = stationary[:, None] * (weight.T @ powers)
    np.testing.assert_allclose(rwse(path(n)), expected, atol=1e-14)


def test_a_star_returns_at_even_steps_only():
    even = (STEPS % 2 == 0).astype(float)
    expected = np.stack([even, *[even / 5] * 5])
    np.testing.assert_allclose(rwse(star(5)), expected, atol=1e-14)


@given(multigraphs(), st.integers(1, 23))
@settings(deadline=None, max_examples=60)
def test_it_equals_matrix_powers_on_any_graph(adjacency, walk_length):
    degree = adjacency.sum(axis=0)
    step = adjacency.T / np.where(degree > 0, degree, 1)[:, None]  # row: sender
    powers = [np.linalg.matrix_power(step, k) for k in range(1, walk_length + 1)]
    expected = np.stack([np.diag(power) for power in powers], axis=-1)
    np.testing.assert_allclose(rwse(adjacency, walk_length), expected, atol=1e-13)


def test_isolated_nodes_and_graphs_without_edges_are_float_zeros():
    for n in (0, 1, 4):
        values = rwse(np.zeros((n, n)))
        assert values.shape == (n, 20) and values.dtype == np.float64 and not values.any()
    values = rwse(union(complete(3), np.zeros((2, 2))))
    assert values[:3].any() and not values[3:].any()


def test_components_do_not_see_each_other():
    values = rwse(union(cycle(5), star(3)))
    np.testing.assert_allclose(values, np.concatenate([rwse(cycle(5)), rwse(star(3))]), atol=1e-15)


def test_a_directed_edge_is_followed_from_sender_to_receiver():
    adjacency = np.zeros((3, 3))
    adjacency[1, 0] = adjacency[0, 1] = adjacency[2, 1] = 1  # 0 -> 1, 1 -> 0, 1 -> 2; 2 is a sink
    expected = np.where(STEPS % 2 == 0, 0.5 ** (STEPS / 2), 0)
    np.testing.assert_allclose(rwse(adjacency), np.stack([expected, expected, 0 * expected]))


def test_self_loops_are_returns_and_duplicates_count_twice():
    np.testing.assert_allclose(rwse(np.ones((1, 1))), np.ones((1, 20)))
    adjacency = np.array([[0.0, 2.0, 1.0], [2.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    assert rwse(adjacency)[:, 1].tolist() == pytest.approx([1.0, 2 / 3, 1 / 3])


def test_a_compiled_step_gives_the_same_values():
    adjacency = np.stack([irregular(), cycle(9), np.zeros((9, 9)), union(star(4), path(4))])
    encoding = RandomWalk(12)
    expected = encoding(adjacency)["node", "rwse"]

    def step(adjacency):
        return encoding(adjacency, xp=jnp)["node", "rwse"]

    with jax.enable_x64(True):
        np.testing.assert_allclose(jax.jit(step)(adjacency), expected, atol=1e-14)
    values = jax.jit(step)(jnp.asarray(adjacency, jnp.float32))
    assert values.dtype == jnp.float32
    np.testing.assert_allclose(values, expected, atol=1e-6)


def test_no_walk_is_refused():
    with pytest.raises(ValueError, match="walk_length"):
        RandomWalk(0)
