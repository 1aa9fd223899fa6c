"""Scales fitted on train."""

import json

import numpy as np
import pytest

from gtx.data import Dataset, DatasetError, Scaler, standardize, with_descriptors
from gtx.data.class_weights import with_class_weights
from gtx.data.labels import check_trainable
from gtx.graphs import from_arrays


def dataset_with(labels, split):
    graphs = [from_arrays([], [], n_node=1) for _ in labels]
    return Dataset.from_graphs(graphs, labels, split=split)


def test_mean_and_std_are_of_train_without_missing_labels():
    labels = np.array([[1.0, 7.0], [3.0, np.nan], [100.0, 100.0], [np.nan, 7.0]])
    dataset = standardize(dataset_with(labels, [0, 0, 2, 0]))
    assert dataset.spec.label.mean == (2.0, 7.0)
    assert dataset.spec.label.std == (1.0, 1.0)  # a constant target is not divided by 0
    np.testing.assert_array_equal(dataset.targets.labels, labels.astype(np.float32))


def test_a_target_in_a_large_unit_is_not_taken_for_a_constant():
    labels = np.array([[1e-14, 0.1, 0.0], [3e-14, 0.1, 0.0], [5e-14, 0.1, 0.0]])
    label = standardize(dataset_with(labels, [0, 0, 0])).spec.label
    np.testing.assert_allclose(label.std, [np.std(labels[:, 0]), 1.0, 1.0], rtol=1e-6)


def test_targets_of_weight_0_are_left_out_of_all_that_is_fitted_to_labels():
    dataset = dataset_with([1.0, 3.0, 1e6], [0, 0, 0])
    weights = [0.5, 2.0, 0.0]  # the third is known to be wrong
    weighted = dataset.with_targets(
        "graph", labels=dataset.targets.labels, label=dataset.spec.label, weights=weights
    )
    label = standardize(weighted).spec.label
    assert label.mean == (2.0,) and label.std == (1.0,)
    several = dataset_with(np.array([0, 1, 1]), [0, 0, 0])
    several = several.with_targets(
        "graph", labels=several.targets.labels, label=several.spec.label, weights=weights
    )
    assert with_class_weights(several, "balanced").spec.label.class_weights == (1.0, 1.0)
    unseen = dataset.with_targets(
        "graph", labels=[[np.nan], [np.nan], [1.0]], label=dataset.spec.label, weights=weights
    )
    with pytest.raises(DatasetError, match=r"train part \(3 graphs, 1 of them of weight 0\)"):
        check_trainable(unseen)


def test_labels_of_nodes_are_standardised_over_the_nodes_of_train():
    graphs = [from_arrays([], [], n_node=count) for count in (2, 1)]
    dataset = Dataset.from_graphs(graphs, [1.0, 2.0, 50.0], split=["train", "test"])
    label = standardize(dataset).spec.label
    assert label.level == "node" and label.mean == (1.5,) and label.std == (0.5,)


def test_what_cannot_be_standardised_is_refused():
    with pytest.raises(DatasetError, match="target 0 has no label in the train part"):
        standardize(dataset_with([1.0, 2.0], None))
    with pytest.raises(DatasetError, match="this has a multiclass label"):
        standardize(dataset_with([1, 2], [0, 0]))


def test_a_scaler_keeps_what_is_finite_and_varies():
    rng = np.random.default_rng(0)
    normal = rng.normal(3.0, 2.0, 4000)
    values = np.stack([normal, np.full(4000, 5.0), np.full(4000, np.nan), normal, normal], axis=1)
    values[7, 3] = np.inf
    values[:, 4] = 0.0
    values[5, 4] = 1.0  # half and more are equal: the interquartile range is 0
    scaler = Scaler.fit(values, ["a", "constant", "nan", "inf", "rare"])
    assert scaler.names == ("a", "rare")
    assert scaler.center[0] == pytest.approx(3.0, abs=0.1)
    assert scaler.scale[0] == pytest.approx(2.0, abs=0.1)
    assert scaler.scale[1] == pytest.approx(np.std(values[:, 4]))


def test_a_scaler_is_applied_by_name_and_clips():
    scaler = Scaler(("a", "b"), (1.0, 0.0), (2.0, 1.0), clip=3.0)
    values = np.array([[9.0, 1.0, 5.0], [9.0, 1e300, np.nan], [9.0, -np.inf, 0.0]])
    scaled = scaler(values, ["other", "b", "a"])
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal(scaled, [[2.0, 1.0], [0.0, 3.0], [-0.5, -3.0]])
    with pytest.raises(DatasetError, match=r"\['a'\] that were fitted are not there"):
        scaler(values[:, :1], ["b"])


def test_scalers_side_by_side_scale_as_each_does():
    one = Scaler(("a", "b", "c"), (1.0, 0.0, 4.0), (2.0, 1.0, 0.1), clip=3.0).only(("c", "a"))
    assert one == Scaler(("c", "a"), (4.0, 1.0), (0.1, 2.0), clip=3.0)
    two = Scaler(("c", "a"), (-1.0, 50.0), (5.0, 7.0), clip=3.0)
    both = Scaler.side_by_side([one, two])
    values, names = np.array([[9.0, 5.0], [np.nan, 4.1], [60.0, -2.0]]), ["a", "c"]
    assert (one.width, both.width) == (2, 4)
    expected = np.concatenate([one(values, names), two(values, names)], axis=1)
    np.testing.assert_array_equal(both(values, names), expected)
    with pytest.raises(DatasetError, match="not stored"):
        both.to_json()
    with pytest.raises(DatasetError, match="not of the same columns"):
        Scaler.side_by_side([one, two.only(("a", "c"))])


def test_a_scaler_survives_json():
    scaler = Scaler(("a", "b"), (1.0, 0.1), (2.0, 1e-9), clip=3.0)
    assert Scaler.from_json(json.loads(json.dumps(scaler.to_json()))) == scaler


def test_nothing_to_scale_is_refused():
    with pytest.raises(DatasetError, match="none of 2 columns over 3 rows"):
        Scaler.fit(np.ones((3, 2)), ["a", "b"])


def test_descriptors_are_fitted_on_train_and_applied_again():
    pytest.importorskip("rdkit", reason="descriptors need RDKit (extra: molecules)")
    from gtx.data import molecules

    train = ["CCO", "CCC", "c1ccccc1", "CC(=O)O"]
    dataset, _ = molecules.from_smiles([*train, "C" * 30])
    dataset = dataset.with_split([0, 0, 0, 0, 2])
    with_all, scaler = with_descriptors(dataset)
    _, alone = with_descriptors(dataset.part("train"))
    assert scaler == alone
    again, same = with_descriptors(dataset.part("test"), scaler)
    assert same is scaler
    np.testing.assert_array_equal(
        again.graphs["descriptors"], with_all.part("test").graphs["descriptors"]
    )
    with pytest.raises(DatasetError, match="need names that are SMILES"):
        with_descriptors(dataset_with([1.0], [0]))
