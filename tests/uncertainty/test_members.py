import numpy as np
import pytest

from gtx import uncertainty


def test_mean_and_deviation_are_those_over_members():
    members = np.array([[[1.0, 2.0]], [[2.0, 2.0]], [[6.0, 2.0]]], np.float32)
    np.testing.assert_array_equal(uncertainty.mean(members), [[3.0, 2.0]])
    np.testing.assert_allclose(uncertainty.deviation(members), [[np.sqrt(7.0), 0.0]], rtol=1e-6)
    assert uncertainty.mean(members).dtype == uncertainty.deviation(members).dtype == np.float32


def test_one_member_is_its_own_mean_to_the_bit_and_has_no_deviation():
    one = np.random.default_rng(0).normal(size=(1, 5, 2)).astype(np.float32)
    np.testing.assert_array_equal(uncertainty.mean(one), one[0])
    with pytest.raises(ValueError, match="one member has no deviation"):
        uncertainty.deviation(one)


def test_mutual_information_tells_disagreement_from_doubt():
    doubt = [[0.5, 0.5], [0.5, 0.5]]
    sure_of_two = [[1.0, 0.0], [0.0, 1.0]]
    half = [[0.75, 0.25], [0.25, 0.75]]
    members = np.array([doubt, sure_of_two, half], np.float32).transpose(1, 0, 2)
    own = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    np.testing.assert_allclose(
        uncertainty.mutual_information(members),
        [0.0, np.log(2), np.log(2) - own],
        rtol=1e-6,
    )
