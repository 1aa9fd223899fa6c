"""GraphSpec as data, and what no spec can say."""

import json

import numpy as np
import pytest

from gtx.data import Categorical, Continuous, DatasetError, GraphSpec, Label


def full() -> GraphSpec:
    return GraphSpec(
        nodes={"atom": Categorical((119, 5)), "x": Continuous(3)},
        edges={"bond": Categorical((2,), names=(("single", "double"),))},
        pairs={"d": Continuous(1)},
        graphs={"u": Continuous(2, mean=(0.0, -1.5), std=(1.0, 1e9))},
        label=Label("graph", "regression", 2, ("a", "b"), (0.5, 1.0), (2.0, 3.0)),
    )


def test_a_spec_survives_json():
    spec = full()
    assert GraphSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
    assert GraphSpec.from_json(json.loads(json.dumps(GraphSpec().to_json()))) == GraphSpec()


@pytest.mark.usefixtures("untyped")
def test_numbers_of_numpy_become_plain_ones():
    column = Categorical(tuple(np.array([3, 4])))
    assert column == Categorical((3, 4)) and json.dumps(column.sizes) == "[3, 4]"
    label = Label("graph", "regression", 1, mean=(np.float32(1),), std=(np.float64(2),))
    assert json.loads(json.dumps(GraphSpec(label=label).to_json()))["label"]["std"] == [2.0]


VALUES = {
    "no category": (lambda: Categorical((3, 0)), r"sizes\[1\] is 0"),
    "negative size": (lambda: Categorical((-1,)), r"sizes\[0\] is -1"),
    "no size": (lambda: Categorical(()), "Give a tuple with the number of categories"),
    "size beyond int32": (lambda: Categorical((2**40,)), r"sizes\[0\] is 1099511627776"),
    "names of categories too few": (
        lambda: Categorical((2, 1), names=(("a",), ("b",))),
        r"names has \[1, 1\] names for \[2, 1\] categories",
    ),
    "a category twice": (
        lambda: Categorical((2,), names=(("a", "a"),)),
        r"names\[0\]\[1\] is 'a'",
    ),
    "one mean for two columns": (lambda: Continuous(2, mean=(0.0,), std=(1.0,)), "each of 2"),
    "column of std 0": (lambda: Continuous(1, mean=(0.0,), std=(0.0,)), r"std\[0\] is 0.0"),
    "column with a mean alone": (lambda: Continuous(1, mean=(0.0,)), "Give both"),
    "no width": (lambda: Continuous(0), "Continuous: dim is 0"),
    "no target": (lambda: Label("graph", "binary", 0), "Label: dim is 0"),
    "names too many": (
        lambda: Label("graph", "regression", 1, ("a", "b")),
        "2 names for 1 targets",
    ),
    "a name twice": (lambda: Label("graph", "regression", 2, ("a", "a")), r"names\[1\] is 'a'"),
    "an empty name": (lambda: Label("graph", "regression", 2, ("a", "")), r"names\[1\] is ''"),
    "std of 0": (lambda: scaled(std=(0.0,)), r"std\[0\] is 0.0. It must be positive"),
    "std below float32": (lambda: scaled(std=(1e-60,)), r"std\[0\] is 1e-60.*as float32"),
    "negative std": (lambda: scaled(std=(-1.0,)), r"std\[0\] is -1.0"),
    "std of NaN": (lambda: scaled(std=(float("nan"),)), r"std\[0\] is nan"),
    "infinite std": (lambda: scaled(std=(float("inf"),)), r"std\[0\] is inf"),
    "mean of NaN": (lambda: scaled(mean=(float("nan"),)), r"mean\[0\] is nan"),
    "mean beyond float32": (lambda: scaled(mean=(1e300,)), r"mean\[0\] is 1e\+300"),
    "two stds": (lambda: scaled(std=(1.0, 2.0)), "one number for each of 1 targets"),
    "mean alone": (lambda: scaled(std=()), "Give both"),
    "scaled classes": (
        lambda: Label("graph", "binary", 1, mean=(0.0,), std=(1.0,)),
        "of a binary label",
    ),
    "column of no name": (lambda: GraphSpec(nodes={"": Continuous(1)}), r"names of nodes\[0\]"),
    "column of half a character": (
        lambda: GraphSpec(edges={"\ud800": Continuous(1)}),
        r"names of edges\[0\]",
    ),
}


def scaled(mean=(0.0,), std=(1.0,)) -> Label:
    return Label("graph", "regression", 1, mean=mean, std=std)


@pytest.mark.parametrize("case", VALUES)
def test_what_no_column_and_no_label_can_be_is_refused(case):
    make, message = VALUES[case]
    with pytest.raises(DatasetError, match=message):
        make()


def changed(*path, value=None):
    """The JSON of the full spec with another value in one place; without that place if None."""
    data = full().to_json()
    inner = data
    for key in path[:-1]:
        inner = inner[key]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return data


JSON = {
    "no dict": ([], r"spec is \[\]"),
    "no text": (None, "spec is None"),
    "a level missing": (changed("pairs"), r"spec lacks \['pairs'\]"),
    "label missing": (changed("label"), r"spec lacks \['label'\]"),
    "a later level": (changed("sets", value={}), r"unknown fields \['sets'\].*later version"),
    "level of another type": (changed("nodes", value=[1]), r"spec.nodes is \[1\]"),
    "column of another type": (changed("nodes", "x", value=3), "spec.nodes.x is 3"),
    "unknown kind": (changed("nodes", "x", "kind", value="foo"), "spec.nodes.x.*Its kind must"),
    "kind of another type": (changed("nodes", "x", "kind", value=[]), "Its kind must be"),
    "no dim": (changed("nodes", "x", "dim"), r"spec.nodes.x lacks \['dim'\]"),
    "both": (changed("nodes", "x", "sizes", value=[1]), r"unknown fields \['sizes'\]"),
    "half a column": (changed("nodes", "x", "dim", value=2.5), "dim is 2.5"),
    "dim as text": (changed("nodes", "x", "dim", value="3"), "dim is '3'"),
    "bool dim": (changed("nodes", "x", "dim", value=True), "dim is True"),
    "float size": (changed("nodes", "atom", "sizes", value=[119, 5.5]), r"sizes\[1\] is 5.5"),
    "sizes as text": (changed("nodes", "atom", "sizes", value="57"), "sizes is '57'"),
    "one size": (changed("nodes", "atom", "sizes", value=3), "sizes is 3"),
    "label of another type": (changed("label", value="y"), "spec.label is 'y'"),
    "no kind": (changed("label", "kind"), r"spec.label lacks \['kind'\]"),
    "unknown kind of label": (changed("label", "kind", value="foo"), "kind is 'foo'"),
    "unknown level of label": (changed("label", "level", value="foo"), "level is 'foo'"),
    "unknown field": (changed("label", "unit", value="K"), r"unknown fields \['unit'\]"),
    "names as text": (changed("label", "names", value="ab"), "names is 'ab'"),
    "name of another type": (changed("label", "names", value=["a", 1]), r"names\[1\] is 1"),
    "std as text": (changed("label", "std", value=[1.0, "2"]), r"std\[1\] is '2'"),
    "std as bool": (changed("label", "std", value=[1.0, True]), r"std\[1\] is True"),
}


@pytest.mark.parametrize("case", JSON)
@pytest.mark.usefixtures("untyped")
def test_json_that_no_spec_wrote_is_refused_by_the_name_of_its_field(case):
    data, message = JSON[case]
    with pytest.raises(DatasetError, match=message):
        GraphSpec.from_json(data)


@pytest.fixture
def untyped(monkeypatch):
    """Constructors as users have them: the tests' run-time types would refuse before they do."""
    for kind in (Categorical, Continuous, Label, GraphSpec):
        monkeypatch.setattr(kind, "__init__", kind.__init__.__wrapped__)


def test_fields_that_a_label_got_later_have_defaults():
    data = Label("graph", "multiclass", 3)
    spec = GraphSpec(label=data).to_json()
    for name in ("names", "mean", "std"):
        del spec["label"][name]
    assert GraphSpec.from_json(spec).label == data
