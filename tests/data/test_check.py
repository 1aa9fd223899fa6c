"""Every rule of a Dataset, broken once, and the words of the refusal."""

import dataclasses

import numpy as np
import pytest

from gtx.data import Categorical, Continuous, Dataset, DatasetError, GraphSpec, Label


def small_dataset(**changes):
    """Two graphs, of 2 and 3 nodes, whose numbers in their original dataset are 10 and 11."""
    columns = dict(
        nodes={"type": np.array([0, 1, 2, 0, 1]), "x": np.zeros((5, 2))},
        edges={"w": np.zeros((3, 1))},
        node_ptr=[0, 2, 5],
        edge_ptr=[0, 2, 3],
        senders=np.array([0, 1, 2]),
        receivers=np.array([0, 1, 0]),
        labels=np.array([[0.5], [1.0]]),
        ids=[10, 11],
        names=["CC", "CCO"],
        split=["train", "test"],
    )
    return Dataset.from_columns(**(columns | changes))


def test_the_small_dataset_is_right():
    small_dataset().check()


CASES = {
    "sender": (dict(senders=np.array([0, 1, 3])), r"graph 11 \(CCO\): senders\[0\] is 3.* 3 nodes"),
    "receiver": (dict(receivers=np.array([0, -1, 0])), r"graph 10 \(CC\): receivers\[1\] is -1"),
    "huge receiver": (dict(receivers=np.array([0, 2**40, 0])), r"graph 10 .*receivers\[1\]"),
    "float ids": (dict(senders=np.zeros(3)), "senders has dtype float64"),
    "number of receivers": (dict(receivers=np.array([0])), r"receivers .* shape \(1,\).*\(3,\)"),
    "edge features": (dict(edges={"w": np.zeros((2, 1))}), r"edges\['w'\] has 2 rows for 3 edges"),
    "node features": (dict(nodes={"x": np.zeros((4, 1))}), r"nodes\['x'\] has shape \(4, 1\)"),
    "NaN": (
        dict(nodes={"x": np.array([0, 0, 0, np.nan, 0])}),
        r"graph 11 \(CCO\): nodes\['x'\]\[1, 0\] is nan.*Fill",
    ),
    "negative category": (
        dict(nodes={"type": np.array([0, 1, 2, 0, -1])}),
        r"graph 11 \(CCO\): nodes\['type'\]\[2, 0\] is -1, outside the vocabulary of 3",
    ),
    "huge category": (
        dict(nodes={"type": [0, 0, 2**40, 0, 0]}),
        r"nodes\['type'\]\[2, 0\] is 1099511627776.*integers beyond 32 bits",
    ),
    "text": (dict(nodes={"type": ["C"] * 5}), r"nodes\['type'\] is <U1.*map names to integers"),
    "three axes": (dict(nodes={"x": np.zeros((5, 1, 1))}), "flatten further axes"),
    "node_ptr": (dict(node_ptr=[0, 3, 2]), "node_ptr must be int64 offsets.*np.cumsum"),
    "edge_ptr end": (dict(edge_ptr=[0, 2, 4]), "edge_ptr must be int64 offsets"),
    "pointers": (dict(edge_ptr=[0, 3]), "node_ptr is for 2 graphs, edge_ptr for 1"),
    "names": (dict(names=["CC"]), r"names has shape \(1,\) for 2 graphs"),
    "ids": (dict(ids=[-1, 0]), r"ids\[0\] is -1. It must be from 0"),
    "infinite label": (
        dict(labels=[0.0, np.inf]),
        r"graph 11 \(CCO\): label of target 0 is inf.*finite number, or NaN",
    ),
    "label count": (dict(labels=[0.0, 1.0, 2.0]), r"labels has shape \(3, 1\) for 2 targets"),
    "text labels": (dict(labels=["a", "b"]), "labels are <U1.*Give numbers"),
    "class": (dict(labels=[-2, 1]), r"graph 10 \(CC\): label is -2.*class below 2, or -1"),
    "multilabel": (
        dict(labels=np.array([[0, 1], [3, 1]])),
        r"graph 11 \(CCO\): label of target 0 is 3.0.*0 or 1, or NaN",
    ),
    "float split": (dict(split=[0.0, 1.0]), "split has dtype float64"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_columns_are_refused_with_graph_field_and_remedy(case):
    changes, message = CASES[case]
    with pytest.raises(DatasetError, match=message):
        small_dataset(**changes)


def spec(**changes):
    levels = dict(
        nodes={"type": Categorical((3,)), "x": Continuous(2)},
        edges={"w": Continuous(1)},
        label=Label("graph", "regression", 1),
    )
    return GraphSpec(**(levels | changes))


SPECS = {
    "category outside": (
        dict(nodes={"type": Categorical((2,)), "x": Continuous(2)}),
        r"graph 11 \(CCO\): nodes\['type'\]\[0, 0\] is 2, outside the vocabulary of 2",
    ),
    "column left out": (dict(nodes={"x": Continuous(2)}), "nodes has the columns.*spec"),
    "column too many": (dict(graphs={"u": Continuous(1)}), "graphs has the columns"),
    "width": (
        dict(edges={"w": Continuous(4)}),
        r"edges\['w'\] has shape \(3, 1\), its spec says \(3, 4\)",
    ),
    "kind": (
        dict(nodes={"type": Continuous(1), "x": Continuous(2)}),
        r"nodes\['type'\] is int32. Continuous columns are float32",
    ),
    "no label": (dict(label=None), "labels and spec.label must both"),
    "label level": (dict(label=Label("node", "regression", 1)), "for 5 targets"),
    "fraction of a class": (dict(label=Label("graph", "multiclass", 3)), "not whole numbers"),
}


@pytest.mark.parametrize("case", SPECS)
def test_columns_that_their_spec_does_not_describe_are_refused(case):
    changes, message = SPECS[case]
    with pytest.raises(DatasetError, match=message):
        small_dataset(spec=spec(**changes))


def test_edges_out_of_order_are_refused():
    dataset = small_dataset()
    dataset = dataclasses.replace(dataset, receivers=np.array([1, 0, 0], np.int32))
    with pytest.raises(DatasetError, match=r"graph 10 \(CC\): receivers\[1\] is smaller"):
        dataset.check()


def test_the_order_of_edges_starts_anew_in_each_graph():
    dataset = small_dataset(
        node_ptr=[0, 2, 2, 5], edge_ptr=[0, 2, 2, 3], labels=None, ids=None, names=None, split=None
    )
    np.testing.assert_array_equal(dataset.receivers, [0, 1, 0])
    np.testing.assert_array_equal(dataset.num_edges, [2, 0, 1])


def test_a_dataset_of_no_graphs_is_right():
    empty = small_dataset().select([])
    empty.check()
    assert len(empty) == 0 and list(empty) == []


def test_missing_classes_are_no_error():
    dataset = small_dataset(labels=[-1, 1])
    assert dataset.spec.label == Label("graph", "multiclass", 2)
    as_floats = dataset.with_targets("graph", labels=[np.nan, 1.0], label=dataset.spec.label)
    np.testing.assert_array_equal(as_floats.targets.labels, [-1, 1])
