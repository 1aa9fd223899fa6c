"""Hidden nodes hold the value that says so, and their labels are what was there."""

import numpy as np
import pytest

from gtx.data import Categorical, Continuous, Dataset, DatasetError, GraphSpec
from gtx.data.masking import (
    HIDDEN,
    hidden_columns,
    masked_label,
    widened,
    with_mask_values,
    with_masked_nodes,
)
from gtx.data.sources import LabelledGraphs


def graphs(level="graph"):
    """Graphs of coloured nodes with two more categories and two numbers."""
    found = LabelledGraphs(level, num_graphs=20).load()
    rng = np.random.default_rng(0)
    rows = found.num_rows("node")
    named = Categorical((2, 3), names=(("a", "b"), ("x", "y", "z")))
    scaled = Continuous(2, mean=(1.0, 2.0), std=(3.0, 4.0))
    return found.with_columns(
        "node",
        dict(kinds=rng.integers(0, 2, (rows, 2)), place=rng.normal(size=(rows, 2))),
        dict(kinds=named, place=scaled),
    )


@pytest.mark.parametrize("level", ["graph", "node"])
def test_valid_and_test_hide_a_share_and_train_hides_nothing(level):
    given = graphs(level)
    found = with_masked_nodes(given, 0.3, seed=3)
    found.check()
    label, table = found.spec.label, found.targets
    heads = ["color", "kinds 0", "kinds 1", "place"]
    assert label.kind == "mixed" and [part.name for part in label.parts] == heads
    assert [part.dim for part in label.parts] == [4, 2, 3, 2]
    assert label.parts[2].names == ("x", "y", "z")
    wanted = [given.nodes[name] for name in ("color", "kinds", "place")]
    np.testing.assert_array_equal(table.labels, np.concatenate(wanted, axis=1)[table.index])

    node_graph = np.repeat(np.arange(20), given.num_nodes)
    part = np.array([0, 0, 0, 1, 2])[node_graph % 5]
    hidden = np.zeros(len(part), bool)
    hidden[table.index[table.split > 0]] = True
    assert set(np.flatnonzero(part == 0)) == set(table.index[table.split == 0])
    np.testing.assert_array_equal(table.split, part[table.index])
    assert 0.15 < hidden[part > 0].mean() < 0.45
    rows = dict(color=[4], kinds=[2, 3], place=[0, 0, 1])
    for name, row in rows.items():
        values = found.nodes[name]
        np.testing.assert_array_equal(values[hidden], np.tile(row, (hidden.sum(), 1)))
        width = given.nodes[name].shape[1]
        np.testing.assert_array_equal(values[~hidden, :width], given.nodes[name][~hidden])
        assert not values[~hidden, width:].any()
    assert found.spec.nodes["kinds"].names == (("a", "b", HIDDEN), ("x", "y", "z", HIDDEN))
    assert found.spec.nodes["place"].std == (3.0, 4.0, 1.0)
    assert found.spec.replace(label=None) == widened(given.spec).replace(label=None)
    assert hidden_columns(found.spec) == ("color", "kinds", "place")


def test_the_draw_follows_the_graph_and_not_its_place():
    given = graphs()
    whole = with_masked_nodes(given, 0.3, seed=3)
    few = with_masked_nodes(given.select([19, 18, 5, 3]), 0.3, seed=3)
    for place, graph in enumerate([19, 18, 5, 3]):
        mine, same = few[place].nodes["color"], whole[graph].nodes["color"]
        np.testing.assert_array_equal(mine, same)
    other = with_masked_nodes(given, 0.3, seed=4)
    assert not np.array_equal(whole.nodes["color"], other.nodes["color"])


def test_one_column_has_a_label_of_its_own_kind():
    given = graphs()
    classes = with_masked_nodes(given, 0.3, columns=["color"])
    assert classes.spec.label.kind == "multiclass" and classes.spec.label.dim == 4
    assert classes.targets.labels.dtype == np.int32
    assert classes.spec.nodes["place"] == given.spec.nodes["place"]
    numbers = with_masked_nodes(given, 0.3, columns=["place"])
    assert numbers.spec.label.kind == "regression" and numbers.targets.labels.shape[1] == 2
    later = with_mask_values(given, ["place"])
    assert later.spec.nodes == numbers.spec.nodes and later.spec.label == given.spec.label


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: with_masked_nodes(graphs(), 1.0), r"Give one in \(0, 1\)"),
        (lambda: with_masked_nodes(graphs(), 0.1, columns=["colour"]), "no node columns"),
        (lambda: with_masked_nodes(graphs("edge"), 0.1), "split of graphs or of nodes"),
        (lambda: with_masked_nodes(graphs(), 1e-6), "none was drawn"),
        (
            lambda: with_masked_nodes(graphs().with_split(np.full(20, 2)), 0.1),
            "no node is in train",
        ),
        (
            lambda: masked_label(GraphSpec(nodes=dict(type=Categorical((1,))))),
            "one category each",
        ),
    ],
)
def test_what_cannot_be_hidden_is_refused(change, message):
    with pytest.raises(DatasetError, match=message):
        change()


def test_graphs_without_labels_can_be_hidden():
    given = graphs().without_labels()
    assert isinstance(given, Dataset)
    assert len(with_masked_nodes(given, 0.3).part("test").targets) > 0
