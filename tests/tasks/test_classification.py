import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.data.spec import Label
from gtx.tasks import Binary, Multiclass
from tests.tasks.labelled import batch

MULTILABEL = Label("graph", "multilabel", 3, ("a", "b", "c"))
CLASSES = Label("node", "multiclass", 4)


def test_binary_cross_entropy_equals_float64():
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=(5, 3)) * 4
    labels = rng.integers(0, 2, (5, 3)).astype(float)
    labels[0, 1] = np.nan
    mask = np.array([True] * 4 + [False])
    p = 1 / (1 + np.exp(-outputs))
    losses = -(labels * np.log(p) + (1 - labels) * np.log(1 - p))
    total, count = Binary(MULTILABEL).loss(jnp.asarray(outputs, jnp.float32), batch(labels, mask))
    assert count == 11
    np.testing.assert_allclose(total, np.nansum(losses[mask]), rtol=1e-5)


def test_saturated_logits_have_finite_loss_and_gradient():
    outputs = jnp.array([[1e4, -1e4, 0.0]])
    labels = np.array([[0.0, 0.0, 1.0]])

    def loss(outputs):
        return Binary(MULTILABEL).loss(outputs, batch(labels, [True]))[0]

    value, gradient = jax.value_and_grad(loss)(outputs)
    np.testing.assert_allclose(value, 1e4 + np.log(2), rtol=1e-6)
    np.testing.assert_allclose(gradient, [[1.0, 0.0, -0.5]], atol=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_equals_float64(weighted):
    rng = np.random.default_rng(1)
    outputs = rng.normal(size=(8, 4)) * 3
    labels = np.array([0, 0, 0, 1, 2, -1, 3, 3])
    mask = np.array([True] * 7 + [False])
    known = mask & (labels >= 0)
    log_p = outputs - np.log(np.exp(outputs).sum(1, keepdims=True))
    losses = -log_p[known, labels[known]]
    # GraphGPS's weighted_cross_entropy: weight (V - |class|) / V of classes that occur.
    sizes = np.bincount(labels[known], minlength=4)
    weights = ((known.sum() - sizes) / known.sum())[labels[known]] if weighted else np.ones(6)
    total, count = Multiclass(CLASSES, weighted=weighted).loss(
        jnp.asarray(outputs, jnp.float32), batch(labels, mask, "node")
    )
    np.testing.assert_allclose(count, weights.sum(), rtol=1e-6)
    np.testing.assert_allclose(total, (losses * weights).sum(), rtol=1e-5)


def test_two_classes_with_one_output_weigh_as_two_classes_do():
    rng = np.random.default_rng(2)
    logits = rng.normal(size=(9, 1)) * 2
    labels = np.array([[1.0], [0], [0], [np.nan], [0], [1], [0], [0], [1]])
    mask = np.array([True] * 8 + [False])
    one = Binary(Label("node", "binary", 1), weighted=True).loss(
        jnp.asarray(logits, jnp.float32), batch(labels, mask, "node")
    )
    classes = np.nan_to_num(labels[:, 0], nan=-1).astype(np.int32)
    two = Multiclass(Label("node", "multiclass", 2), weighted=True).loss(
        jnp.asarray(np.concatenate([0 * logits, logits], axis=1), jnp.float32),
        batch(classes, mask, "node"),
    )
    np.testing.assert_allclose(one, two, rtol=1e-6)
    assert one[1] == pytest.approx(2 * (5 / 7) + 5 * (2 / 7))


@pytest.mark.parametrize("weighted", [False, True])
def test_classes_that_are_padding_or_missing_have_no_gradient_even_if_nan(weighted):
    labels = np.array([2, -1, 1, 0], np.int32)
    outputs = jnp.full((4, 4), jnp.nan).at[0].set(1.0).at[3].set(0.5)

    def loss(outputs):
        known = batch(labels, [True, True, False, True], "node")
        return Multiclass(CLASSES, weighted=weighted).loss(outputs, known)[0]

    value, gradient = jax.value_and_grad(loss)(outputs)
    assert np.isfinite(value)
    assert np.all(gradient[jnp.array([1, 2])] == 0) and np.all(gradient[0] != 0)


def test_a_batch_without_labels_has_loss_and_count_zero():
    for task in (Multiclass(CLASSES), Multiclass(CLASSES, weighted=True)):
        missing = batch(np.array([-1, -1]), [True, True], "node")
        assert task.loss(jnp.ones((2, 4)), missing) == (0, 0)
    labels = np.full((2, 3), np.nan)
    assert Binary(MULTILABEL).loss(jnp.ones((2, 3)), batch(labels, [True, True])) == (0, 0)


def test_predictions_are_probabilities():
    np.testing.assert_allclose(
        Multiclass(CLASSES).predictions(jnp.zeros((1, 4))), [[0.25] * 4], rtol=1e-6
    )
    np.testing.assert_allclose(Binary(MULTILABEL).predictions(jnp.zeros((1, 3))), [[0.5] * 3])


def test_float_class_labels_are_refused():
    with pytest.raises(ValueError, match="Multiclass needs integer labels"):
        Multiclass(CLASSES).loss(jnp.zeros((2, 4)), batch(np.zeros(2), [True, True], "node"))


def test_columns_with_one_class_are_named():
    labels = np.array([[1, 0, np.nan], [1, 1, np.nan]])
    assert Binary(MULTILABEL).undefined(labels) == [
        "target 0 (a) is left out of all scores but accuracy and calibration_error: all its "
        "known labels are 1.",
        "target 2 (c) is left out of every score: it has no known labels.",
    ]


def test_each_of_several_yes_or_no_targets_has_its_own_scores():
    labels = np.array([[0.0, 1, np.nan], [1, 1, np.nan], [1, 0, np.nan], [0, 1, np.nan]])
    probabilities = np.array([[0.1, 0.9, 0.5], [0.8, 0.2, 0.5], [0.7, 0.3, 0.5], [0.9, 0.8, 0.5]])
    scores = Binary(MULTILABEL).metrics(probabilities, labels)
    for column, name in enumerate("ab"):
        alone = Binary(Label("graph", "binary", 1)).metrics(
            probabilities[:, [column]], labels[:, [column]]
        )
        assert {key: scores[f"{name}/{key}"] for key in alone} == alone
    assert scores["a/roc_auc"] == 0.5 and np.isnan(scores["c/roc_auc"])
    assert scores["roc_auc"] == np.mean([scores["a/roc_auc"], scores["b/roc_auc"]])
    assert Binary(MULTILABEL).undefined(labels) == [
        "target 2 (c) is left out of every score: it has no known labels."
    ]
