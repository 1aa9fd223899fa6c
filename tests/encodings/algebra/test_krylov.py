import numpy as np
import pytest

from gtx.encodings.algebra.krylov import NotConvergedError, largest_eigenvectors


def symmetric(values, seed=0):
    basis = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(values),) * 2))[0]
    return (basis * values) @ basis.T


def nothing(n):
    return np.zeros((0, n))


def test_the_largest_eigenvalues_come_first():
    matrix = symmetric(np.arange(100.0))
    found = largest_eigenvectors(lambda v: matrix @ v, nothing(100), 4, restarts=100)
    values = np.einsum("ij,ij->i", found, found @ matrix)
    np.testing.assert_allclose(values, [99, 98, 97, 96], atol=1e-12)
    np.testing.assert_allclose(found @ matrix, values[:, None] * found, atol=1e-11)
    np.testing.assert_allclose(found @ found.T, np.eye(4), atol=1e-13)


@pytest.mark.parametrize("values", [[1.0, 1.0], [3.0, 0.0], [1.0, -1.0], [0.0, 0.0]])
def test_it_goes_on_where_few_eigenvalues_are_repeated_often(values):
    every = np.repeat(values, 50)
    matrix = symmetric(every)
    found = largest_eigenvectors(lambda v: matrix @ v, nothing(100), 20, restarts=10)
    np.testing.assert_allclose(found @ matrix, values[0] * found, atol=1e-12)
    np.testing.assert_allclose(found @ found.T, np.eye(20), atol=1e-13)


def test_it_finds_what_is_left_beside_known_vectors_to_the_last():
    values = np.arange(30.0)
    matrix = np.diag(values)
    known = np.eye(30)[10:]
    found = largest_eigenvectors(lambda v: matrix @ v, known, 10, restarts=10)
    np.testing.assert_allclose(np.abs(found), np.eye(30)[:10][::-1], atol=1e-12)


def test_the_best_vectors_are_handed_out_with_the_failure():
    matrix = np.diag(np.linspace(0, 1, 2000))
    with pytest.raises(NotConvergedError) as caught:
        largest_eigenvectors(lambda v: matrix @ v, nothing(2000), 3, restarts=2)
    vectors = caught.value.vectors
    assert caught.value.found < 3 < len(vectors)
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(len(vectors)), atol=1e-13)
    assert np.linalg.eigvalsh(vectors @ matrix @ vectors.T)[-1] > 0.99
