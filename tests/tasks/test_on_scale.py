"""A task whose programs know no scale says the same as the task, in one program for all scales."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.batching import fit_budget
from gtx.data import Label
from gtx.data.spec import mixed_label
from gtx.tasks import Binary, Mixed, OnScale, Regression, from_label, on_scale
from gtx.training.evaluation import Evaluator
from tests.tasks.labelled import batch
from tests.training import small

SEVERAL = Label("graph", "regression", 2, ("a", "b"), mean=(1000.0, -2.0), std=(200.0, 0.5))
MIXED = mixed_label(
    [
        Label("graph", "multiclass", 3, name="kind"),
        Label("graph", "regression", 1, mean=(7.0,), std=(3.0,), name="value"),
        Label("graph", "binary", 1, name="flag"),
    ]
)
MASK = np.array([True] * 5 + [False])


def labels_of(label):
    rng = np.random.default_rng(1)
    if label.kind == "regression":
        found = rng.normal(label.mean, label.std, (6, 2))
        found[1, 0] = found[3] = np.nan
        return found.astype(np.float32)
    kind, flag = rng.integers(0, 3, 6), rng.integers(0, 2, 6)
    found = np.stack([kind, rng.normal(7, 3, 6), flag], axis=1)
    found[2, 0] = found[4, 1] = np.nan
    return found.astype(np.float32)


def dataset_of(label):
    plain = small.dataset(6)
    spec = plain.spec.replace(label=label)
    return dataclasses.replace(
        plain, spec=spec, targets=plain.targets.replace(labels=labels_of(label))
    )


@pytest.mark.parametrize("label", [SEVERAL, MIXED], ids=["regression", "mixed"])
def test_the_loss_and_what_is_predicted_are_those_of_the_task(label):
    task, dataset = from_label(label), dataset_of(label)
    scaled = on_scale(task)
    assert isinstance(scaled, OnScale) and scaled.metric_names == task.metric_names
    outputs = jnp.asarray(np.random.default_rng(0).normal(size=(6, label.dim)), jnp.float32)

    def both(task):
        labels = task.on_model_scale(dataset).targets.labels
        return *task.loss(outputs, batch(labels, MASK)), task.predictions(outputs)

    loss, count, predicted = jax.jit(lambda: both(task))()
    own_loss, own_count, own = jax.jit(lambda: both(scaled))()
    np.testing.assert_allclose(own_loss, loss, rtol=1e-5)
    assert own_count == count
    np.testing.assert_allclose(scaled.in_own_unit(np.asarray(own)), predicted, rtol=1e-6)
    assert scaled.metrics(np.asarray(predicted), dataset.targets.labels) == pytest.approx(
        task.metrics(np.asarray(predicted), dataset.targets.labels), nan_ok=True
    )
    assert (scaled.mode, scaled.output_dim) == (task.mode, task.output_dim)


def test_two_scales_have_one_program_and_tasks_without_a_scale_are_themselves():
    def text(mean, std):
        task = on_scale(Regression(dataclasses.replace(SEVERAL, mean=mean, std=std)))
        labels = jnp.zeros((6, 2))
        program = jax.jit(lambda labels: task.loss(labels + 1, batch(labels, MASK)))
        return program.lower(labels).as_text()

    assert text((0.0, 1.0), (2.0, 3.0)) == text((5.0, 6.0), (7.0, 8.0))
    without = Regression(dataclasses.replace(SEVERAL, mean=(), std=()))
    binary = Binary(Label("graph", "binary", 1))
    assert on_scale(without) is without and on_scale(binary) is binary
    assert isinstance(on_scale(from_label(MIXED)).task, Mixed)


@pytest.mark.slow
def test_an_evaluator_predicts_and_scores_in_the_unit_of_the_labels():
    data = small.dataset(7)
    budget, model = fit_budget(data, 4), small.Small()
    task = small.task()
    one = Evaluator(model, task, budget)
    other = Evaluator(model, on_scale(task), budget)
    batches = one.prepare(data)
    variables = jax.jit(lambda key, part: model.init(key, part))(
        jax.random.key(0), jax.tree.map(lambda leaf: leaf[0, 0], batches[0][1])
    )
    expected, found = one(variables, data), other(variables, data)
    np.testing.assert_allclose(found.predictions, expected.predictions, rtol=1e-5)
    assert found.loss == pytest.approx(expected.loss, rel=1e-5)
    assert found.metrics == pytest.approx(expected.metrics, rel=1e-5)
