"""Known and missing labels, checks that a target can be learned, and changes of a label's kind."""

import dataclasses
from collections.abc import Iterator
from typing import Literal

import numpy as np

from gtx.data.check import DatasetError
from gtx.data.dataset import Dataset
from gtx.data.spec import Label


def known(labels: np.ndarray, label: Label) -> np.ndarray:
    """True where a label is not missing: bool [rows, targets], one for multiclass and sequences."""
    labels = np.asarray(labels)
    if label.kind == "sequence":
        labels = labels[:, :1]  # a sequence is there if its first word is
    return labels[:, None] >= 0 if label.kind == "multiclass" else ~np.isnan(labels)


def check_trainable(train: Dataset) -> None:
    """Refuse to train on a target without any label in the training part, of a weight above 0.

    Args:
      train: the training part.

    Raises:
      DatasetError: names the targets.
    """
    labels, label = train.targets.labels, train.spec.label
    if labels is None or label is None:
        raise DatasetError("dataset: the train part has no labels. Add them with with_targets.")
    counted = train.targets.counted
    there = known(labels, label)[counted].any(axis=0)
    if there.all():
        return
    rows = f"{len(labels)} {label.level}s"
    if not counted.all():
        rows += f", {np.sum(~counted)} of them of weight 0"
    if label.kind == "multiclass":
        raise DatasetError(
            f"dataset: none of the {rows} of the train part has a class. Give them classes, or "
            "take another split."
        )
    names = column_names(label)
    missing = [names[target] for target in np.flatnonzero(~there)]
    raise DatasetError(
        f"dataset: target {', '.join(missing)} has no label in the train part ({rows}), so nothing "
        "can be learned of it. Leave it out, or take another split."
    )


def column_names(label: Label) -> tuple[str, ...]:
    """A name for each column of the labels: that of its target, or its number without names."""
    if label.kind == "mixed":
        return tuple(
            part.name if part.num_columns == 1 else f"{part.name} {name}"
            for part in label.parts
            for name in column_names(part)
        )
    if label.kind == "sequence":
        return (label.name or "words",)
    if label.kind == "multiclass":
        return (label.name or "class",)
    return label.names or tuple(map(str, range(label.dim)))


def parts_of(label: Label) -> Iterator[tuple[Label, slice, slice]]:
    """Each part of a mixed label, its columns of the labels, and its columns of the outputs."""
    column = output = 0
    for part in label.parts:
        yield (
            part,
            slice(column, column + part.num_columns),
            slice(output, output + part.dim),
        )
        column, output = column + part.num_columns, output + part.dim


def label_of_kind(label: Label, kind: Literal["auto", "binary", "multiclass"]) -> Label:
    """Converts a label of two classes to a binary label, or a binary label to two classes.

    Args:
      label: a label of two classes, or binary with one target; any label for "auto".
      kind: the wanted kind; "auto" does not change it.

    Raises:
      DatasetError: the label does not have two classes.
    """
    if kind in ("auto", label.kind):
        return label
    classes = {"multiclass": 2, "binary": 1}
    if label.dim != classes.get(label.kind):
        raise DatasetError(
            f"dataset: a {label.kind} label with {label.dim} targets or classes cannot become "
            f"{kind}. That needs two classes, or one yes or no; leave the kind as it is."
        )
    if kind == "binary":
        return dataclasses.replace(label, kind="binary", dim=1, names=label.names[1:])
    names = tuple(word + name for name in label.names for word in ("not ", ""))
    return dataclasses.replace(label, kind="multiclass", dim=2, names=names)


def of_kind(dataset: Dataset, kind: Literal["auto", "binary", "multiclass"]) -> Dataset:
    """The dataset with its label converted by `label_of_kind`; class 1 is the positive one.

    As a binary label two classes can be scored by ROC-AUC, as classes by accuracy.
    """
    if kind == "auto":
        return dataset
    old, table = dataset.spec.label, dataset.targets
    if old is None or table.labels is None:
        raise DatasetError("dataset: there are no labels. Add them with with_targets.")
    label = label_of_kind(old, kind)
    if label == old:
        return dataset
    # Floats with NaN are a common form: missing classes are -1, missing binary labels NaN.
    values = table.labels.reshape(len(table)).astype(np.float64)
    values[~known(table.labels, old)[:, 0]] = np.nan
    return dataset.with_targets(
        table.level, table.index, values, table.split, label=label, weights=table.weights
    )


# Of one of several classes together; each class has columns with other endings.
_OF_CLASS = ("measured", "predicted", "disagreement", "set")


def heading(part: Label, column: str) -> str:
    """The heading of a column of a part of a mixed label in a table, such as `toxic_predicted`."""
    name, _, suffix = column.rpartition("_")
    of_class = part.kind == "multiclass" and suffix in _OF_CLASS
    if of_class or part.dim == 1:
        return f"{part.name}_{suffix}"
    return f"{part.name} {name}_{suffix}"
