"""A random forest on Morgan count fingerprints: what a chemist would try first."""

import numpy as np
from ml_collections import ConfigDict

from gtx import build
from gtx.data import Dataset, Label, molecules
from gtx.tasks import Task


def check(config: ConfigDict, label: Label) -> None:
    """Refuse a forest that cannot be grown before the model is trained, not after."""
    if not build.reads_smiles(config) or label.kind != "regression" or label.level != "graph":
        raise build.ConfigError(
            "config.baseline: the forest regresses labels of molecules; this recipe has a "
            f"{label.kind} label of each {label.level} from the source {config.data.name!r}. "
            "Set it to False."
        )


def forest_scores(dataset: Dataset, task: Task, *, seed: int) -> dict[str, float]:
    """Test scores of a 500-tree forest that saw train and validation molecules.

    The forest has no choices to make, so it learns from the validation part as well: the
    same molecules that the model and its selection saw together.
    """
    from sklearn.ensemble import RandomForestRegressor

    if dataset.names is None or dataset.labels is None:
        raise ValueError("the forest needs the SMILES and labels of the dataset")
    counts = molecules.morgan_counts(list(dataset.names))
    test = dataset.split == 2
    labels = dataset.labels
    known = ~test & np.isfinite(labels).all(axis=-1)
    forest = RandomForestRegressor(500, n_jobs=-1, random_state=seed)
    targets = labels[known]
    forest.fit(counts[known], targets[:, 0] if targets.shape[1] == 1 else targets)
    predictions = forest.predict(counts[test]).reshape(labels[test].shape)
    return task.metrics(predictions, labels[test])
