"""Whatever targets and classes are called, each column of a table of predictions is one thing."""

import numpy as np
import pytest

from gtx.cli.predicted_columns import Asked, columns
from gtx.data import DatasetError, Label
from gtx.data.spec import mixed_label
from gtx.uncertainty.calibration import Fitted

# Names that end as columns do, that are what columns begin with, and that hold what they hold.
NAMES = (
    "a",
    "a_std",
    "a_predicted",
    "a_std_std",
    "class",
    "class_set",
    "b",
    "b a",
    "train",
    "error",
    "1",
)
PER_TARGET = {"regression": ("predicted", "std", "lower", "upper"),
              "multilabel": ("predicted", "std", "calibrated", "set"),
              "multiclass": ("probability", "std", "calibrated")}  # fmt: skip
OF_CLASS = ("predicted", "disagreement", "set")


def asked(label):
    count = 1 if label.kind == "multiclass" else label.dim
    fitted = Fitted("any", label.kind, (), temperature=1.0, platt=(1.0, 0.0))
    return Asked((fitted,) * count, coverage=0.9, calibrated=True)


def predictions(label, seed=0):
    values = np.random.default_rng(seed).dirichlet(np.ones(max(label.dim, 2)), (2, 3))
    return values[:, :, : label.dim].astype(np.float32)


def expected(label):
    found = [f"{name}_{end}" for name in label.names for end in PER_TARGET[label.kind]]
    several = label.kind == "multiclass"
    return sorted(found + [f"class_{end}" for end in OF_CLASS if several])


@pytest.mark.parametrize("kind", PER_TARGET)
def test_every_target_has_all_of_its_columns(kind):
    label = Label("graph", kind, len(NAMES), NAMES)
    given = predictions(label)
    found = columns(label, given, asked(label))
    assert sorted(found) == expected(label)
    # The cells are those of a target alone, whose name is not that of others.
    end = PER_TARGET[kind][0]
    for place, name in enumerate(NAMES):
        values = [float(cell) for cell in found[f"{name}_{end}"]]
        np.testing.assert_allclose(values, given.mean(axis=0)[:, place], rtol=1e-5)


def test_parts_of_a_mixed_label_have_columns_of_their_own():
    parts = (
        Label("graph", "regression", 1, ("logS",), name="class"),
        Label("graph", "multilabel", 3, ("class", "tox", "b"), name="tox"),
        Label("graph", "multiclass", 2, ("class", "color"), name="color"),
    )
    label = mixed_label(parts)
    given = np.concatenate([predictions(part, seed) for seed, part in enumerate(parts)], axis=2)
    targets = asked(parts[0]).targets + asked(parts[1]).targets + asked(parts[2]).targets
    found = columns(label, given, Asked(targets, 0.9, True))
    assert len(found) == sum(len(expected(part)) for part in parts)
    for column, place in (
        ("class_predicted", 0), ("tox class_predicted", 1), ("tox tox_predicted", 2),
        ("color class_probability", 4), ("color color_probability", 5),
    ):  # fmt: skip
        values = [float(cell) for cell in found[column]]
        np.testing.assert_allclose(values, given.mean(axis=0)[:, place], rtol=1e-5)
    assert set(found["color_predicted"]) <= {"class", "color"}


def test_parts_that_would_share_a_column_are_refused():
    classes = Label("graph", "multiclass", 2, ("x", "y"), name="a")
    with pytest.raises(DatasetError, match="in tables 'a x' would stand for two"):
        mixed_label((classes, Label("graph", "regression", 1, name="a x")))
    numbers = Label("graph", "regression", 2, name="a")
    with pytest.raises(DatasetError, match="in tables 'a 1' would stand for two"):
        mixed_label((Label("graph", "binary", 1, name="a 1"), numbers))
    mixed_label((classes, Label("graph", "regression", 1, name="a z")))
    several = (("a", ("b c", "d")), ("a b", ("c", "d")))
    with pytest.raises(DatasetError, match="in tables 'a b c' would stand for two"):
        mixed_label([Label("graph", "multiclass", 2, names, name=name) for name, names in several])


def test_a_set_of_classes_can_be_read_back():
    names = ("a|b", "a", "b", "none")
    label = Label("graph", "multiclass", 4, names)
    fitted = Fitted("any", "multiclass", (0.75,) * 20)
    rows = np.array([[0.4, 0.3, 0.3, 0], [0, 0.5, 0.5, 0], [0, 0, 0, 1], [0.2, 0.24, 0.24, 0.24]])
    found = columns(label, rows.astype(np.float32), Asked((fitted,), coverage=0.5))
    assert found["class_set"] == ['"a|b"|a|b', "a|b", '"none"', "none"]
