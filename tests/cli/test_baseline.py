"""The forest beside the model: missing labels, targets of their own, no test part."""

import numpy as np
import pytest

from gtx import tasks
from gtx.cli import baseline
from gtx.data import Label, molecules
from tests.trained import SMILES

pytest.importorskip("rdkit", reason="fingerprints need the extra `molecules`")


def dataset(labels, split, label=None):
    graphs, _ = molecules.from_smiles(SMILES)
    label = label or Label("graph", "regression", labels.shape[1], ("a", "b")[: labels.shape[1]])
    return graphs.with_targets("graph", labels=labels, label=label).with_split(split)


@pytest.fixture
def labels():
    length = np.array([float(len(smiles)) for smiles in SMILES])
    return np.stack([length, 100 * length], axis=1)


SPLIT = np.resize([0, 0, 0, 1, 2], len(SMILES))


def test_targets_whose_labels_are_missing_elsewhere_keep_a_forest_each(labels):
    labels[::2, 1] = np.nan  # no molecule is left out of the forest of the first target
    graphs = dataset(labels, SPLIT)
    both = baseline.forest_scores(graphs, tasks.from_label(graphs.spec.label), seed=0)
    alone = dataset(labels[:, :1], SPLIT)
    first = baseline.forest_scores(alone, tasks.from_label(alone.spec.label), seed=0)
    assert {name: both[f"a/{name}"] for name in first} == first
    assert both["b/mae"] > both["a/mae"] > 0


def test_a_test_part_without_labels_or_graphs_has_no_scores(labels):
    labels[SPLIT == 2, 0] = np.nan
    graphs = dataset(labels, SPLIT)
    scores = baseline.forest_scores(graphs, tasks.from_label(graphs.spec.label), seed=0)
    assert np.isnan(scores["a/mae"]) and scores["b/mae"] > 0
    graphs = dataset(labels, np.minimum(SPLIT, 1))
    scores = baseline.forest_scores(graphs, tasks.from_label(graphs.spec.label), seed=0)
    assert all(np.isnan(value) for value in scores.values())


def test_molecules_in_no_part_or_of_weight_0_are_not_seen(labels):
    left_out = np.flatnonzero(SPLIT == 0)[:4]
    known, expected = labels[:, :1], labels[:, :1].copy()
    expected[left_out] = np.nan  # training may not see these labels
    graphs = dataset(expected, SPLIT)
    task = tasks.from_label(graphs.spec.label)
    wanted = baseline.forest_scores(graphs, task, seed=0)
    split, weights = SPLIT.copy(), np.ones(len(SPLIT))
    split[left_out[:2]], weights[left_out[2:]] = -1, 0
    weighted = dataset(known, SPLIT).with_targets(
        "graph", labels=known, label=graphs.spec.label, weights=weights
    )
    assert baseline.forest_scores(weighted.with_split(split), task, seed=0) == wanted


def by_hand(wanted, rows):
    """Probabilities of a classifier of scikit-learn for the test molecules."""
    from sklearn.ensemble import RandomForestClassifier

    counts = molecules.morgan_counts(SMILES)
    forest = RandomForestClassifier(500, random_state=0).fit(counts[rows], wanted[rows])
    return forest.predict_proba(counts[SPLIT == 2])


def test_yes_or_no_targets_have_classifiers_of_their_own():
    labels = np.stack(
        [["O" in smiles for smiles in SMILES], [len(smiles) > 4 for smiles in SMILES]], axis=1
    ).astype(np.float32)
    labels[1, 0] = np.nan
    label = Label("graph", "binary", 2, ("oxygen", "long"))
    graphs = dataset(labels, SPLIT, label)
    task = tasks.from_label(label)
    rows = SPLIT != 2
    expected = np.stack(
        [
            by_hand(labels[:, 0], rows & ~np.isnan(labels[:, 0]))[:, 1],
            by_hand(labels[:, 1], rows)[:, 1],
        ],
        axis=1,
    )
    assert baseline.forest_scores(graphs, task, seed=0) == task.metrics(
        expected, labels[SPLIT == 2]
    )


def test_a_class_of_several_may_be_missing_or_unknown():
    labels = np.array([min(smiles.count("C"), 2) for smiles in SMILES])
    labels = np.where(labels == 1, 3, labels)  # no molecule is of class 1
    labels[2] = -1
    label = Label("graph", "multiclass", 4)
    task = tasks.from_label(label)
    expected = np.zeros(((SPLIT == 2).sum(), 4))
    expected[:, [0, 2, 3]] = by_hand(labels, (SPLIT != 2) & (labels >= 0))
    scores = baseline.forest_scores(dataset(labels, SPLIT, label), task, seed=0)
    assert scores == pytest.approx(task.metrics(expected, labels[SPLIT == 2]), nan_ok=True)
    assert scores["accuracy"] > 0
