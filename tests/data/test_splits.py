"""Splits: sizes, disjointness, determinism."""

import numpy as np
import pytest

from gtx.data import Dataset, DatasetError, GraphSpec, Label, molecules, packed, splits
from gtx.graphs import from_arrays
from tests.data.files import data_folder


def dataset_of(count):
    return Dataset.from_graphs([from_arrays([], [], n_node=1) for _ in range(count)])


def test_random_parts_have_their_sizes_and_follow_the_seed():
    one = splits.random(dataset_of(103), (0.8, 0.1, 0.1), seed=1).targets.split
    np.testing.assert_array_equal(np.bincount(one), [82, 10, 11])
    np.testing.assert_array_equal(one, splits.random(dataset_of(103), seed=1).targets.split)
    assert np.any(one != splits.random(dataset_of(103), seed=2).targets.split)


@pytest.mark.parametrize(
    "fractions",
    [(0.8, 0.1, 0.2), (1.2, -0.1, -0.1), (0.5, 0.5), (np.nan, 0.5, 0.5), (np.inf, 0.0, 0.0)],
)
def test_fractions_that_are_none_are_refused(fractions):
    with pytest.raises(DatasetError, match="sum to 1"):
        splits._sizes(10, fractions)


def test_every_graph_is_tested_in_one_fold():
    dataset = dataset_of(23)
    tested = [splits.k_fold(dataset, 5, fold).targets.split == 2 for fold in range(5)]
    np.testing.assert_array_equal(np.sum(tested, axis=0), np.ones(23))
    assert {int(mask.sum()) for mask in tested} == {4, 5}
    for fold, folds in ((5, 5), (0, 1), (0, 24)):
        with pytest.raises(DatasetError, match=f"fold {fold} of {folds}"):
            splits.k_fold(dataset, folds, fold)


def test_a_given_split_is_taken_and_checked():
    dataset = splits.given(dataset_of(5), train=[0, 3], test=[1])
    np.testing.assert_array_equal(dataset.targets.split, [0, 2, -1, 0, -1])
    with pytest.raises(DatasetError, match="graph 3 is in train and in valid"):
        splits.given(dataset_of(5), train=[0, 3], valid=[3])
    with pytest.raises(DatasetError, match="test has int64 places from 2 to 5 for 5 graphs"):
        splits.given(dataset_of(5), train=[0], test=[2, 5])


def test_validation_is_taken_out_of_train_alone():
    dataset = splits.given(dataset_of(20), train=np.arange(12), test=np.arange(12, 20))
    split = splits.with_validation(dataset, 0.25, seed=4).targets.split
    np.testing.assert_array_equal(np.bincount(split), [9, 3, 8])
    np.testing.assert_array_equal(split[12:], 2)
    np.testing.assert_array_equal(
        split, splits.with_validation(dataset, 0.25, seed=4).targets.split
    )
    np.testing.assert_array_equal(dataset.targets.split[:12], 0)


def test_validation_without_train_is_refused():
    with pytest.raises(DatasetError, match="out of 0 train graphs"):
        splits.with_validation(dataset_of(5), 0.1)
    with pytest.raises(DatasetError, match="no method 'best' by graph"):
        dataset = splits.given(dataset_of(5), train=np.arange(5))
        splits.with_validation(dataset, 0.5, method="best")


def test_scaffolds_need_names():
    with pytest.raises(DatasetError, match="SMILES as names"):
        splits.scaffold(dataset_of(5))


def rings():
    """Six benzenes, three cyclohexanes, one cyclopropane, one chain of atoms."""
    pytest.importorskip("rdkit", reason="scaffolds need RDKit (extra: molecules)")
    smiles = ["C" * n + "c1ccccc1" for n in range(6)]
    smiles += ["C" * n + "C1CCCCC1" for n in range(1, 4)] + ["CCCC1CC1", "CCC"]
    return molecules.from_smiles(smiles)[0]


def test_no_scaffold_stands_in_two_parts():
    dataset = splits.scaffold(rings(), (0.6, 0.3, 0.1))
    np.testing.assert_array_equal(dataset.targets.split, [0] * 6 + [1] * 3 + [2, 2])


def test_validation_by_scaffold_takes_whole_scaffolds():
    dataset = splits.given(rings(), train=np.arange(11))
    split = splits.with_validation(dataset, 0.4, method="scaffold").targets.split
    assert len(set(split[:6])) == len(set(split[6:9])) == 1
    assert 0 < np.sum(split == 1) <= 4
    benzenes = splits.given(rings(), train=np.arange(6))
    with pytest.raises(DatasetError, match="every scaffold has more"):
        splits.with_validation(benzenes, 0.3, method="scaffold")


def test_duplicates_are_found_whatever_their_stereo():
    pytest.importorskip("rdkit", reason="canonical SMILES need RDKit (extra: molecules)")
    dataset, _ = molecules.from_smiles(["C[C@H](N)O", "OCC", "C[C@@H](N)O", "CCO", "CCC", "CCC"])
    dataset = dataset.with_split(["train", "valid", "test", "test", "test", "test"])
    np.testing.assert_array_equal(
        splits.duplicates_across(dataset), [False, False, True, True, False, False]
    )


@pytest.mark.parametrize("name", ["esol", "bbbp", "clintox"])
def test_the_scaffold_split_is_that_of_moleculenet(name):
    pytest.importorskip("rdkit", reason="scaffolds need RDKit (extra: molecules)")
    dataset = packed.load(data_folder() / f"moleculenet/{name}.npz")
    np.testing.assert_array_equal(splits.scaffold(dataset).targets.split, dataset.targets.split)


@pytest.mark.parametrize(
    ("count", "fractions", "part"),
    [
        (5, (0.8, 0.1, 0.1), "valid"),
        (9, (0.9, 0.0, 0.1), None),
        (3, (0.9, 0.0, 0.1), None),
        (1, (0.5, 0.0, 0.5), "train"),
        (1, (0.0, 0.0, 1.0), None),
        (100, (0.995, 0.0, 0.005), None),
        (10, (0.9, 0.01, 0.09), "valid"),
    ],
)
def test_a_part_that_was_asked_for_is_never_empty(count, fractions, part):
    if part is None:
        counts = np.bincount(splits.random(dataset_of(count), fractions).targets.split, minlength=3)
        np.testing.assert_array_equal(counts > 0, np.array(fractions) > 0)
    else:
        with pytest.raises(DatasetError, match=f"{part} is empty.* of {count} graphs"):
            splits.random(dataset_of(count), fractions)


def with_scaffolds(*sizes):
    """Molecules of rings of 3, 4, ... atoms, so many of each; those of size 0 are left out."""
    pytest.importorskip("rdkit", reason="scaffolds need RDKit (extra: molecules)")
    smiles = []
    for place, size in enumerate(sizes):
        ring = "C1" + "C" * (place + 1) + "C1"
        smiles += ["C" * n + ring for n in range(size)]
    return molecules.from_smiles(smiles, features="types")[0]


@pytest.mark.parametrize(
    ("sizes", "fractions", "parts"),
    [
        ((85, *[1] * 15), (0.8, 0.1, 0.1), [85, 8, 7]),  # larger than train
        ((45, 45, *[1] * 10), (0.8, 0.1, 0.1), [90, 5, 5]),  # together larger than train
        ((60, 20, 10, 10), (0.8, 0.1, 0.1), [80, 10, 10]),
        ((15, *[1] * 5), (0.5, 0.5, 0.0), [15, 5, 0]),
        ((15, *[1] * 5), (0.5, 0.0, 0.5), [15, 0, 5]),
        ((6,), (1.0, 0.0, 0.0), [6, 0, 0]),
        ((6, 2), (0.0, 0.0, 1.0), [0, 0, 8]),
    ],
)
def test_the_largest_scaffolds_are_trained_on(sizes, fractions, parts):
    split = splits.scaffold(with_scaffolds(*sizes), fractions).targets.split
    np.testing.assert_array_equal(np.bincount(split, minlength=3), parts)
    start = 0
    for size in sizes:
        assert len(set(split[start : start + size])) == 1
        start += size


@pytest.mark.parametrize(("sizes", "part"), [((30,), "valid"), ((28, 2), "test")])
def test_a_part_without_a_scaffold_is_refused(sizes, part):
    with pytest.raises(DatasetError, match=f"(valid|{part}) is empty.*number of scaffolds is"):
        splits.scaffold(with_scaffolds(*sizes))


@pytest.mark.parametrize("fraction", [float("nan"), 0.0, 1.0, -0.5, 0.99])
def test_a_validation_fraction_that_leaves_nothing_is_refused(fraction):
    dataset = splits.given(dataset_of(10), train=np.arange(10))
    with pytest.raises(DatasetError, match="cannot take a fraction"):
        splits.with_validation(dataset, fraction)


def test_duplicates_are_found_whatever_their_spelling():
    pytest.importorskip("rdkit", reason="canonical SMILES need RDKit (extra: molecules)")
    texts = ["CCO", "[CH3:1][CH2:2][OH:3]", "[2H]C([2H])([2H])CO", "[H]C([H])([H])CO", "CCO.Cl"]
    dataset, _ = molecules.from_smiles(texts)
    dataset = dataset.with_split(["train", "test", "test", "test", "test"])
    np.testing.assert_array_equal(
        splits.duplicates_across(dataset), [False, True, True, True, False]
    )


def test_map_numbers_do_not_divide_a_scaffold():
    pytest.importorskip("rdkit", reason="scaffolds need RDKit (extra: molecules)")
    texts = ["Cc1ccccc1", "[CH3:1][c:2]1[cH:3][cH:4][cH:5][cH:6][cH:7]1", "C1CC1", "C1CCC1"]
    split = splits.scaffold(molecules.from_smiles(texts)[0], (0.5, 0.25, 0.25)).targets.split
    np.testing.assert_array_equal(split, [0, 0, 2, 1])


def one_graph(count):
    graph = from_arrays([], [], n_node=count, nodes={"x": np.ones((count, 1))})
    return Dataset.from_graphs(graph).with_targets("node", labels=np.arange(float(count)))


def test_the_targets_of_one_graph_are_split_without_a_copy():
    dataset = one_graph(40)
    parted = splits.random(dataset, (0.5, 0.25, 0.25), seed=2, by="target")
    np.testing.assert_array_equal(np.bincount(parted.targets.split), [20, 10, 10])
    assert parted.nodes["x"] is dataset.nodes["x"]
    with pytest.raises(DatasetError, match="train is empty.*of 1 graphs"):
        splits.random(dataset)
    trained = splits.given(dataset, train=range(30), test=range(30, 40), by="target")
    more = splits.with_validation(trained, 0.2, seed=1, by="target").targets.split
    np.testing.assert_array_equal(np.bincount(more), [24, 6, 10])
    with pytest.raises(DatasetError, match="no method 'scaffold' by target"):
        splits.with_validation(trained, 0.2, method="scaffold", by="target")


def test_a_smaller_train_part_is_a_subset_of_a_larger_one_and_leaves_the_others_alone():
    dataset = splits.random(dataset_of(30), (0.5, 0.2, 0.3))
    before = dataset.targets.split
    large, small = (
        splits.with_smaller_train(dataset, count, seed=2).targets.split for count in (10, 4)
    )
    for split, count in ((large, 10), (small, 4)):
        assert (split == 0).sum() == count
        np.testing.assert_array_equal(split[before != 0], before[before != 0])
        assert set(split[before == 0]) == {0, -1}
    assert set(np.flatnonzero(small == 0)) < set(np.flatnonzero(large == 0))
    other = splits.with_smaller_train(dataset, 10, seed=3).targets.split
    assert (other != large).any()
    same = splits.with_smaller_train(dataset, 15).targets.split
    np.testing.assert_array_equal(same, before)
    for count in (0, 16):
        with pytest.raises(DatasetError, match=f"keep {count} of 15 train graphs.* 1 to 15"):
            splits.with_smaller_train(dataset, count)


def test_columns_of_masks_are_folds():
    dataset, rng = one_graph(12), np.random.default_rng(0)
    part = rng.integers(0, 4, (12, 3))
    masks = dict(train=part == 0, valid=part == 1, test=part == 2)
    for fold in range(3):
        found = splits.masks(dataset, **masks, fold=fold)
        np.testing.assert_array_equal(found.targets.split, np.where(part == 3, -1, part)[:, fold])
        assert found.nodes["x"] is dataset.nodes["x"]
    alone = splits.masks(dataset, **{name: mask[:, 1] for name, mask in masks.items()})
    np.testing.assert_array_equal(alone.targets.split, np.where(part == 3, -1, part)[:, 1])
    with pytest.raises(DatasetError, match="no fold 3 in the mask train, which has 3"):
        splits.masks(dataset, **masks, fold=3)
    with pytest.raises(DatasetError, match=r"mask valid is bool of shape \(11, 3\) for 12 targets"):
        splits.masks(dataset, **(masks | dict(valid=masks["valid"][1:])))
    with pytest.raises(DatasetError, match="target .* is in train and in test"):
        splits.masks(dataset, **(masks | dict(test=masks["train"])))


def labelled(labels):
    graph = from_arrays([0], [1], n_node=[len(labels)])
    label = Label("node", "multiclass", int(max(labels)) + 1)
    return Dataset.from_graphs([graph]).with_targets("node", labels=np.array(labels), label=label)


def test_a_split_by_class_is_that_of_torch_with_this_seed():
    """The places were drawn by torch 2.13 with manual_seed(123) and randperm of each class."""
    labels = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, -1]
    split = splits.per_class(labelled(labels), 2, valid=3, test=4, seed=123).targets.split
    expected = [-1, -1, 1, 1, 2, 2, 1, 0, 0, 2, 0, 0, 0, 2, -1]
    np.testing.assert_array_equal(split, expected)
    other = splits.per_class(labelled(labels), 2, valid=3, test=4, seed=124).targets.split
    assert np.any(other != split) and split[-1] == -1


def test_a_split_by_class_needs_classes_and_enough_of_each():
    with pytest.raises(DatasetError, match=r"cannot be had of classes with \[3, 2\] targets"):
        splits.per_class(labelled([0, 1, 0, 1, 0]), 3, valid=0, test=0)
    with pytest.raises(DatasetError, match="2 targets of each class"):
        splits.per_class(labelled([0, 1, 0, 1, 0]), 2, valid=1, test=1)
    with pytest.raises(DatasetError, match="multiclass label"):
        splits.per_class(dataset_of(4), 1, valid=1, test=1)


@pytest.mark.parametrize("level", ["edge", "pair"])
def test_both_directions_of_an_edge_are_in_one_part(level):
    edges = np.array([[a, b] for a in range(12) for b in range(a)])
    both = np.concatenate([edges, edges[:, ::-1]])
    spec = GraphSpec(label=Label(level, "regression", 1))
    graph = Dataset.from_columns(
        node_ptr=[0, 12], edge_ptr=[0, len(both)], senders=both[:, 0], receivers=both[:, 1],
        spec=GraphSpec(),
    ).with_targets(
        level, None if level == "edge" else both, labels=np.zeros((len(both), 1)), label=spec.label
    )  # fmt: skip
    ends = np.stack([graph.senders, graph.receivers], axis=1) if level == "edge" else both

    def parts(split):
        found = {}
        for pair, part in zip(map(frozenset, ends.tolist()), split.tolist(), strict=True):
            assert found.setdefault(pair, part) == part
        assert len(found) == len(edges)

    found = splits.random(graph, (0.6, 0.2, 0.2), by="target").targets.split
    parts(found)
    np.testing.assert_allclose(np.bincount(found) / len(found), [0.6, 0.2, 0.2], atol=0.02)
    less = splits.with_validation(
        splits.random(graph, (0.8, 0.0, 0.2), by="target"), 0.25, by="target"
    ).targets.split
    parts(less)
    np.testing.assert_allclose(np.bincount(less) / len(less), [0.6, 0.2, 0.2], atol=0.02)
