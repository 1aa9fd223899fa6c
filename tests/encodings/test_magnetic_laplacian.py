import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.encodings import EncodingError, LaplacianEigenvectors, MagneticLaplacian, check_symmetry
from tests.encodings.graphs import irregular, path

pytestmark = pytest.mark.usefixtures("quick_compilation")


def directed_cycle(n):
    return np.roll(np.eye(n), 1, axis=0)  # node i sends to i + 1


def spectrum(adjacency, count, q=0.25, normalization="none"):
    columns = MagneticLaplacian(count, q, normalization)(adjacency[None])
    real, imaginary = np.split(columns["node", "magnetic_vectors"][0], 2, axis=1)
    return columns["graph", "magnetic_values"][0], real + 1j * imaginary


@pytest.mark.parametrize("q", [0.0, 0.1, 0.25])
def test_a_directed_cycle_has_the_closed_form(q):
    """H is circulant: 2 - 2 cos(2 pi (q - f / n)), with the plane waves as eigenvectors."""
    n = 7
    frequencies = np.arange(n)
    expected = np.sort(2 - 2 * np.cos(2 * np.pi * (q + frequencies / n)))
    values, vectors = spectrum(directed_cycle(n), n, q)
    np.testing.assert_allclose(values, expected, atol=1e-12)
    np.testing.assert_allclose(vectors.conj().T @ vectors, np.eye(n), atol=1e-12)
    if q == 0.1:  # no eigenvalue is repeated: along an edge each vector turns by one angle
        turns = np.roll(vectors, -1, axis=0) / vectors
        np.testing.assert_allclose(turns, np.broadcast_to(turns[0], turns.shape), atol=1e-9)
        np.testing.assert_allclose(np.abs(turns), 1, atol=1e-9)


@pytest.mark.parametrize("normalization", ["none", "sym"])
def test_it_is_the_definition_entry_by_entry(normalization):
    q, n = 0.15, 6
    adjacency = (np.random.default_rng(0).random((n, n)) < 0.4).astype(float)
    edge = adjacency.T.copy()  # from row to column
    np.fill_diagonal(edge, 0)
    laplacian = np.zeros((n, n), complex)
    joined = np.maximum(edge, edge.T)
    degree = joined.sum(1)
    for i in range(n):
        for j in range(n):
            entry = -joined[i, j] * np.exp(2j * np.pi * q * (edge[i, j] - edge[j, i]))
            if normalization == "sym" and joined[i, j]:
                entry /= np.sqrt(degree[i] * degree[j])
            laplacian[i, j] = entry
        laplacian[i, i] = degree[i] if normalization == "none" else float(degree[i] > 0)
    values, vectors = spectrum(adjacency, n, q, normalization)
    np.testing.assert_allclose(laplacian @ vectors, vectors * values, atol=1e-12)
    np.testing.assert_allclose(values, np.linalg.eigvalsh(laplacian), atol=1e-12)


@pytest.mark.parametrize("q", [0.0, 0.25])
def test_of_an_undirected_graph_it_is_the_laplacian(q):
    adjacency = irregular()
    plain = LaplacianEigenvectors(5, "none")(adjacency[None])
    values, vectors = spectrum(adjacency, 5, q)
    np.testing.assert_allclose(values, plain["graph", "laplacian_values"][0], atol=1e-12)
    along = np.abs(plain["node", "laplacian_vectors"][0].T @ vectors)
    np.testing.assert_allclose(along, np.eye(5), atol=1e-10)


def test_the_reverse_graph_has_the_conjugate_vectors_and_q_0_sees_no_direction():
    adjacency = np.triu(irregular(), 1)
    values, vectors = spectrum(adjacency, 4)
    reverse_values, reverse = spectrum(adjacency.T, 4)
    np.testing.assert_allclose(values, reverse_values, atol=1e-12)
    np.testing.assert_allclose(np.abs(vectors.T @ reverse), np.eye(4), atol=1e-9)
    for one, two in zip(spectrum(adjacency, 4, 0.0), spectrum(adjacency.T, 4, 0.0), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_strong_edge_and_a_weak_one_back_turn_by_less():
    adjacency = np.array([[0.0, 1.0], [3.0, 0.0]])  # 3 edges from 0 to 1, 1 edge back
    values, vectors = spectrum(adjacency, 2, 0.25)
    turn = vectors[1, 0] / vectors[0, 0]
    assert turn == pytest.approx(np.exp(-2j * np.pi * 0.25 * 2 / 3))
    np.testing.assert_allclose(values, [0, 6], atol=1e-12)


def test_the_phases_are_not_signs():
    encoding = MagneticLaplacian(3)
    graphs = np.triu(irregular(), 1)[None]
    check_symmetry(encoding, graphs)
    with pytest.raises(EncodingError, match="beyond what the symmetry 'up_to_sign' allows"):
        check_symmetry(encoding, graphs, symmetry="up_to_sign")


def test_the_gradient_of_eigenvalues_and_projectors_equals_finite_differences():
    rng = np.random.default_rng(0)
    weights, change = rng.uniform(0.5, 2, (6, 6)), rng.normal(size=(6, 6))
    weights = np.triu(weights, 1)
    change = np.triu(change, 1)
    mix = rng.normal(size=(2, 6, 6))

    def total(weights, xp=np):
        columns = MagneticLaplacian(3)(weights[None], xp=xp)
        real, imaginary = xp.split(columns["node", "magnetic_vectors"][0], 2, axis=1)
        projector = real @ real.T + imaginary @ imaginary.T
        turned = imaginary @ real.T - real @ imaginary.T
        values = (columns["graph", "magnetic_values"] ** 2).sum()
        return values + (mix[0] * projector).sum() + (mix[1] * turned).sum()

    with jax.enable_x64(True):
        gradient = jax.jit(jax.grad(lambda weights: total(weights, jnp)))(jnp.asarray(weights))
    step = 1e-5 * change
    expected = (total(weights + step) - total(weights - step)) / 2e-5
    assert (np.asarray(gradient) * change).sum() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (dict(num_vectors=0), "num_vectors must be at least 1"),
        (dict(q=0.6), "q must be between 0 and 0.5, got 0.6"),
        (dict(q=-0.1), "q must be between"),
    ],
)
def test_wrong_settings_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        MagneticLaplacian(**fields)


def test_a_path_in_one_direction_is_told_from_the_undirected_one():
    one_way = spectrum(np.eye(5, k=-1), 2)[1]
    both = spectrum(path(5), 2)[1]
    assert np.abs(one_way[1:] / one_way[:-1] - both[1:] / both[:-1]).max() > 0.5
