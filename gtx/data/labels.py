"""Which labels are known: a target can be learned only from labels of the training part."""

import numpy as np

from gtx.data.check import DatasetError
from gtx.data.dataset import Dataset
from gtx.data.spec import Label


def known(labels: np.ndarray, label: Label) -> np.ndarray:
    """True where a label is not missing: bool [rows, targets], one target for multiclass."""
    labels = np.asarray(labels)
    return labels[:, None] >= 0 if label.kind == "multiclass" else ~np.isnan(labels)


def check_trainable(train: Dataset) -> None:
    """Refuse to train a target that has no label to learn from.

    Args:
      train: the training part.

    Raises:
      DatasetError: names the targets.
    """
    labels, label = train.targets.labels, train.spec.label
    if labels is None or label is None:
        raise DatasetError("dataset: the train part has no labels. Add them with with_targets.")
    there = known(labels, label).any(axis=0)
    if there.all():
        return
    rows = f"{len(labels)} {label.level}s"
    if label.kind == "multiclass":
        raise DatasetError(
            f"dataset: none of the {rows} of the train part has a class. Give them classes, or "
            "take another split."
        )
    names = label.names or tuple(map(str, range(label.dim)))
    missing = [names[target] for target in np.flatnonzero(~there)]
    raise DatasetError(
        f"dataset: target {', '.join(missing)} has no label in the train part ({rows}), so nothing "
        "can be learned of it. Leave it out, or take another split."
    )
