import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.encodings import SingularVectors
from tests.encodings.graphs import complete, irregular, path

pytestmark = pytest.mark.usefixtures("quick_compilation")


def directed(n=7, seed=1):
    return (np.random.default_rng(seed).random((n, n)) < 0.4).astype(float)


def parts(adjacency, count, **fields):
    columns = SingularVectors(count, **fields)(adjacency[None])
    left, right = np.split(columns["node", "singular_vectors"][0], 2, axis=1)
    return left, right, columns["graph", "singular_values"][0]


@pytest.mark.parametrize("self_loops", [True, False])
def test_products_of_left_and_right_are_the_edges_from_one_node_to_another(self_loops):
    adjacency = directed()
    left, right, values = parts(adjacency, 7, self_loops=self_loops)
    expected = adjacency.T.copy()  # from row to column
    if self_loops:
        np.fill_diagonal(expected, 1)
    np.testing.assert_allclose(left @ right.T, expected, atol=1e-12)
    np.testing.assert_allclose(values, np.linalg.svd(expected)[1], atol=1e-12)
    for part in (left, right):
        np.testing.assert_allclose(part.T @ part, np.diag(values), atol=1e-12)


def test_few_vectors_are_the_best_approximation():
    adjacency = irregular()
    left, right, _ = parts(adjacency, 3)
    rest = np.linalg.svd(adjacency + np.eye(9))[1][3:]
    error = np.linalg.norm(adjacency + np.eye(9) - left @ right.T)
    assert error == pytest.approx(np.sqrt((rest**2).sum()))


def test_a_complete_graph_has_one_vector_and_a_small_graph_a_mask():
    columns = SingularVectors(6)(complete(4)[None])
    vectors = columns["node", "singular_vectors"][0]
    np.testing.assert_allclose(vectors[:, [0, 6]] * np.sign(vectors[0, 0]), 1, atol=1e-12)
    assert np.abs(np.delete(vectors, [0, 6], axis=1)).max() < 1e-7
    np.testing.assert_allclose(
        columns["graph", "singular_values"][0], [4, 0, 0, 0, 0, 0], atol=1e-7
    )
    np.testing.assert_array_equal(columns["graph", "singular_mask"][0], [1, 1, 1, 1, 0, 0])


def test_the_gradient_of_values_and_of_the_approximation_equals_finite_differences():
    rng = np.random.default_rng(0)
    weights, change = rng.uniform(0.5, 2, (6, 6)), rng.normal(size=(6, 6))
    mix = rng.normal(size=(6, 6))

    def total(weights, xp=np):
        columns = SingularVectors(3, self_loops=False)(weights[None], xp=xp)
        left, right = xp.split(columns["node", "singular_vectors"][0], 2, axis=1)
        return (mix * (left @ right.T)).sum() + (columns["graph", "singular_values"] ** 3).sum()

    with jax.enable_x64(True):
        gradient = jax.jit(jax.grad(lambda weights: total(weights, jnp)))(jnp.asarray(weights))
    step = 1e-5 * change
    expected = (total(weights + step) - total(weights - step)) / 2e-5
    assert (np.asarray(gradient) * change).sum() == pytest.approx(expected, rel=1e-6)


def test_self_loops_do_not_matter_beside_those_that_are_added():
    for one, two in zip(parts(path(5) + np.eye(5), 2), parts(path(5), 2), strict=True):
        np.testing.assert_array_equal(one, two)


def test_no_vectors_are_refused():
    with pytest.raises(ValueError, match="num_vectors must be at least 1, got 0"):
        SingularVectors(0)
