"""Weights of classes in the loss, given or balanced over the train part."""

import dataclasses
from collections.abc import Sequence
from typing import Literal

import numpy as np

from gtx.data.check import DatasetError
from gtx.data.columns import SPLITS
from gtx.data.dataset import Dataset
from gtx.data.labels import parts_of
from gtx.data.spec import Label, mixed_label


def with_class_weights(dataset: Dataset, weights: Literal["balanced"] | Sequence[float]) -> Dataset:
    """Set the label's `class_weights`; the labels do not change.

    Args:
      dataset: its label is binary, multilabel or multiclass; or mixed, of which the parts of these
        kinds get balanced weights.
      weights: one number for each class, for a binary label of 0 and of 1; for multilabel two for
        each target. "balanced" is `known / (classes * known of the class)` over the train part, as
        scikit-learn has it, for each target alone. A class that does not occur there gets 1. Rows
        of weight 0 are left out.

    Raises:
      DatasetError: there is no such label, or the number of weights is wrong.
    """
    label, table = dataset.spec.label, dataset.targets
    if label is None or table.labels is None or label.kind in ("regression", "sequence"):
        kind = "no label" if label is None else f"a {label.kind} label"
        raise DatasetError(
            f"dataset: class weights need a label of classes, this has {kind}. Leave them out."
        )
    if weights == "balanced":
        labels = table.labels[(table.split == SPLITS.index("train")) & table.counted]
        changed = _balanced(label, labels)
    elif label.kind == "mixed":
        raise DatasetError(
            "dataset: class weights of a mixed label are numbers of its parts. Give 'balanced', or "
            "set class_weights of each part."
        )
    else:
        changed = dataclasses.replace(label, class_weights=tuple(weights))
    return dataclasses.replace(dataset, spec=dataset.spec.replace(label=changed))


def _balanced(label: Label, labels: np.ndarray) -> Label:
    if label.kind == "mixed":
        parts = []
        for part, columns, _ in parts_of(label):
            own = labels[:, columns]
            if part.kind == "multiclass":
                own = np.nan_to_num(own[:, 0], nan=-1).astype(np.int64)
            parts.append(part if part.kind == "regression" else _balanced(part, own))
        return mixed_label(parts)
    if label.kind == "multiclass":
        counts = np.bincount(labels[labels >= 0], minlength=label.dim)[None]
    else:
        counts = np.stack([np.sum(labels == value, axis=0) for value in (0, 1)], axis=1)
    known = counts.sum(axis=1, keepdims=True)
    weights = np.where(counts > 0, known / (counts.shape[1] * np.maximum(counts, 1)), 1.0)
    return dataclasses.replace(label, class_weights=tuple(map(float, weights.reshape(-1))))
