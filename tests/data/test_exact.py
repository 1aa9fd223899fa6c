"""What enters a Dataset, a spec or a scaler is what the caller gave, or it is refused."""

import dataclasses

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gtx import structures
from gtx.data import (
    Categorical,
    Continuous,
    Dataset,
    DatasetError,
    GraphSpec,
    Label,
    Scaler,
    exact,
)
from gtx.graphs import GraphError, GraphsTuple, from_arrays
from tests.data.test_check import small_dataset

CLASSES = GraphSpec(
    nodes={"type": Categorical((3,)), "x": Continuous(2)},
    edges={"w": Continuous(1)},
    label=Label("graph", "multiclass", 5),
)
NUMBERS = CLASSES.replace(label=Label("graph", "regression", 1))
masked = np.ma.MaskedArray


class Foreign:
    """An array of another library, whose conversion fails."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("requires grad")


REFUSED = {
    # Each would wrap, round, clip or lose its mask by numpy's rules.
    "label beyond 32 bits": (dict(labels=[2**32 + 1, 0], spec=CLASSES), r"labels\[0\] is 429496"),
    "label without spec": (dict(labels=[0, 2**32 + 1]), r"labels\[1\] is 4294967297"),
    "label beyond 63 bits": (
        dict(labels=np.array([0, 2**64 - 1], np.uint64), spec=CLASSES),
        r"labels\[1\] is 18446744073709551615",
    ),
    "label beyond all bits": (dict(labels=[0, 2**70], spec=CLASSES), "labels.*dtype object"),
    "infinite class": (dict(labels=[0.0, np.inf], spec=CLASSES), r"labels\[1\] is inf"),
    "huge class": (dict(labels=[0.0, 1e20], spec=CLASSES), r"labels\[1\] is 1e\+20"),
    "half a class": (dict(labels=[0.0, 1.5], spec=CLASSES), r"labels\[1\] is 1.5: multiclass"),
    "inexact integer label": (
        dict(labels=[1, 2**24 + 1], spec=NUMBERS),
        r"labels\[1\] is 16777217, an integer that float32 cannot hold exactly",
    ),
    "largest unsigned label": (
        dict(labels=np.array([1, 2**64 - 1], np.uint64), spec=NUMBERS),
        "cannot hold exactly",
    ),
    "infinite label": (dict(labels=[1.0, 1e39], spec=NUMBERS), r"graph 11 \(CCO\): label.* is inf"),
    "text label": (dict(labels=["1", "2"], spec=NUMBERS), "labels are <U1"),
    "complex label": (dict(labels=[1j, 2], spec=NUMBERS), "labels are complex128"),
    "date label": (dict(labels=np.array(["2026-01-01"] * 2, "M8[D]")), "labels are datetime64"),
    "label without axis": (dict(labels=np.float64(3), spec=NUMBERS), r"of shape \(\)"),
    "label of no width": (dict(labels=np.zeros((2, 0))), r"of shape \(2, 0\)"),
    "objects": (dict(labels=np.array([1, None])), "labels.*objects"),
    "foreign": (dict(labels=Foreign()), "labels cannot be made an array.*requires grad"),
    "list of masked": (dict(labels=[1.0, np.ma.masked]), "labels is a list with masked"),
    "fractional pointer": (dict(node_ptr=[0, 2.5, 5]), r"node_ptr\[1\] is 2.5, no whole number"),
    "infinite pointer": (dict(edge_ptr=[0.0, 2.0, np.inf]), r"edge_ptr\[2\] is inf"),
    "missing pointer": (dict(edge_ptr=[0.0, np.nan, 3.0]), r"edge_ptr\[1\] is nan"),
    "huge float pointer": (dict(edge_ptr=[0.0, 2.0, 2.0**60]), r"edge_ptr\[2\] is 1.15.*no whole"),
    "text pointer": (dict(node_ptr=["0", "2", "5"]), "node_ptr has dtype <U1"),
    "bool pointer": (dict(edge_ptr=np.array([False, True, True])), "edge_ptr has dtype bool"),
    "masked pointer": (dict(node_ptr=masked([0, 2, 5], [0, 1, 0])), r"node_ptr\[1\] is masked"),
    "pointer of no graph": (dict(node_ptr=[]), "node_ptr is empty. Give where"),
    "pointer without axis": (dict(node_ptr=5), r"node_ptr has shape \(\)"),
    "pointer of two axes": (dict(node_ptr=[[0, 2, 5]]), r"node_ptr has shape \(1, 3\)"),
    "pointer beyond 63 bits": (
        dict(node_ptr=np.array([0, 2, 2**63 + 5], np.uint64)),
        r"node_ptr\[2\] is 9223372036854775813",
    ),
    "pointer that wraps": (
        dict(node_ptr=[0, 2**63 - 1, 5]),
        "node_ptr must be int64 offsets.*never fall",
    ),
    "ids of graphs wrap": (dict(ids=[2**32 + 1, 0]), r"ids\[0\] is 4294967297"),
    "ids of graphs are fractions": (dict(ids=[1.0, 2.5]), r"ids\[1\] is 2.5, no whole"),
    "senders wrap": (
        dict(senders=np.array([0, 1, 2**32 + 1], np.uint64)),
        r"graph 11 \(CCO\): senders\[0\] is 4294967297.*local to the graph",
    ),
    "receivers fall": (
        dict(receivers=[0, -(2**40), 0]),
        r"graph 10 \(CC\): receivers\[1\] is -1099511627776",
    ),
    "bool senders": (dict(senders=np.array([0, 1, 1], bool)), "senders has dtype bool"),
    "senders of two axes": (dict(senders=[[0, 1, 2]]), r"senders has shape \(1, 3\)"),
    "split -7": (dict(split=[-7, 0]), "graph 10: split is -7. It is 0 for train"),
    "split 300": (dict(split=[0, 300]), "graph 11: split is 300"),
    "split 2**40": (dict(split=[0, 2**40]), "graph 11: split is 1099511627776"),
    "split 255": (dict(split=np.array([255, 0], np.uint8)), "graph 10: split is 255"),
    "bool split": (dict(split=[True, False]), "split has dtype bool"),
    "masked split": (dict(split=masked([0, 1], [0, 1])), r"split\[1\] is masked"),
    "split of None": (dict(split=[None, "train"]), r"split names \['None'\]"),
    "masked feature": (
        dict(nodes={"x": masked(np.zeros((5, 2)), [[0, 0]] * 4 + [[0, 1]])}),
        r"nodes\['x'\]\[4, 1\] is masked",
    ),
    "object feature": (dict(nodes={"x": np.array([1, 2, 3, 4, None])}), "objects"),
    "feature of no width": (dict(nodes={"x": np.zeros((5, 0))}), "no numbers. Leave the column"),
    "negative 2**32": (dict(nodes={"type": [0, 0, 0, 0, -(2**32)]}), r"\[4, 0\] is -4294967296"),
    "names that are numbers": (dict(names=[1, 2]), r"names\[0\] is 1"),
    "a name is missing": (dict(names=["CC", None]), r"names\[1\] is None"),
    "a name that numpy would cut": (dict(names=["CC", "CO\0"]), r"names\[1\] is 'CO\\x00'"),
    "one name for all": (dict(names=3), r"names\[0\] is 3"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_change_on_the_way_is_refused(case):
    changes, message = REFUSED[case]
    with pytest.raises(DatasetError, match=message):
        small_dataset(**changes)


ENTER = {
    "any integer": (np.array([3, 1], np.uint8), CLASSES, [3, 1]),
    "jax": (jnp.array([3, 1]), CLASSES, [3, 1]),
    "whole floats": (np.array([3.0, np.nan]), CLASSES, [3, -1]),
    "masked classes": (masked([2**40, 1], [1, 0]), CLASSES, [-1, 1]),
    "big-endian": (np.array([3, 1], ">i8"), CLASSES, [3, 1]),
    "int4": (np.array([3, -1], ml_dtypes.int4), CLASSES, [3, -1]),
    "integers": (np.array([2**24, -3]), NUMBERS, [[2.0**24], [-3.0]]),
    "masked numbers": (masked([1, 7], [0, 1]), NUMBERS, [[1.0], [np.nan]]),
    "bfloat16": (jnp.array([0.5, 3.0], jnp.bfloat16), NUMBERS, [[0.5], [3.0]]),
    "float16": (np.array([[0.5], [3.0]], np.float16), NUMBERS, [[0.5], [3.0]]),
    "read-only": (np.broadcast_to(0.5, 2), NUMBERS, [[0.5], [0.5]]),
    "bools": (np.array([True, False]), NUMBERS, [[1.0], [0.0]]),
}


@pytest.mark.parametrize("case", ENTER)
def test_labels_enter_as_what_they_are(case):
    values, spec, expected = ENTER[case]
    labels = small_dataset(labels=values, spec=spec).targets.labels
    np.testing.assert_array_equal(labels, expected)
    assert labels.dtype == (np.int32 if spec is CLASSES else np.float32)


def test_large_columns_are_not_copied():
    column = np.zeros((5, 2), np.float32)
    dataset = small_dataset().with_columns("node", {"c": column})
    assert np.shares_memory(dataset.nodes["c"], column)


def test_masked_labels_are_missing_where_the_label_is_inferred_too():
    dataset = small_dataset(labels=masked([1, 2**40], [0, 1]))
    assert dataset.spec.label == Label("graph", "multiclass", 2)
    np.testing.assert_array_equal(dataset.targets.labels, [1, -1])
    spec = GraphSpec(label=Label("node", "multiclass", 4))
    graph = from_arrays([], [], n_node=2)
    parts = [masked([3, 2], [0, 1]), [0, 1]]
    np.testing.assert_array_equal(
        Dataset.from_graphs([graph, graph], parts, spec=spec).targets.labels, [3, -1, 0, 1]
    )
    with pytest.raises(DatasetError, match=r"labels\[1\] has shape \(2, 1\)"):
        Dataset.from_graphs([graph, graph], [[3, 2], [[0], [1]]], spec=spec)


DTYPES = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(DTYPES), st.data())
def test_an_integer_is_kept_or_refused(dtype, data):
    limits = np.iinfo(dtype)
    value = data.draw(st.integers(int(limits.min), int(limits.max)))
    array = np.array([value], dtype)
    for function, low, high in (
        (lambda: exact.integers(array, "f", low=-5, high=2**40), -5, 2**40),
        (lambda: exact.int32_matrix(array[:, None], "f")[:, 0], -(2**31), 2**31 - 1),
    ):
        if low <= value <= high:
            assert function().tolist() == [value]
        else:
            with pytest.raises(DatasetError, match=rf"{value}"):
                function()
    try:
        assert int(exact.float32(array, "f")[0]) == value
    except DatasetError as error:
        assert str(value) in str(error) and abs(value) > 2**24


def test_whole_floats_may_say_where_graphs_start():
    dataset = small_dataset(node_ptr=[0.0, 2.0, 5.0], edge_ptr=np.array([0, 2, 3], np.float16))
    assert dataset.num_nodes.tolist() == [2, 3] and dataset.node_ptr.dtype == np.int64


def test_a_pointer_of_more_nodes_than_ids_can_count_is_refused_without_memory_for_them():
    for end in (2**31, 2**62):
        with pytest.raises(DatasetError, match=rf"{end - 2} of them in graph 11.*beyond 32 bits"):
            Dataset.from_columns(
                node_ptr=[0, 2, end], edge_ptr=[0, 0, 0], senders=[], receivers=[], ids=[10, 11]
            )
    with pytest.raises(DatasetError, match="edge_ptr must be int64 offsets"):
        small_dataset(edge_ptr=[0, 2, 2**62])


def test_graphs_with_masked_features_are_refused():
    values = masked(np.zeros((2, 1)), [[0], [1]])
    with pytest.raises(GraphError, match="nodes has masked entries"):
        from_arrays([], [], n_node=2, nodes=values)
    plain = from_arrays([], [], n_node=2, nodes=np.zeros((2, 1)))
    with pytest.raises(GraphError, match="nodes has masked entries"):
        Dataset.from_graphs([plain, plain._replace(nodes=values)])
    with pytest.raises(GraphError, match="masked"):
        Dataset.from_graphs(plain._replace(nodes=values))


def test_edges_of_any_integer_type_mean_the_same():
    ends = np.array([0, 2, 2]), np.array([1, 2, 3])
    sizes = dict(n_node=np.array([2, 3], np.uint64), n_edge=np.array([1, 2], np.uint64))
    ends = [np.array([0, 2, 2], np.uint64), np.array([1, 2, 3], np.uint64)]
    graph = GraphsTuple(None, None, receivers=ends[1], senders=ends[0], globals=None, **sizes)
    dataset = Dataset.from_graphs(graph)
    assert dataset.senders.tolist() == [0, 0, 0] and dataset.receivers.tolist() == [1, 0, 1]


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.uint64, np.int64])
def test_places_of_any_integer_type_select_the_same(dtype):
    count = 200
    dataset = Dataset.from_columns(
        node_ptr=np.arange(count + 1), edge_ptr=np.zeros(count + 1, int), senders=[], receivers=[]
    )
    assert dataset.select(np.array([127, 3], dtype)).ids.tolist() == [127, 3]
    with pytest.raises(DatasetError, match=r"indices\[0\] is masked"):
        dataset.select(masked([1, 2], [1, 0]))


def test_a_dataset_cannot_be_made_of_other_arrays():
    dataset = small_dataset()
    table = dataset.targets
    for changes, message in (
        (
            dict(targets=table.replace(labels=masked([[0.5], [1.0]], [[0], [1]]))),
            "targets.labels is a MaskedArray",
        ),
        (dict(targets=table.replace(labels=table.labels[:1])), r"labels has shape \(1, 1\) for 2"),
        (dict(targets=table.replace(index=table.index.astype(np.int32))), "must be int64"),
        (dict(senders=dataset.senders.astype(np.int64)), "senders is int64.*must be int32"),
        (dict(node_ptr=dataset.node_ptr.astype(np.int32)), "node_ptr is int32.*must be int64"),
        (dict(targets=table.replace(split=table.split.astype(int))), "split is int64.*be int8"),
        (dict(node_ptr=dataset.node_ptr[1:]), "node_ptr is for 1 graphs, edge_ptr for 2"),
        (dict(node_ptr=dataset.node_ptr[:0]), "node_ptr is for -1 graphs"),
        (dict(ids=dataset.ids[:1]), r"ids has shape \(1,\) for 2 graphs"),
        (dict(receivers=dataset.receivers[:1]), r"receivers have shape \(1,\)"),
        (dict(names=np.array([1, 2])), "names is int64.*must be text"),
        (dict(nodes={"x": np.zeros(5, np.float32)}), r"nodes\['x'\] is float32 of shape \(5,\)"),
    ):
        with pytest.raises(DatasetError, match=message):
            dataclasses.replace(dataset, **changes)


def test_a_scaler_cannot_be_made_of_numbers_that_do_not_scale():
    good = Scaler(("a", "b"), (0.0, 1.0), (1.0, 2.0))
    assert Scaler.from_json(good.to_json()) == good
    for changes, message in (
        (dict(scale=(1.0, 0.0)), r"scale\[1\] is 0.0.*positive"),
        (dict(scale=(1.0, float("nan"))), r"scale\[1\] is nan"),
        (dict(scale=(1.0, -1.0)), r"scale\[1\] is -1.0"),
        (dict(center=(1.0, float("inf"))), r"center\[1\] is inf"),
        (dict(names=("a", "a")), r"names\[1\] is 'a'"),
        (dict(center=(1.0,)), "2 names, 1 centers and 2 scales"),
        (dict(clip=0.0), "clip is 0.0"),
    ):
        with pytest.raises(DatasetError, match=message):
            dataclasses.replace(good, **changes)
        with pytest.raises(DatasetError, match=message):
            Scaler.from_json({**good.to_json(), **changes})
    for data in ({}, [], good.to_json() | {"shift": 1}, good.to_json() | {"names": "ab"}):
        with pytest.raises(DatasetError, match="scaler"):
            Scaler.from_json(data)


def test_generators_refuse_numbers_that_no_graph_has():
    graphs = small_dataset()
    calls = [
        lambda: structures.VirtualNodes(0),
        lambda: structures.VirtualNodes(2**30)(graphs),
        lambda: structures.KHop(0),
        lambda: structures.KHop(2**31),
    ]
    for call in calls:
        with pytest.raises(DatasetError):
            call()
    far = structures.KHop(2**20)(graphs)  # ends when there is nothing further away
    assert far.spec.edge_sets["k_hop"]["hop"] == Categorical((2**20 + 1,))


def test_features_of_other_libraries_enter():
    pandas = pytest.importorskip("pandas")
    whole = pandas.Series([0, 1, 2, 0, 1], dtype="Int64")
    dataset = small_dataset(
        nodes={"type": pandas.Series([0, 1, 2, 0, 1]), "x": jax.numpy.zeros((5, 2))},
        labels=pandas.Series([0.5, 1.5]),
        split=pandas.Series(["train", "test"]),
        names=pandas.Series(["CC", "CCO"]),
    )
    assert dataset.targets.labels.tolist() == [[0.5], [1.5]] and dataset.targets.split.tolist() == [
        0,
        2,
    ]
    np.testing.assert_array_equal(dataset.nodes["type"][:, 0], whole)
    with pytest.raises(DatasetError, match=r"nodes\['type'\]"):  # objects, or NaN, by version
        small_dataset(nodes={"type": pandas.Series([0, 1, 2, 0, None], dtype="Int64")})
