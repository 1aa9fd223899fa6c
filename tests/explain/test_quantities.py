"""What is explained of each kind of label, against the predictions of its task."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.data import Label
from gtx.explain import ExplainError
from gtx.explain.quantities import quantities
from gtx.tasks import Binary, Mixed, Multiclass, Regression

RNG = np.random.default_rng(0)
REGRESSION = Regression(
    Label("graph", "regression", 2, ("logS", "logP"), mean=(1.0, -2.0), std=(0.5, 3.0), name="of")
)
CLASSES = Multiclass(Label("graph", "multiclass", 3, ("a", "b", "c"), name="kind"), "accuracy")
TOXIC = Binary(Label("graph", "binary", 1, ("toxic",), name="toxic"))


def odds(task, outputs):
    p = np.asarray(task.predictions(outputs), np.float64)
    return np.log(p / (1 - p))


def test_a_regression_target_is_explained_in_its_unit():
    outputs = jnp.asarray(RNG.normal(size=(5, 2)), jnp.float32)
    found = quantities(REGRESSION)
    np.testing.assert_array_equal(found.of(outputs), REGRESSION.predictions(outputs))
    assert found.names == ("logS", "logP") and set(found.units) == {"prediction"}
    assert found.place("logP") == found.place(1) == 1


@pytest.mark.parametrize(("task", "dim"), [(CLASSES, 3), (TOXIC, 1)])
def test_a_class_is_explained_by_its_log_odds(task, dim):
    outputs = jnp.asarray(RNG.normal(size=(5, dim)), jnp.float32)
    found = quantities(task)
    np.testing.assert_allclose(found.of(outputs), odds(task, outputs), rtol=1e-4, atol=1e-5)
    assert set(found.units) == {"log-odds"}


def test_log_odds_of_a_sure_class_are_finite_with_a_gradient():
    outputs = jnp.array([[60.0, -60.0, 0.0]])
    slopes = jax.jacobian(lambda x: quantities(CLASSES).of(x)[0])(outputs)
    np.testing.assert_allclose(quantities(CLASSES).of(outputs), [[60, -120, -60]], atol=1e-4)
    assert np.isfinite(slopes).all() and slopes[0, 0, 0] == 1


def test_the_heads_of_a_mixed_label_have_their_own_kinds():
    heads = (REGRESSION, CLASSES, TOXIC)
    label = Label("graph", "mixed", 6, parts=tuple(head.label for head in heads))
    task = Mixed(label, "of/mae", heads)
    outputs = jnp.asarray(RNG.normal(size=(4, 6)), jnp.float32)
    found = quantities(task)
    expected = [
        REGRESSION.predictions(outputs[:, :2]),
        odds(CLASSES, outputs[:, 2:5]),
        odds(TOXIC, outputs[:, 5:]),
    ]
    np.testing.assert_allclose(
        found.of(outputs), np.concatenate(expected, axis=1), rtol=1e-4, atol=1e-5
    )
    assert found.names == ("of logS", "of logP", "kind a", "kind b", "kind c", "toxic")
    assert found.units == ("prediction",) * 2 + ("log-odds",) * 4
    with pytest.raises(ExplainError, match="no target 'b'. The model has of logS"):
        found.place("b")
