"""CV+ intervals and sets against their definition, one target at a time."""

import math

import numpy as np
import pytest

from gtx.data import Label
from gtx.uncertainty import Calibration, TooFewError, conformal, cross, probabilities

RNG = np.random.default_rng(0)
SCORES = [np.sort(RNG.exponential(size=size)).tolist() for size in (11, 14, 0, 6)]
COUNT = 31


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.96])
def test_an_interval_has_the_ends_of_the_definition(coverage):
    predictions = RNG.normal(size=(4, 5))
    low, high = cross.interval(SCORES, predictions, coverage)
    place = math.ceil((COUNT + 1) * coverage)
    for target in range(5):
        ends = [
            (predictions[fold, target] - score, predictions[fold, target] + score)
            for fold, scores in enumerate(SCORES)
            for score in scores
        ]
        assert high[target] == sorted(end for _, end in ends)[place - 1]
        assert low[target] == sorted((end for end, _ in ends), reverse=True)[place - 1]


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9])
def test_a_set_has_the_classes_of_the_definition(coverage):
    of_classes = 2 * np.random.default_rng(3).exponential(size=(4, 9, 3))
    found = cross.within(SCORES, of_classes, coverage)
    for target, name in np.ndindex(9, 3):
        below = sum(
            score < of_classes[fold, target, name]
            for fold, scores in enumerate(SCORES)
            for score in scores
        )
        assert found[target, name] == (below < (COUNT + 1) * coverage - 1e-9)
    assert 0 < found.mean() < 1


def test_models_that_agree_give_split_conformal_intervals():
    predictions = np.repeat(RNG.normal(size=(1, 5)), 4, axis=0)
    low, high = cross.interval(SCORES, predictions, 0.9)
    bound = conformal.bound(np.concatenate(SCORES), 0.9)
    np.testing.assert_allclose(low, predictions[0] - bound, rtol=1e-12)
    np.testing.assert_allclose(high, predictions[0] + bound, rtol=1e-12)


def test_what_cannot_be_known_is_refused():
    with pytest.raises(TooFewError, match=r"needs 49 labels .* there are 31"):
        cross.interval(SCORES, np.zeros((4, 2)), 0.98)
    with pytest.raises(TooFewError):
        cross.within(SCORES, np.zeros((4, 2, 3)), 0.98)
    with pytest.raises(ValueError, match="3 models, and scores of 4 folds"):
        cross.interval(SCORES, np.zeros((3, 2)), 0.9)


def folds_of_a_line(rng, count=60, folds=5):
    """Labels 2 x + noise; a fold is predicted by the line of the others, all predict the new x."""
    x, new = rng.normal(size=(2, count))
    y, truth = (2 * values + rng.normal(size=count) for values in (x, new))
    fold = np.arange(count) % folds
    seen, unseen = np.zeros(count), np.zeros((folds, count))
    for number in range(folds):
        own = fold == number
        slope = x[~own] @ y[~own] / (x[~own] @ x[~own])
        seen[own], unseen[number] = slope * x[own], slope * new
    return y, seen, fold, unseen, truth


def test_intervals_of_folds_hold_what_they_say(tmp_path):
    label, held = Label("graph", "regression", 1, ("y",)), []
    for seed in range(40):
        y, seen, fold, unseen, truth = folds_of_a_line(np.random.default_rng(seed))
        fitted = Calibration.fit_folds(
            label, seen[:, None].astype(np.float32), y[:, None].astype(np.float32), fold
        )
        low, high = fitted.targets[0].interval(unseen.astype(np.float32), 0.8)
        held.append(np.mean((truth >= low) & (truth <= high)))
    assert np.mean(held) == pytest.approx(0.8, abs=0.02)  # the standard error is 0.008
    fitted.save(tmp_path)
    assert Calibration.load(tmp_path) == fitted
    assert (
        len(fitted.targets[0].scores) == 60 and list(map(len, fitted.targets[0].folds)) == [12] * 5
    )


def test_classes_of_folds_have_sets_and_probabilities_and_gaps_are_left_out():
    rng = np.random.default_rng(2)
    label = Label("graph", "multilabel", 2, ("a", "b"))
    truth = rng.integers(0, 2, (50, 2)).astype(np.float32)
    said = np.clip(0.2 + 0.6 * truth + 0.15 * rng.normal(size=(50, 2)), 0.01, 0.99)
    truth[::5, 1] = np.nan
    fold = np.arange(50) // 10
    found = Calibration.fit_folds(label, said.astype(np.float32), truth, fold)
    a, b = found.targets
    assert list(map(len, a.folds)) == [10] * 5 and list(map(len, b.folds)) == [8] * 5
    assert a.platt is not None and a.platt[0] > 1  # such probabilities are too timid
    spread = np.array([0.1, 0.2, 0.5, 0.6, 0.9], np.float32)[:, None, None]
    # What was fitted to single models is applied to single models.
    each = probabilities.after_platt(spread[:, 0, 0], *a.platt)
    np.testing.assert_allclose(a.calibrated(spread), [[each.mean()]], rtol=1e-6)
    members = np.full((5, 2, 1), 0.5, np.float32)
    members[:, 0] = 0.99
    np.testing.assert_array_equal(a.classes(members, 0.9)[0], [False, True])
