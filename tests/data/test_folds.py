"""Folds: every graph is tested once, and what belongs together stays together."""

import numpy as np
import pytest

from gtx.data import Dataset, DatasetError, folds, molecules, smiles
from gtx.graphs import from_arrays

TRAIN, VALID, TEST = range(3)


def dataset_of(count):
    return Dataset.from_graphs([from_arrays([], [], n_node=1) for _ in range(count)])


@pytest.mark.parametrize(("count", "number"), [(23, 5), (10, 10), (7, 2)])
def test_every_graph_is_tested_once_and_parts_are_even(count, number):
    dataset = dataset_of(count)
    found = folds.folds(dataset, number, seed=3)
    splits = [found.split(dataset, fold, 0.2).targets.split for fold in range(number)]
    np.testing.assert_array_equal(np.sum([split == TEST for split in splits], axis=0), 1)
    sizes = np.array([np.bincount(split, minlength=3) for split in splits])
    assert np.ptp(sizes[:, TEST]) <= 1
    assert len(set(sizes[:, TRAIN])) == 1 and sizes.min() > 0
    smallest = count - sizes[:, TEST].max()
    assert sizes[:, VALID].min() == max(1, round(0.2 * smallest))


def test_folds_follow_the_seed():
    dataset = dataset_of(40)
    one, again, other = (folds.folds(dataset, 4, seed=seed).fold for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    first = folds.folds(dataset, 4, seed=1)
    a, b = (first.split(dataset, fold, 0.3).targets.split == VALID for fold in (0, 1))
    assert a.sum() == b.sum() and (a != b).any()


def test_without_a_validation_part_the_rest_is_train():
    dataset = dataset_of(11)
    found = folds.folds(dataset, 3)
    for fold in range(3):
        split = found.split(dataset, fold, 0.0).targets.split
        np.testing.assert_array_equal(split == TEST, found.fold == fold)
        assert set(split.tolist()) == {TRAIN, TEST}


# Ethanol in three spellings, the two alanines, and others.
MOLECULES = (
    "CCO OCC C(O)C C[C@H](N)C(=O)O C[C@@H](N)C(=O)O CCN CCC CCCC c1ccccc1C c1ccccc1CC c1ccccc1 "
    "C1CCCCC1 C1CCCCC1O c1ccncc1 Cc1ccncc1 C1CC1"
).split()


@pytest.fixture(scope="module")
def known():
    pytest.importorskip("rdkit")
    dataset, errors = molecules.from_smiles(MOLECULES)
    assert not errors
    return dataset


@pytest.mark.parametrize(
    ("method", "together"), [("random", smiles.flat_smiles), ("scaffold", smiles.scaffolds)]
)
@pytest.mark.parametrize("seed", range(4))
def test_no_molecule_and_no_scaffold_is_in_two_parts(known, method, together, seed):
    texts = np.array(together(MOLECULES))
    found = folds.folds(known, 3, seed=seed, method=method, molecules=True)
    tested = np.zeros(len(MOLECULES), int)
    for fold in range(3):
        split = found.split(known, fold, 0.35).targets.split
        tested += split == TEST
        for text in set(texts):
            assert len(set(split[texts == text].tolist())) == 1, (text, fold)
        assert set(split.tolist()) == {TRAIN, VALID, TEST}
    assert (tested == 1).all()


def test_a_scaffold_that_is_larger_than_a_fold_is_a_fold(known):
    found = folds.folds(known, 3, method="scaffold", molecules=True)
    chains = np.array(smiles.scaffolds(MOLECULES)) == ""
    assert chains.sum() == 8
    (fold,) = set(found.fold[chains].tolist())
    np.testing.assert_array_equal(found.fold == fold, chains)
    assert sorted(np.bincount(found.fold).tolist()) == [4, 4, 8]


def test_folds_that_cannot_be_are_refused(known):
    for wanted, call in {
        "1 folds": lambda: folds.folds(dataset_of(5), 1),
        "5 different graphs for 6 folds": lambda: folds.folds(dataset_of(5), 6),
        "5 scaffolds for 6": lambda: folds.folds(known, 6, method="scaffold", molecules=True),
        "have no SMILES": lambda: folds.folds(dataset_of(5), 2, method="scaffold"),
        "no method 'size'": lambda: folds.folds(dataset_of(5), 2, method="size"),
        "no fold 2": lambda: folds.folds(dataset_of(5), 2).split(dataset_of(5), 2, 0.1),
        "validation part of 1.0": lambda: folds.folds(dataset_of(5), 2).split(
            dataset_of(5), 0, 1.0
        ),
        "no graph to train on": lambda: folds.folds(dataset_of(2), 2).split(dataset_of(2), 0, 0.5),
    }.items():
        with pytest.raises(DatasetError, match=wanted):
            call()
    pair = molecules.from_smiles(["CC", "CC", "CCC", "CCC"])[0]
    alike = folds.folds(pair, 2, molecules=True)
    with pytest.raises(DatasetError, match="no room for the smallest group .* which has 2"):
        alike.split(pair, 0, 0.5)
