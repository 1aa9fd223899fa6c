import numpy as np
import pytest

from gtx.uncertainty import distance


@pytest.mark.parametrize("entries", [1, 2**24])
def test_the_distance_is_the_mean_to_the_nearest(entries, monkeypatch):
    monkeypatch.setattr(distance, "_ENTRIES", entries)
    rng = np.random.default_rng(0)
    # Far from the origin, where the expanded square would lose all digits in float32.
    known = (1000 + rng.normal(size=(30, 4))).astype(np.float32)
    vectors = (1000 + rng.normal(size=(7, 4))).astype(np.float32)
    each = np.linalg.norm(vectors[:, None].astype(float) - known[None].astype(float), axis=2)
    for count in (1, 10, 50):
        expected = np.sort(each, axis=1)[:, :count].mean(axis=1)
        found = distance.to_nearest(vectors, known, count)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert distance.to_nearest(known, known, 1).max() < 1e-4


def test_a_quantile_is_the_share_of_validation_graphs_that_are_as_near():
    of_valid = np.array([3.0, 1.0, 2.0, 4.0])
    found = distance.as_quantile(np.array([0.5, 1.0, 2.5, 9.0]), of_valid)
    np.testing.assert_array_equal(found, [0.0, 0.25, 0.5, 1.0])
