import numpy as np
import pytest
import scipy.sparse
import scipy.stats

from gtx.encodings import OrthogonalRandomFeatures, RandomIdentifiers


def rows(encoding, n, graphs=1):
    return encoding(np.zeros((graphs, n, n)))["node", encoding.name]


def test_up_to_dim_nodes_are_orthogonal_and_all_have_length_1():
    for n in (1, 5, 8):
        values = rows(OrthogonalRandomFeatures(8), n)[0]
        np.testing.assert_allclose(values @ values.T, np.eye(n), atol=1e-13)
    values = rows(OrthogonalRandomFeatures(8), 30)[0]
    np.testing.assert_allclose(np.linalg.norm(values, axis=1), 1, atol=1e-13)
    assert np.abs(values @ values.T - np.eye(30)).max() < 1


def test_a_coordinate_of_a_row_has_the_distribution_of_one_on_the_sphere():
    dim = 4
    found = np.concatenate([rows(OrthogonalRandomFeatures(dim, s), 1)[0, 0] for s in range(400)])
    expected = scipy.stats.beta(0.5, (dim - 1) / 2)  # of the square
    assert scipy.stats.kstest(found[::dim] ** 2, expected.cdf).pvalue > 0.01
    assert abs(np.mean(found)) < 0.1


def test_identifiers_are_normal_and_one_row_has_one_position_in_every_graph():
    values = rows(RandomIdentifiers(5), 2000, graphs=2)
    np.testing.assert_array_equal(values[0], values[1])
    assert scipy.stats.kstest(values[0].reshape(-1), scipy.stats.norm.cdf).pvalue > 0.01
    large = RandomIdentifiers(5).sparse(scipy.sparse.csr_array((5000, 5000)))
    np.testing.assert_array_equal(large["node", "random_identifiers"][:2000], values[0])


@pytest.mark.parametrize("kind", [OrthogonalRandomFeatures, RandomIdentifiers])
def test_the_seed_decides_and_wrong_settings_are_refused(kind):
    np.testing.assert_array_equal(rows(kind(4), 3), rows(kind(4), 3))
    assert np.abs(rows(kind(4), 3) - rows(kind(4, seed=1), 3)).max() > 0.1
    with pytest.raises(ValueError, match="dim must be at least 1, got 0"):
        kind(0)
    with pytest.raises(ValueError, match="seed must not be negative, got -1"):
        kind(4, seed=-1)
