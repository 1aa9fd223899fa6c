import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings

from gtx.encodings.algebra.pseudoinverse import components, laplacian, pseudoinverse, undirected
from tests.encodings.graphs import complete, cycle, hypercube, multigraphs, path, star, union

pytestmark = pytest.mark.usefixtures("quick_compilation")


def inverse(adjacency):
    return pseudoinverse(adjacency[None])[0][0]


def resistance(adjacency):
    green = inverse(adjacency)
    return np.diag(green)[:, None] + np.diag(green) - 2 * green


def apart(n):
    return np.abs(np.arange(n)[:, None] - np.arange(n))


def test_resistances_have_the_closed_form():
    np.testing.assert_allclose(resistance(path(7)), apart(7), atol=1e-13)
    np.testing.assert_allclose(resistance(cycle(7)), apart(7) * (7 - apart(7)) / 7, atol=1e-13)
    np.testing.assert_allclose(resistance(complete(6)), 2 / 6 * complete(6), atol=1e-14)
    leaves = 2 - 2 * np.eye(5)
    leaves[0] = leaves[:, 0] = [0, 1, 1, 1, 1]
    np.testing.assert_allclose(resistance(star(4)), leaves, atol=1e-14)
    # Across the cube: 1/3 to the three neighbours, 1/6 to the next six, 1/3 into the corner.
    assert resistance(hypercube(3))[0, 7] == pytest.approx(5 / 6)


def test_heavier_edges_conduct_better():
    np.testing.assert_allclose(resistance(4 * path(5)), apart(5) / 4, atol=1e-13)


@given(multigraphs())
@settings(deadline=None, max_examples=60)
def test_it_equals_the_pseudo_inverse_by_singular_values_on_any_graph(adjacency):
    n = len(adjacency)
    both = np.maximum(adjacency, adjacency.T)
    np.fill_diagonal(both, 0)
    expected = np.diag(both.sum(axis=1)) - both
    np.testing.assert_array_equal(undirected(adjacency[None])[0], both)
    np.testing.assert_array_equal(laplacian(adjacency[None])[0], expected)
    if n:
        expected = np.linalg.pinv(expected, rcond=1e-10)
    np.testing.assert_allclose(inverse(adjacency), expected, atol=1e-11)


def test_a_long_path_needs_no_threshold():
    # The smallest eigenvalue is 1e-5, and a cut-off at 1e-5 of the largest would lose it.
    found = resistance(path(900))
    np.testing.assert_allclose(found, apart(900), atol=1e-7)


@given(multigraphs())
@settings(deadline=None, max_examples=60)
def test_components_are_what_walks_in_either_direction_reach(adjacency):
    n = len(adjacency)
    step = ((adjacency + adjacency.T) > 0) + np.eye(n)
    expected = np.linalg.matrix_power(step, n) > 0
    np.testing.assert_array_equal(components(adjacency[None])[0], expected)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 32, 33])
def test_a_compiled_step_finds_the_same_components(n):
    graphs = [union(path(n), path(n)), np.zeros((2 * n, 2 * n)), np.eye(2 * n, k=-1), path(2 * n)]
    find = jax.jit(lambda adjacency: components(adjacency, jnp))
    found = find(jnp.asarray(np.stack(graphs), jnp.float32))
    np.testing.assert_array_equal(found, components(np.stack(graphs)))
    np.testing.assert_array_equal(found[0], union(np.ones((n, n)), np.ones((n, n))))


def test_the_derivative_is_that_of_the_inverse_at_repeated_eigenvalues():
    adjacency = union(complete(4), cycle(4), np.zeros((1, 1)))
    rng = np.random.default_rng(1)
    change = np.triu(rng.normal(size=adjacency.shape)) * np.triu(adjacency)
    change = change + change.T
    green = inverse(adjacency)
    flow = np.diag(change.sum(axis=1)) - change

    @jax.jit
    def derivative(weights, change):
        return jax.jvp(lambda w: pseudoinverse(w[None], jnp)[0][0], (weights,), (change,))[1]

    with jax.enable_x64(True):
        found = derivative(jnp.asarray(adjacency), jnp.asarray(change))
    np.testing.assert_allclose(found, -green @ flow @ green, atol=1e-13)
