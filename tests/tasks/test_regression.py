import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.data.spec import Label
from gtx.tasks import Regression
from tests.tasks.labelled import batch

LABEL = Label("graph", "regression", 2, ("a", "b"), mean=(1.0, -2.0), std=(2.0, 0.5))


@pytest.mark.parametrize("name", ["l1", "mse", "huber"])
def test_the_loss_is_that_of_normalised_known_entries(name):
    rng = np.random.default_rng(0)
    outputs, labels = rng.normal(size=(2, 6, 2)) * 3
    labels[1, 0] = labels[3] = np.nan
    mask = np.array([True] * 5 + [False])
    error = outputs - (labels - np.array(LABEL.mean)) / np.array(LABEL.std)
    known = ~np.isnan(labels) & mask[:, None]
    e = np.abs(error[known])
    expected = {
        "l1": e,
        "mse": e**2,
        "huber": np.where(e <= 0.7, e**2 / 2, 0.7 * (e - 0.35)),
    }[name]
    task = Regression(LABEL, loss_name=name, huber_delta=0.7)
    total, count = task.loss(jnp.asarray(outputs, jnp.float32), batch(labels, mask))
    assert count == known.sum() == 7
    np.testing.assert_allclose(total, expected.sum(), rtol=1e-6)


@pytest.mark.parametrize("name", ["l1", "mse", "huber"])
def test_padding_and_missing_labels_have_no_loss_and_no_gradient_even_if_nan(name):
    labels = np.array([[1.0, np.nan], [np.nan, np.nan], [np.nan, 3.0]])
    outputs = jnp.array([[1.0, np.nan], [np.nan, 5.0], [np.nan, np.inf]])
    task = Regression(LABEL, loss_name=name)

    def loss(outputs):
        return task.loss(outputs, batch(labels, [True, True, False]))[0]

    value, gradient = jax.value_and_grad(loss)(outputs)
    assert np.isfinite(value)
    np.testing.assert_array_equal(np.asarray(gradient != 0), [[True, False], [0, 0], [0, 0]])


def test_predictions_are_in_the_unit_of_the_label_and_float32():
    outputs = jnp.array([[0.0, 0.0], [1.0, -2.0]], jnp.bfloat16)
    predictions = Regression(LABEL).predictions(outputs)
    assert predictions.dtype == jnp.float32
    np.testing.assert_array_equal(predictions, [[1.0, -2.0], [3.0, -3.0]])


def test_a_half_precision_output_gives_a_float32_loss():
    total, count = Regression(LABEL).loss(
        jnp.zeros((1, 2), jnp.bfloat16), batch(np.zeros((1, 2)), [True])
    )
    assert total.dtype == count.dtype == jnp.float32


def test_node_labels_are_masked_by_nodes():
    task = Regression(Label("node", "regression", 1))
    nodes = batch(np.ones((4, 1)), [True, True, False, False], "node")
    assert task.loss(jnp.zeros((4, 1)), nodes) == (2, 2)


def test_labels_of_another_width_are_refused():
    with pytest.raises(ValueError, match=r"needs labels \[3, 2\], got \[3, 1\]"):
        Regression(LABEL).loss(jnp.zeros((3, 2)), batch(np.zeros((3, 1)), [True] * 3))


def test_outputs_of_another_shape_are_refused_and_not_broadcast():
    with pytest.raises(ValueError, match=r"outputs are \[3, 1\]; Regression needs .* \[3, 2\]"):
        Regression(LABEL).loss(jnp.zeros((3, 1)), batch(np.zeros((3, 2)), [True] * 3))


def test_a_std_of_zero_is_refused():
    with pytest.raises(ValueError, match="must be positive"):
        Regression(Label("graph", "regression", 1, mean=(0.0,), std=(0.0,)))


def test_an_unknown_metric_is_refused_with_the_choice():
    with pytest.raises(ValueError, match="choose one of mae, rmse, r2"):
        Regression(LABEL, "accuracy")


def test_small_errors_and_large_scores_are_good():
    assert [Regression(LABEL, name).mode for name in ("mae", "rmse", "r2")] == ["min", "min", "max"]


def test_undefined_scores_come_with_a_reason():
    labels = np.array([[1.0, 5.0], [2.0, 5.0]])
    task = Regression(LABEL)
    scores = task.metrics(labels + 1, labels)
    assert (scores["mae"], scores["rmse"], scores["r2"]) == (1.0, 1.0, -3.0)
    assert task.undefined(labels) == ["r2 of target 1 (b) is undefined: its labels are all equal."]
    labels[:, 0] = np.nan
    assert task.undefined(labels)[0] == (
        "target 0 (a) is left out of every score: it has no known labels."
    )


def test_one_target_has_the_scores_that_it_always_had():
    task = Regression(Label("graph", "regression", 1, ("a",), mean=(1.0,), std=(2.0,)))
    scores = task.metrics(np.array([[2.0], [5.0]]), np.array([[1.0], [3.0]]))
    assert scores == {"mae": 1.5, "rmse": np.sqrt(2.5), "r2": -1.5}


def test_several_targets_are_scored_one_by_one_and_together_in_their_own_spread():
    labels = np.array([[1.0, 1000.0], [3.0, np.nan], [5.0, 3000.0]])
    predictions = labels + np.array([[1.0, 100.0], [-1.0, 0.0], [1.0, -300.0]])
    scores = Regression(LABEL, "scaled_mae").metrics(predictions, labels)  # std 2 and 0.5
    assert scores["a/mae"] == scores["a/rmse"] == 1.0 and scores["b/mae"] == 200.0
    assert scores["b/r2"] == pytest.approx(1 - (100**2 + 300**2) / (2 * 1000**2))
    assert scores["r2"] == pytest.approx((scores["a/r2"] + scores["b/r2"]) / 2)
    assert scores["scaled_mae"] == pytest.approx((1.0 / 2 + 200.0 / 0.5) / 2)
    assert scores["scaled_rmse"] == pytest.approx((1 / 2 + np.sqrt(50_000) / 0.5) / 2)


def test_without_a_training_spread_the_labels_that_are_scored_give_one():
    label = Label("graph", "regression", 3, ("a", "b", "flat"))
    labels = np.array([[1.0, 10.0, 7.0], [3.0, 30.0, 7.0], [5.0, np.nan, 7.0]])
    scores = Regression(label, "scaled_mae").metrics(labels + 1, labels)
    spread = np.std([1, 3, 5]), np.std([10, 30]), 1.0
    assert scores["scaled_mae"] == pytest.approx(np.mean([1 / s for s in spread]))


def test_the_scaled_metric_does_not_depend_on_units():
    rng = np.random.default_rng(0)
    labels, unit = rng.normal(size=(9, 2)), np.array([1.0, 4184.0])
    predictions = labels + rng.normal(size=(9, 2))

    def score(unit):
        label = Label("graph", "regression", 2, mean=(0.0, 0.0), std=tuple(2.0 * unit))
        return Regression(label, "scaled_mae").metrics(predictions * unit, labels * unit)

    assert score(unit)["scaled_mae"] == pytest.approx(score(np.ones(2))["scaled_mae"])


def test_a_target_without_labels_leaves_the_others_their_scores():
    labels = np.array([[np.nan, 5.0], [np.nan, 6.0]])
    scores = Regression(LABEL).metrics(np.array([[0.0, 5.5], [0.0, 6.0]]), labels)
    assert np.isnan(scores["a/mae"]) and np.isnan(scores["a/r2"])
    assert scores["scaled_mae"] == pytest.approx(0.25 / 0.5) and scores["mae"] == 0.25
