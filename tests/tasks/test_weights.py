"""Weights of targets and of classes in the loss, against numpy and scikit-learn."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from gtx.batching import batch_graphs
from gtx.data import DatasetError, Label
from gtx.data.class_weights import with_class_weights
from gtx.data.sources import LabelledGraphs
from gtx.tasks import Binary, Multiclass, Regression, from_label
from tests.tasks.labelled import batch

WEIGHTS = np.array([2.0, 0.5, 0.0, 3.0, 7.0], np.float32)
MASK = np.array([True] * 4 + [False])


def weighted(labels, level="graph"):
    found = batch(labels, MASK, level)
    return found.replace(targets=dataclasses.replace(found.targets, weights=WEIGHTS))


@pytest.mark.parametrize("balanced", [False, True])
def test_the_loss_of_classes_is_a_weighted_mean(balanced):
    rng = np.random.default_rng(0)
    of_class = (0.5, 2.0, 4.0) if balanced else ()
    task = Multiclass(Label("node", "multiclass", 3, class_weights=of_class))
    labels, outputs = np.array([0, 2, 1, 1, 2], np.int32), rng.normal(size=(5, 3))
    total, count = task.loss(jnp.asarray(outputs, jnp.float32), weighted(labels, "node"))
    log_p = outputs - np.log(np.exp(outputs).sum(1, keepdims=True))
    weights = WEIGHTS * np.array(of_class or (1, 1, 1))[labels] * MASK
    np.testing.assert_allclose(count, weights.sum(), rtol=1e-6)
    np.testing.assert_allclose(total, -(weights * log_p[range(5), labels]).sum(), rtol=1e-5)


@pytest.mark.parametrize("balanced", [False, True])
def test_the_loss_of_yes_or_no_is_a_weighted_mean(balanced):
    rng = np.random.default_rng(1)
    of_class = (0.5, 2.0, 4.0, 1.0) if balanced else ()
    task = Binary(Label("graph", "multilabel", 2, class_weights=of_class))
    labels = rng.integers(0, 2, (5, 2)).astype(float)
    labels[0, 1] = np.nan
    outputs = rng.normal(size=(5, 2))
    total, count = task.loss(jnp.asarray(outputs, jnp.float32), weighted(labels))
    p = 1 / (1 + np.exp(-outputs))
    losses = -np.log(np.where(labels == 1, p, 1 - p))
    no, yes = np.array(of_class or (1, 1, 1, 1)).reshape(2, 2).T
    weights = WEIGHTS[:, None] * np.where(labels == 1, yes, no) * MASK[:, None] * ~np.isnan(labels)
    np.testing.assert_allclose(count, weights.sum(), rtol=1e-6)
    np.testing.assert_allclose(total, (weights * losses).sum(), rtol=1e-5)


def test_the_loss_of_regression_is_a_weighted_mean_and_weight_0_has_no_gradient():
    task = Regression(Label("graph", "regression", 1), loss_name="mse")
    labels, outputs = np.array([[1.0], [2], [3], [np.nan], [5]]), jnp.zeros((5, 1))
    total, count = task.loss(outputs, weighted(labels))
    assert (total, count) == (2 * 1 + 0.5 * 4, 2.5)
    gradient = jax.grad(lambda outputs: task.loss(outputs, weighted(labels))[0])(outputs)
    np.testing.assert_array_equal(gradient[:, 0], [-4, -2, 0, 0, 0])


@given(st.integers(0, 2**32 - 1), st.sampled_from(["multiclass", "binary", "multilabel", "mixed"]))
@settings(deadline=None, max_examples=20)
def test_balanced_weights_are_those_of_sklearn_over_the_train_part(seed, kind):
    dataset = LabelledGraphs("node", kind, 10, missing=0.3, split_seed=seed % 1000).load()
    label = with_class_weights(dataset, "balanced").spec.label
    train = dataset.part("train").targets.labels
    columns = train[:, None] if kind == "multiclass" else train
    found = [label] if kind != "mixed" else label.parts
    weights = np.concatenate([part.class_weights for part in found])
    if kind == "mixed":
        assert found[0].class_weights == ()
        columns = train[:, 1:]
    expected = []
    for column, classes in zip(columns.T, {"multiclass": [3], "mixed": [2, 3]}.get(kind, [2, 2])):  # noqa: B905
        known = column[~np.isnan(column) & (column >= 0)].astype(int)
        there = np.unique(known)
        each = np.ones(classes)
        each[there] = compute_class_weight("balanced", classes=there, y=known)
        each[there] *= len(there) / classes
        expected.append(each)
    np.testing.assert_allclose(weights, np.concatenate(expected))


def test_weights_that_do_not_fit_are_refused():
    dataset = LabelledGraphs("node", "multiclass", 5).load()
    with pytest.raises(DatasetError, match="class_weights .* multiclass label 3 numbers"):
        with_class_weights(dataset, (1.0, 2.0))
    with pytest.raises(DatasetError, match="need a label of classes, this has a regression"):
        with_class_weights(LabelledGraphs(num_graphs=5).load(), "balanced")
    with pytest.raises(DatasetError, match="mixed label are numbers of its parts"):
        with_class_weights(LabelledGraphs(kind="mixed", num_graphs=5).load(), (1.0,))
    label = with_class_weights(dataset, "balanced").spec.label
    with pytest.raises(ValueError, match="Take one of the two"):
        from_label(label, loss="weighted_cross_entropy")


@pytest.mark.parametrize("level", ["graph", "node", "edge", "pair"])
def test_a_batch_holds_the_weight_of_every_target(level):
    dataset = LabelledGraphs(level, num_graphs=5, weighted=True).load()
    dataset.targets.labels[:, 0] = dataset.targets.weights  # so that both must stay together
    targets = batch_graphs(dataset.part("train")).targets
    np.testing.assert_array_equal(targets.weights, targets.labels[:, 0])
    assert set(np.asarray(targets.weights[targets.mask]).tolist()) == {1, 2}
    assert not np.any(np.asarray(targets.weights)[~np.asarray(targets.mask)])


def test_weights_of_targets_multiply_the_loss_of_their_column():
    rng = np.random.default_rng(7)
    labels, outputs = rng.normal(size=(2, 5, 3)).astype(np.float32)
    labels[1, 2] = np.nan
    of_targets, known = np.array([1.0, 3.0, 0.5]), MASK[:, None] & ~np.isnan(labels)
    each = np.where(known, WEIGHTS[:, None] * of_targets, 0)
    numbers = from_label(Label("graph", "regression", 3), target_weights=(1.0, 3.0, 0.5))
    loss, count = numbers.loss(jnp.asarray(outputs), weighted(labels))
    expected = np.nansum(each * np.abs(outputs - labels)) / each.sum()
    np.testing.assert_allclose(loss / count, expected, rtol=1e-5)
    truths = np.where(np.isnan(labels), np.nan, labels > 0).astype(np.float32)
    several = from_label(Label("graph", "multilabel", 3), target_weights=(1.0, 3.0, 0.5))
    loss, count = several.loss(jnp.asarray(outputs), weighted(truths))
    losses = np.log1p(np.exp(np.float64(outputs))) - np.nan_to_num(truths) * outputs
    np.testing.assert_allclose(loss / count, (each * losses).sum() / each.sum(), rtol=1e-5)
    for label, wrong in (
        (Label("graph", "regression", 2), (1.0,)),
        (Label("graph", "regression", 2), (1.0, float("nan"))),
        (Label("graph", "multiclass", 2), (1.0, 2.0)),
        (Label("graph", "binary", 1), (1.0,)),
    ):
        with pytest.raises(ValueError, match="target_weights"):
            from_label(label, target_weights=wrong)


@pytest.mark.parametrize("kind", ["regression", "multiclass"])
def test_targets_of_weight_0_are_in_no_score(kind):
    rng = np.random.default_rng(0)
    dataset = LabelledGraphs("graph", kind, 6).load()
    weights = np.array([1, 0, 2, 1, 0, 3], np.float32)
    label, labels = dataset.spec.label, dataset.targets.labels
    dataset = dataset.with_targets("graph", labels=labels, label=label, weights=weights)
    said, task, kept = rng.random((6, label.dim)), from_label(label), weights > 0
    expected = task.metrics(said[kept], labels[kept])
    assert task.score(said, dataset) == pytest.approx(expected, nan_ok=True)
    assert task.score(said, dataset) != pytest.approx(task.metrics(said, labels), nan_ok=True)
