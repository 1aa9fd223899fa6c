"""Several heads in one model: the loss, predictions and scores are those of each head alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.data import DatasetError, GraphSpec, Label, standardize
from gtx.data.labels import column_names
from gtx.data.sources import LabelledGraphs
from gtx.data.spec import mixed_label
from gtx.tasks import Binary, Mixed, Multiclass, Regression, from_label
from tests.tasks.labelled import batch

VALUE = Label("node", "regression", 1, mean=(1.0,), std=(2.0,), name="value")
FLAGS = Label("node", "multilabel", 2, ("a", "b"), name="flags")
KIND = Label("node", "multiclass", 3, name="kind")
LABEL = mixed_label([VALUE, FLAGS, KIND])
LABELS = np.array([[1, 0, 1, 2], [3, 1, np.nan, np.nan], [np.nan, 0, 0, 0], [5, 1, 1, 1]], float)
MASK = np.array([True, True, True, False])


def alone(outputs, labels):
    """Each head with its own columns."""
    classes = np.nan_to_num(labels[:, 3], nan=-1).astype(np.int32)
    return [
        (Regression(VALUE), outputs[:, :1], labels[:, :1]),
        (Binary(FLAGS), outputs[:, 1:3], labels[:, 1:3]),
        (Multiclass(KIND), outputs[:, 3:], classes),
    ]


@pytest.mark.parametrize("weights", [(), (1.0, 0.5, 3.0)])
def test_the_loss_is_that_of_all_heads_and_padding_and_gaps_have_none(weights):
    outputs = jnp.asarray(np.random.default_rng(0).normal(size=(4, 6)), jnp.float32)
    task = from_label(LABEL, head_weights=weights)
    total, count = task.loss(outputs, batch(LABELS, MASK, "node"))
    found = [
        head.loss(own, batch(labels, MASK, "node")) for head, own, labels in alone(outputs, LABELS)
    ]
    factors = weights or (1, 1, 1)
    np.testing.assert_allclose(
        total, sum(f * one for f, (one, _) in zip(factors, found, strict=True)), rtol=1e-6
    )
    np.testing.assert_allclose(count, sum(f * n for f, (_, n) in zip(factors, found, strict=True)))
    assert [int(n) for _, n in found] == [2, 5, 2]
    gradient = jax.grad(lambda x: task.loss(x, batch(LABELS, MASK, "node"))[0])(
        outputs.at[3].set(jnp.nan).at[2, 0].set(jnp.inf)
    )
    assert np.isfinite(gradient).all() and not np.any(gradient[3]) and gradient[2, 0] == 0


def test_predictions_and_scores_are_those_of_the_heads():
    outputs = jnp.asarray(np.random.default_rng(1).normal(size=(4, 6)), jnp.float32)
    task = from_label(LABEL)
    predictions = np.asarray(task.predictions(outputs))
    scores, place = task.metrics(predictions, LABELS), 0
    for (head, own, labels), name in zip(
        alone(outputs, LABELS), ("value", "flags", "kind"), strict=True
    ):
        mine = np.asarray(head.predictions(own))
        np.testing.assert_array_equal(predictions[:, place : place + mine.shape[1]], mine)
        place += mine.shape[1]
        for metric, value in head.metrics(mine, labels).items():
            target, _, metric = metric.rpartition("/")
            key = f"{name}{' ' * bool(target)}{target}/{metric}"
            np.testing.assert_array_equal(scores[key], value)
    assert set(task.metric_names) <= set(scores)
    assert task.undefined(LABELS[:2])[0].startswith("flags: target 0 (a)") is False
    assert any(reason.startswith("kind: mcc is undefined") for reason in task.undefined(LABELS[:2]))


def test_the_main_metric_is_that_of_the_first_head_or_one_by_name():
    assert from_label(LABEL).main_metric == "value/mae" and from_label(LABEL).mode == "min"
    task = from_label(LABEL, metric="flags/roc_auc", loss="mse")
    assert (task.mode, task.heads[0].loss_name) == ("max", "mse")
    without = mixed_label([part for part in LABEL.parts if part.kind != "regression"])
    with pytest.raises(ValueError, match="is that of regression heads, and this label has none"):
        from_label(without, loss="mse")
    with pytest.raises(ValueError, match="main_metric='mae' is not a metric of Mixed"):
        from_label(LABEL, metric="mae")
    with pytest.raises(ValueError, match="head_weights has 1 numbers for 3 heads"):
        from_label(LABEL, head_weights=(1.0,))
    with pytest.raises(ValueError, match="head_weights are for a mixed label"):
        from_label(VALUE, head_weights=(1.0,))
    with pytest.raises(ValueError, match="one head for each of its parts"):
        Mixed(LABEL, "value/mae", (Regression(VALUE),))


def test_a_mixed_label_survives_json_and_older_labels_keep_their_text():
    spec = GraphSpec(label=LABEL)
    assert GraphSpec.from_json(spec.to_json()) == spec
    assert LABEL.dim == 6 and LABEL.num_columns == 4
    assert column_names(LABEL) == ("value", "flags a", "flags b", "kind")
    plain = GraphSpec(label=Label("graph", "binary", 1)).to_json()["label"]
    assert set(plain) == {"level", "kind", "dim", "names", "mean", "std"}


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([], "there are no parts"),
        ([VALUE, VALUE], "a name of its own"),
        ([Label("graph", "binary", 1)], "a name of its own"),
        ([VALUE, Label("graph", "binary", 1, name="other")], "of another level"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(parts, message):
    with pytest.raises(DatasetError, match=message):
        mixed_label(parts)


def test_the_regression_heads_are_standardised_and_wrong_classes_are_refused():
    dataset = LabelledGraphs("node", "mixed", 10, missing=0.2).load()
    label = standardize(dataset).spec.label
    train = dataset.part("train").targets.labels[:, 0]
    np.testing.assert_allclose(label.parts[0].mean, np.nanmean(train), rtol=1e-6)
    np.testing.assert_allclose(label.parts[0].std, np.nanstd(train), rtol=1e-6)
    for wrong, message in ((3.0, "a class below 3"), (0.5, "the number of a class")):
        labels = dataset.targets.labels.copy()
        labels[0, 2] = wrong
        with pytest.raises(DatasetError, match=message):
            dataset.with_targets("node", None, labels, label=dataset.spec.label)
