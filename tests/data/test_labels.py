import numpy as np
import pytest

from gtx.data import Dataset, DatasetError, GraphSpec, Label
from gtx.data.labels import check_trainable, known, of_kind


def dataset(labels, label):
    count = np.arange(len(labels) + 1)
    return Dataset.from_columns(
        node_ptr=count, edge_ptr=0 * count, senders=[], receivers=[], labels=labels,
        spec=GraphSpec(label=label),
    )  # fmt: skip


def test_a_label_is_known_unless_it_is_nan_or_minus_one():
    label = Label("graph", "regression", 2)
    np.testing.assert_array_equal(
        known(np.array([[0.0, np.nan], [-1.0, 2.0]]), label), [[True, False], [True, True]]
    )
    classes = Label("graph", "multiclass", 3)
    np.testing.assert_array_equal(known(np.array([0, -1, 2]), classes), [[True], [False], [True]])


@pytest.mark.parametrize("kind", ["regression", "multilabel"])
def test_targets_without_a_label_to_learn_from_are_named(kind):
    label = Label("graph", kind, 3, ("logS", "pKa", "logP"))
    labels = np.array([[0.0, np.nan, np.nan], [1.0, np.nan, np.nan]])
    with pytest.raises(DatasetError, match=r"target pKa, logP has no label in the train part \(2"):
        check_trainable(dataset(labels, label))
    labels[1] = 1.0
    check_trainable(dataset(labels, label))


def test_classes_that_are_all_missing_are_refused():
    graphs = dataset(np.array([-1, -1, 2]), Label("graph", "multiclass", 3))
    check_trainable(graphs)
    with pytest.raises(DatasetError, match="none of the 2 graphs of the train part has a class"):
        check_trainable(graphs.select([0, 1]))


def test_a_dataset_without_labels_is_refused():
    with pytest.raises(DatasetError, match="the train part has no labels"):
        check_trainable(dataset(np.zeros((2, 1)), Label("graph", "regression", 1)).without_labels())


def test_two_classes_become_a_yes_or_no_and_come_back():
    label = Label("graph", "multiclass", 2, ("free", "mine"))
    classes = dataset(np.array([0, 1, -1]), label)
    binary = of_kind(classes, "binary")
    assert binary.spec.label == Label("graph", "binary", 1, ("mine",))
    np.testing.assert_array_equal(binary.targets.labels, [[0], [1], [np.nan]])
    back = of_kind(binary, "multiclass")
    assert back.spec.label == Label("graph", "multiclass", 2, ("not mine", "mine"))
    np.testing.assert_array_equal(back.targets.labels, classes.targets.labels)
    assert of_kind(classes, "auto") is classes and of_kind(binary, "binary") is binary
    with pytest.raises(DatasetError, match="regression label with 1 targets.*cannot become binary"):
        of_kind(dataset(np.zeros((2, 1)), Label("graph", "regression", 1)), "binary")
