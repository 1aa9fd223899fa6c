import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gtx.uncertainty import TooFewError, class_sets, conformal, residuals


@pytest.mark.parametrize(("coverage", "count"), [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19)])
def test_the_fewest_scores_are_those_whose_largest_is_the_bound(coverage, count):
    assert conformal.fewest(coverage) == count
    scores = np.random.default_rng(0).permutation(count) + 1.0
    assert conformal.bound(scores, coverage) == count
    with pytest.raises(TooFewError, match=rf"needs {count} labels .* there are {count - 1}\. Give"):
        conformal.bound(scores[1:], coverage)


def test_the_bound_is_the_score_of_the_paper():
    scores = np.arange(1.0, 100.0)  # 99 of them
    assert conformal.bound(scores, 0.9) == 90  # ceil(100 * 0.9)
    assert conformal.bound(scores[:50], 0.9) == math.ceil(51 * 0.9)
    assert conformal.bound(scores[:10], 0.29 / 0.29 * 0.5) == 6


@given(st.integers(1, 60), st.floats(0.05, 0.95), st.integers(0, 2**32 - 1))
def test_exactly_the_promised_share_of_orders_is_covered(count, coverage, seed):
    """Each of n + 1 scores is the new one once; k of them are within the bound."""
    scores = np.random.default_rng(seed).normal(size=count + 1)
    if count < conformal.fewest(coverage):
        with pytest.raises(TooFewError):
            conformal.bound(scores[1:], coverage)
        return
    inside = [
        scores[new] <= conformal.bound(np.delete(scores, new), coverage) for new in range(count + 1)
    ]
    assert coverage - 1e-6 <= np.mean(inside) <= coverage + 1 / (count + 1) + 1e-6


@pytest.mark.parametrize("coverage", [0.0, 1.0, float("nan"), -1.0])
def test_a_coverage_that_is_no_probability_is_refused(coverage):
    with pytest.raises(ValueError, match="above 0 and below 1"):
        conformal.bound(np.ones(5), coverage)


def test_a_score_that_is_missing_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        conformal.bound(np.array([1.0, np.nan]), 0.5)


def test_scores_of_errors_are_those_of_their_formulas():
    predicted, measured = np.array([1.0, 2.0]), np.array([1.5, -1.0])
    np.testing.assert_array_equal(residuals.absolute(predicted, measured), [0.5, 3.0])
    found = residuals.scaled(predicted, measured, np.array([0.0, 1.0]), 0.5)
    np.testing.assert_array_equal(found, [1.0, 2.0])


def test_sets_hold_the_classes_whose_probability_is_large_enough():
    p = np.array([[0.7, 0.2, 0.1], [0.4, 0.35, 0.25]])
    np.testing.assert_allclose(class_sets.scores(p, np.array([0, 2])), [0.3, 0.75])
    np.testing.assert_array_equal(
        class_sets.within(p, 0.65), [[True, False, False], [True, True, False]]
    )
    assert not class_sets.within(p, 0.2).any()
