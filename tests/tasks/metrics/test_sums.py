"""Scores from sums against scikit-learn in float64: ties, gaps, weights, padding, and parts."""

import functools
import operator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from gtx.tasks.metrics import BinarySums, CalibrationSums, ClassSums, RegressionSums

quick = settings(deadline=None, max_examples=60)
SEEDS = st.integers(0, 2**32 - 1)


def drawn(seed, kind):
    """Rows with ties, missing labels, weights, and padding (weight 0) that holds NaN."""
    rng = np.random.default_rng(seed)
    rows, width = rng.integers(1, 40), rng.integers(1, 4)
    weights = rng.integers(0, 4, rows) / 2.0
    if kind == "classes":
        predictions = np.round(rng.dirichlet(np.ones(width + 1), rows), 1)
        labels = rng.integers(-1, rng.integers(1, width + 2), rows)
    else:
        shape = (rows, width)
        values = rng.integers(0, 2, shape) if kind == "binary" else rng.integers(-3, 4, shape)
        labels = values.astype(float)
        labels[rng.uniform(size=shape) < 0.3] = np.nan
        predictions = np.round(rng.uniform(size=shape) * (1 if kind == "binary" else 9), 1)
        predictions[weights == 0] = np.nan
    return predictions, labels, weights


def in_parts(sums, predictions, labels, weights, seed):
    """The sums of several parts, added up: batches, shards or hosts."""
    part = np.random.default_rng(seed).integers(0, 4, len(labels))
    found = [
        sums.of(predictions[part == p], labels[part == p], weights[part == p]) for p in (3, 0, 2, 1)
    ]
    return functools.reduce(operator.add, found)


def same(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-10, atol=1e-12, err_msg=name)


@given(SEEDS)
@quick
def test_regression_is_that_of_sklearn(seed):
    predictions, labels, weights = drawn(seed, "regression")
    expected = {"mae": [], "rmse": [], "r2": []}
    for truth, guess in zip(labels.T, predictions.T, strict=True):
        known = ~np.isnan(truth) & (weights > 0)
        if not known.any():
            continue
        y, p, w = truth[known], guess[known], weights[known]
        expected["mae"].append(sk.mean_absolute_error(y, p, sample_weight=w))
        expected["rmse"].append(sk.root_mean_squared_error(y, p, sample_weight=w))
        if len(np.unique(y)) > 1:
            expected["r2"].append(sk.r2_score(y, p, sample_weight=w))
    expected = {name: np.mean(each) if each else np.nan for name, each in expected.items()}
    same(RegressionSums.of(predictions, labels, weights).scores(), expected)
    same(in_parts(RegressionSums, predictions, labels, weights, seed).scores(), expected)


@given(SEEDS)
@quick
def test_binary_scores_are_those_of_sklearn(seed):
    predictions, labels, weights = drawn(seed, "binary")
    names = "roc_auc average_precision accuracy weighted_accuracy f1 mcc calibration_error".split()
    expected = {name: [] for name in names}
    everything = []
    for truth, guess in zip(labels.T, predictions.T, strict=True):
        known = ~np.isnan(truth) & (weights > 0)
        y, p, w = truth[known], guess[known], weights[known]
        yes = p > 0.5
        everything.append((y, yes, w))
        if len(y):
            expected["accuracy"].append(sk.accuracy_score(y, yes, sample_weight=w))
            bins = np.searchsorted(np.linspace(0, 1, 16)[1:-1], p)
            error = sum(abs(np.sum((w * (p - y))[bins == b])) for b in range(15)) / w.sum()
            expected["calibration_error"].append(error)
        if len(np.unique(y)) == 2:
            expected["roc_auc"].append(sk.roc_auc_score(y, p, sample_weight=w))
            expected["average_precision"].append(sk.average_precision_score(y, p, sample_weight=w))
            expected["weighted_accuracy"].append(
                sk.balanced_accuracy_score(y, yes, sample_weight=w)
            )
            expected["f1"].append(sk.f1_score(y, yes, sample_weight=w, zero_division=0.0))
            expected["mcc"].append(sk.matthews_corrcoef(y, yes, sample_weight=w))
    expected = {name: np.mean(each) if each else np.nan for name, each in expected.items()}
    if len(everything) > 1:
        y, yes, w = map(np.concatenate, zip(*everything, strict=True))
        micro = np.nan
        if y.any() or yes.any():
            micro = sk.f1_score(y, yes, sample_weight=w, zero_division=0.0)
        expected["micro_f1"] = micro
    same(BinarySums.of(predictions, labels, weights).scores(), expected)
    same(in_parts(BinarySums, predictions, labels, weights, seed).scores(), expected)


@given(SEEDS)
@quick
def test_scores_of_classes_are_those_of_sklearn(seed):
    predictions, labels, weights = drawn(seed, "classes")
    known = (labels >= 0) & (weights > 0)
    y, p, w = labels[known], predictions[known], weights[known]
    guess = np.argmax(p, axis=1) if len(y) else np.zeros(0, int)
    names = ("accuracy", "weighted_accuracy", "f1", "mcc", "calibration_error")
    expected = dict.fromkeys(names, np.nan)
    if len(y):
        expected["accuracy"] = sk.accuracy_score(y, guess, sample_weight=w)
        expected["weighted_accuracy"] = sk.recall_score(
            y, guess, labels=np.unique(y), average="macro", sample_weight=w, zero_division=0.0
        )
        expected["f1"] = sk.f1_score(y, guess, average="macro", sample_weight=w, zero_division=0.0)
        confidence = p.max(axis=1)
        bins = np.searchsorted(np.linspace(0, 1, 16)[1:-1], confidence)
        apart = w * (confidence - (guess == y))
        expected["calibration_error"] = np.abs(np.bincount(bins, apart)).sum() / w.sum()
    if len(np.unique(y)) > 1:
        expected["mcc"] = sk.matthews_corrcoef(y, guess, sample_weight=w)
    whole = ClassSums.of(predictions, labels, weights)
    same(whole.scores(), expected)
    same(in_parts(ClassSums, predictions, labels, weights, seed).scores(), expected)
    if len(y):
        report = sk.classification_report(
            y, guess, sample_weight=w, output_dict=True, zero_division=np.nan
        )
        each = whole.by_class([str(c) for c in range(predictions.shape[1])])
        for c in np.unique(y):
            for metric in ("recall", "precision"):
                np.testing.assert_allclose(each[f"{c}/{metric}"], report[str(c)][metric])
            np.testing.assert_allclose(each[f"{c}/f1"], np.nan_to_num(report[str(c)]["f1-score"]))


def test_the_bins_of_calibration_are_those_of_sklearn():
    rng = np.random.default_rng(0)
    probability, label = rng.uniform(size=500), rng.integers(0, 2, 500)
    probability[:30] = np.arange(30) % 16 / 15  # on the edges
    sums = CalibrationSums.of(probability, label == 1)
    share, confidence = calibration_curve(label, probability, n_bins=15)
    filled = sums.weight > 0
    np.testing.assert_allclose((sums.right / sums.weight)[filled], share)
    np.testing.assert_allclose((sums.confidence / sums.weight)[filled], confidence)
    expected = np.sum(sums.weight[filled] / 500 * np.abs(share - confidence))
    assert sums.error == pytest.approx(expected)


def test_a_constant_guess_correlates_with_nothing_and_a_constant_truth_has_no_correlation():
    labels = np.array([[0.0], [1.0], [1.0]])
    assert BinarySums.of(np.full((3, 1), 0.9), labels).scores()["mcc"] == 0
    assert np.isnan(BinarySums.of(labels, np.ones((3, 1))).scores()["mcc"])


def test_far_from_zero_the_spread_keeps_its_digits():
    labels = 1e8 + np.arange(6.0)[:, None]
    predictions = labels + 0.5
    parts = RegressionSums.of(predictions[:2], labels[:2]) + RegressionSums.of(
        predictions[2:], labels[2:]
    )
    np.testing.assert_allclose(parts.scores()["r2"], 1 - 0.25 / np.var(np.arange(6)), rtol=1e-9)


def test_sums_of_other_kinds_and_weights_that_are_none_are_refused():
    one, two = RegressionSums.of([[1.0]], [[1.0]]), BinarySums.of([[1.0]], [[1.0]])
    with pytest.raises(TypeError, match="RegressionSums cannot be added to BinarySums"):
        one + two
    with pytest.raises(ValueError, match=r"weights \[2\] must be \[rows\] = \[1\]"):
        RegressionSums.of([[1.0]], [[1.0]], [1, 1])
    for wrong in (-1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match=r"weights\[0\] is .* at least 0"):
            RegressionSums.of([[1.0]], [[1.0]], [wrong])
