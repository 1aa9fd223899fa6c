"""Ranks among filtered negatives, and PCQM-Contact's, against literal loops."""

import functools
import operator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gtx.tasks.ranking import RankSums, contact_ranks, ranks_among, ranks_within

SEEDS = st.integers(0, 2**32 - 1)


def rank(score, others):
    return (
        1 + sum(other > score for other in others) + 0.5 * sum(other == score for other in others)
    )


@given(SEEDS)
@settings(deadline=None, max_examples=60)
def test_a_positive_is_ranked_among_the_negatives_of_its_group(seed):
    rng = np.random.default_rng(seed)
    count = rng.integers(0, 30)
    scores = rng.integers(0, 5, count) / 4.0
    positive, groups = rng.uniform(size=count) < 0.4, rng.integers(-2, 3, count)
    ranks, negatives = ranks_within(scores, positive, groups)
    places = np.flatnonzero(positive)
    lists = [scores[~positive & (groups == groups[place])] for place in places]
    np.testing.assert_array_equal(negatives, [len(each) for each in lists])
    expected = [rank(scores[p], each) for p, each in zip(places, lists, strict=True)]
    np.testing.assert_array_equal(ranks, expected)


def test_sums_of_parts_are_the_scores_of_all():
    rng = np.random.default_rng(0)
    ranks, weights = rng.integers(1, 30, 50) / 1.0, rng.uniform(size=50)
    weights[:5] = 0
    parts = [RankSums.of(ranks[i::3], (1, 10), weights[i::3]) for i in range(3)]
    found = functools.reduce(operator.add, parts).scores()
    expected = {f"hits@{k}": np.average(ranks <= k, weights=weights) for k in (1, 10)}
    expected["mrr"] = np.average(1 / ranks, weights=weights)
    assert found == pytest.approx(expected)
    assert all(np.isnan(value) for value in RankSums.of([], (1,)).scores().values())
    with pytest.raises(ValueError, match=r"hits at \[1\] cannot be added to \[2\]"):
        RankSums.of([1.0], (1,)) + RankSums.of([1.0], (2,))


@pytest.mark.parametrize(("filtered", "loops"), [(False, True), (True, True), (True, False)])
def test_contacts_are_ranked_as_the_corrected_metric_says(filtered, loops):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(9, 3))
    scores = x @ x.T
    contacts = np.argwhere(np.triu(rng.uniform(size=(9, 9)) < 0.3, 1))
    expected = []
    for head, tail in contacts:
        others = [
            scores[head, other]
            for other in range(9)
            if other != tail
            and not (filtered and [head, other] in contacts.tolist())
            and not (other == head and not loops)
        ]
        expected.append(rank(scores[head, tail], others))
    found = contact_ranks(scores, contacts, filtered=filtered, loops=loops)
    np.testing.assert_array_equal(found, expected)


def test_the_score_of_contacts_is_a_mean_over_molecules():
    one, two = np.array([1.0, 2.0, 4.0]), np.array([5.0])
    sums = [RankSums.of(ranks, weights=np.full(len(ranks), 1 / len(ranks))) for ranks in (one, two)]
    expected = ((1 + 1 / 2 + 1 / 4) / 3 + 1 / 5) / 2
    assert (sums[0] + sums[1]).scores()["mrr"] == pytest.approx(expected)


def test_places_without_a_negative_are_never_ahead():
    found = ranks_among(np.array([0.0, -5.0]), np.array([[1.0, -np.inf], [-5.0, -np.inf]]))
    np.testing.assert_array_equal(found, [2.0, 1.5])
