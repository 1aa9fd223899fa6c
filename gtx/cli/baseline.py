"""A random forest on Morgan count fingerprints, the usual first model of a chemist."""

import numpy as np

from gtx.data import SPLITS, Dataset, molecules
from gtx.tasks import Task


def forest_scores(dataset: Dataset, task: Task, *, seed: int) -> dict[str, float]:
    """Test scores of forests of 500 trees that are trained on train and validation molecules.

    The forest needs no validation part to choose parameters, so it is trained on it too. It then
    sees the same molecules as the model and its selection together, and none that is in no part or
    has weight 0. Targets with labels for the same molecules share a forest.
    """
    from sklearn.ensemble import RandomForestRegressor

    labels = dataset.targets.labels
    if dataset.names is None or labels is None or dataset.targets.level != "graph":
        raise ValueError("the forest needs the SMILES of the dataset and labels of its molecules.")
    test = dataset.targets.split == SPLITS.index("test")
    if not test.any():
        return task.metrics(labels[test], labels[test])
    counts = molecules.morgan_counts(list(dataset.names[dataset.target_graph]))
    seen = (dataset.targets.split >= 0) & ~test & dataset.targets.counted
    known = seen[:, None] & np.isfinite(labels)
    predictions = np.zeros(labels[test].shape)
    for rows in {column.tobytes(): column for column in known.T}.values():
        shared = (known == rows[:, None]).all(axis=0)
        targets = labels[rows][:, shared]
        forest = RandomForestRegressor(500, n_jobs=-1, random_state=seed)
        forest.fit(counts[rows], targets[:, 0] if targets.shape[1] == 1 else targets)
        predictions[:, shared] = forest.predict(counts[test]).reshape(-1, targets.shape[1])
    return task.metrics(predictions, labels[test])
