"""A random forest on Morgan count fingerprints, the usual first model of a chemist."""

from collections.abc import Iterator

import numpy as np

from gtx.data import SPLITS, Dataset, DatasetError, molecules, smiles
from gtx.tasks import Task

KINDS = ("regression", "binary", "multiclass")  # of labels
TREES = 500


def check(dataset: Dataset) -> None:
    """Refuse a dataset that no forest can learn from, before a model is trained.

    Raises:
      DatasetError: it has no SMILES, or no labels of its molecules.
      ImportError: the extra `molecules` is missing.
    """
    if dataset.names is None:
        raise DatasetError(
            "baseline: the forest needs SMILES as names of the dataset. It has none."
        )
    if dataset.targets.labels is None or dataset.targets.level != "graph":
        raise DatasetError("baseline: the forest needs labels of the molecules.")
    smiles.rdkit()


def forest_scores(dataset: Dataset, task: Task, *, seed: int) -> dict[str, float]:
    """Test scores of random forests that are trained on train and validation molecules.

    They have 500 trees and scikit-learn's defaults for a regressor or a classifier. A forest needs
    no validation part to choose parameters, so it is trained on it too. It then sees the same
    molecules as the model and its selection together, and none that is in no part or has weight 0;
    other weights, of molecules and of classes, are not used.

    Args:
      dataset: molecules with SMILES and a label of each, of one of KINDS.
      task: what scores the predictions.
      seed: of the forests.

    Raises:
      DatasetError: see `check`.
      ValueError: the labels are not of KINDS.
    """
    check(dataset)
    labels, kind = dataset.targets.labels, task.label.kind
    assert dataset.names is not None and labels is not None
    if kind not in KINDS:
        raise ValueError(f"the forest learns labels of kind {', '.join(KINDS)}, not {kind}.")
    test = dataset.targets.split == SPLITS.index("test")
    if not test.any():
        nothing = (0, task.label.dim) if kind == "multiclass" else labels[test].shape
        return task.metrics(np.zeros(nothing), labels[test])
    counts = molecules.morgan_counts(list(dataset.names[dataset.target_graph]))
    seen = (dataset.targets.split >= 0) & ~test & dataset.targets.counted
    if kind == "multiclass":
        seen &= labels >= 0
        predictions = _shares(counts[seen], labels[seen], counts[test], task.label.dim, seed)
    else:
        predictions = np.zeros(labels[test].shape)
        for known, columns in _known_together(seen[:, None] & np.isfinite(labels)):
            given = counts[known], labels[known][:, columns], counts[test]
            predictions[:, columns] = (_means if kind == "regression" else _ones)(*given, seed)
    return task.metrics(predictions, labels[test])


def _known_together(known: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Sets of rows, and the columns that are known in just these rows; both as masks."""
    for rows in {column.tobytes(): column for column in known.T}.values():
        yield rows, (known == rows[:, None]).all(axis=0)


def _means(given: np.ndarray, wanted: np.ndarray, asked: np.ndarray, seed: int) -> np.ndarray:
    """Of one forest for all columns, [asked, columns]."""
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(TREES, n_jobs=-1, random_state=seed)
    forest.fit(given, wanted[:, 0] if wanted.shape[1] == 1 else wanted)
    return forest.predict(asked).reshape(-1, wanted.shape[1])


def _ones(given: np.ndarray, wanted: np.ndarray, asked: np.ndarray, seed: int) -> np.ndarray:
    """Probabilities of 1, [asked, columns]; of a forest for each column."""
    columns = (_shares(given, column.astype(int), asked, 2, seed)[:, 1] for column in wanted.T)
    return np.stack(list(columns), axis=1)


def _shares(
    given: np.ndarray, wanted: np.ndarray, asked: np.ndarray, classes: int, seed: int
) -> np.ndarray:
    """Probabilities of each class, [asked, classes]; 0 of a class that no molecule has."""
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(TREES, n_jobs=-1, random_state=seed).fit(given, wanted)
    found = np.zeros((len(asked), classes))
    found[:, forest.classes_] = forest.predict_proba(asked)
    return found
