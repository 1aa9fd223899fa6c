import numpy as np
import pytest
from sklearn import metrics as sk

from gtx.tasks import metrics


def random_binary(seed=0, rows=50, columns=4):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, (rows, columns)).astype(float)
    probabilities = np.round(rng.uniform(size=labels.shape), 1)  # with ties
    labels[rng.uniform(size=labels.shape) < 0.2] = np.nan
    return probabilities, labels


def test_multilabel_scores_are_means_over_columns_of_known_entries():
    probabilities, labels = random_binary()
    scores = metrics.binary(probabilities, labels)
    expected = {"roc_auc": [], "average_precision": [], "accuracy": [], "f1": []}
    for column in range(4):
        known = ~np.isnan(labels[:, column])
        y, p = labels[known, column], probabilities[known, column]
        expected["roc_auc"].append(sk.roc_auc_score(y, p))
        expected["average_precision"].append(sk.average_precision_score(y, p))
        expected["accuracy"].append(np.mean((p > 0.5) == y))
        hits = np.sum((p > 0.5) & (y == 1))
        expected["f1"].append(2 * hits / (np.sum(p > 0.5) + np.sum(y == 1)))
    for name, values in expected.items():
        np.testing.assert_allclose(scores[name], np.mean(values), rtol=1e-12)


def test_columns_with_one_class_or_none_are_left_out_without_a_warning():
    probabilities, labels = random_binary()
    labels[:, 0], labels[:, 2] = 1.0, np.nan
    scores = metrics.binary(probabilities, labels)
    kept = metrics.binary(probabilities[:, [1, 3]], labels[:, [1, 3]])
    assert scores["roc_auc"] == kept["roc_auc"]
    assert scores["average_precision"] == kept["average_precision"]
    three = metrics.binary(probabilities[:, [0, 1, 3]], labels[:, [0, 1, 3]])
    assert scores["accuracy"] == three["accuracy"]


@pytest.mark.parametrize("labels", [np.ones((3, 1)), np.full((3, 1), np.nan), np.zeros((0, 1))])
def test_a_score_that_does_not_exist_is_nan(labels):
    scores = metrics.binary(np.full(labels.shape, 0.3), labels)
    assert np.isnan(scores["roc_auc"]) and np.isnan(scores["average_precision"])


def test_regression_scores_are_means_over_targets():
    rng = np.random.default_rng(0)
    labels = rng.normal(size=(20, 3))
    predictions = labels + rng.normal(size=(20, 3))
    labels[:5, 1] = np.nan
    labels[:, 2] = 7.0
    scores = metrics.regression(predictions, labels)
    error = predictions - labels
    assert np.isclose(scores["mae"], np.mean(np.nanmean(np.abs(error), axis=0)), rtol=1e-12)
    assert np.isclose(scores["rmse"], np.mean(np.sqrt(np.nanmean(error**2, axis=0))), rtol=1e-12)
    spread = np.nanvar(labels[:, :2], axis=0)
    r2 = 1 - np.nanmean(error[:, :2] ** 2, axis=0) / spread
    assert np.isclose(scores["r2"], r2.mean(), rtol=1e-12)


@pytest.mark.parametrize("labels", [np.zeros((0, 2)), np.full((4, 2), np.nan)])
def test_regression_without_labels_is_nan(labels):
    assert all(np.isnan(v) for v in metrics.regression(np.zeros(labels.shape), labels).values())


def test_r2_of_one_label_is_nan_and_its_error_is_not():
    scores = metrics.regression(np.array([[1.0]]), np.array([[3.0]]))
    assert scores["mae"] == 2 and np.isnan(scores["r2"])


def test_weighted_accuracy_is_the_mean_recall_of_classes_that_occur():
    labels = np.array([0, 0, 0, 0, 1, 2, 2, -1])
    guesses = np.array([0, 0, 0, 3, 1, 0, 2, 0])
    scores = metrics.multiclass(np.eye(4)[guesses], labels)
    assert np.isclose(scores["accuracy"], 5 / 7)
    assert np.isclose(scores["weighted_accuracy"], (3 / 4 + 1 + 1 / 2) / 3)
    known = labels >= 0
    expected = sk.f1_score(labels[known], guesses[known], average="macro", zero_division=0.0)
    assert scores["f1"] == expected


def test_classes_without_labels_are_nan():
    scores = metrics.multiclass(np.ones((2, 3)) / 3, np.array([-1, -1]))
    assert all(np.isnan(value) for value in scores.values())


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"predictions \[3, 2\] and labels \[3, 1\]"):
        metrics.binary(np.zeros((3, 2)), np.zeros((3, 1)))
    with pytest.raises(ValueError, match=r"expected labels \[3\], got \[2\]"):
        metrics.multiclass(np.zeros((3, 2)), np.zeros(2, int))
