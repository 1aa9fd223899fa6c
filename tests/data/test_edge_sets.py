import dataclasses

import numpy as np
import pytest

from gtx.data import Categorical, Continuous, DatasetError, EdgeTable, GraphSpec, packed
from gtx.data.content import content
from gtx.training.identity import fingerprint
from tests.batching.datasets import make_dataset

PLAIN = make_dataset([(3, 4), (0, 0), (2, 1)], pairs=False)


def table(columns=None):
    return EdgeTable.from_edges([2, 0, 0, 0], [0, 2, 1, 0], [1, 0, 1, 0], 3, columns)


def test_edges_are_sorted_by_graph_and_receiver_with_their_columns():
    edges = table(dict(w=[10.0, 11.0, 12.0, 13.0]))
    np.testing.assert_array_equal(edges.ptr, [0, 3, 3, 4])
    np.testing.assert_array_equal(edges.senders, [0, 2, 1, 0])
    np.testing.assert_array_equal(edges.receivers, [0, 0, 1, 1])
    np.testing.assert_array_equal(edges.columns["w"], [[13], [11], [12], [10]])
    np.testing.assert_array_equal(edges.graph, [0, 0, 0, 2])


def test_selected_graphs_keep_their_edge_sets():
    dataset = PLAIN.with_edge_set("far", table(dict(kind=[3, 1, 0, 2])))
    assert dataset.spec.edge_sets == dict(far=dict(kind=Categorical((4,))))
    chosen = dataset.select([2, 0])
    chosen.check()
    far = chosen.edge_sets["far"]
    np.testing.assert_array_equal(far.ptr, [0, 1, 4])
    np.testing.assert_array_equal(far.senders, [0, 0, 2, 1])
    np.testing.assert_array_equal(far.columns["kind"][:, 0], [3, 2, 1, 0])
    # A part whose graphs follow each other has no copy.
    last, whole = dataset.select([1, 2]).edge_sets["far"], dataset.edge_sets["far"]
    np.testing.assert_array_equal(last.ptr, [0, 0, 1])
    assert np.shares_memory(last.senders, whole.senders)
    assert np.shares_memory(last.receivers, whole.receivers)
    assert np.shares_memory(last.columns["kind"], whole.columns["kind"])


def test_edge_sets_are_part_of_what_a_dataset_holds(tmp_path):
    dataset = PLAIN.with_edge_set("far", table())
    other = PLAIN.with_edge_set("far", EdgeTable.from_edges([0], [1], [1], 3))
    assert "edge_sets.far" not in content(PLAIN)
    assert content(dataset)["edge_sets.far"] != content(other)["edge_sets.far"]
    assert len({fingerprint(one) for one in (PLAIN, dataset, other)}) == 3
    with pytest.raises(DatasetError, match=r"no place for the edge sets \['far'\]"):
        packed.save(dataset, tmp_path / "file.npz")


def test_edges_that_do_not_fit_the_graphs_are_refused():
    with pytest.raises(DatasetError, match=r"'far'.*senders\[3\] is 5, but graph 2 has 2 nodes"):
        PLAIN.with_edge_set("far", EdgeTable.from_edges([0, 0, 0, 2], [0] * 3 + [5], [0] * 4, 3))
    with pytest.raises(DatasetError, match="offsets for 3 graphs"):
        PLAIN.with_edge_set("far", EdgeTable.from_edges([0], [0], [0], 2))
    swapped = dataclasses.replace(table(), receivers=table().receivers[[2, 0, 1, 3]])
    with pytest.raises(DatasetError, match=r"receivers\[1\] is smaller"):
        PLAIN.with_edge_set("far", swapped)
    with pytest.raises(DatasetError, match="senders of an edge set must be integers"):
        EdgeTable.from_edges([0], [0.5], [1], 1)
    with pytest.raises(DatasetError, match="'graph': 1, 'senders': 2"):
        EdgeTable.from_edges([0], [0, 1], [1], 1)
    with pytest.raises(DatasetError, match="already"):
        PLAIN.with_edge_set("graph", table())
    with pytest.raises(DatasetError, match="the spec says"):
        dataclasses.replace(PLAIN, edge_sets=dict(far=table())).check()


def test_a_spec_with_edge_sets_and_fills_comes_back_from_plain_data():
    spec = GraphSpec(
        nodes=dict(a=Categorical((3, 2)), b=Categorical((4,), fill=0)),
        pairs=dict(c=Continuous(2), d=Continuous(1, fill=-1.0)),
        edge_sets=dict(far=dict(kind=Categorical((2,))), none={}),
    )
    assert GraphSpec.from_json(spec.to_json()) == spec
    # What is as before is written as before.
    plain = spec.replace(edge_sets={}).to_json()
    assert "edge_sets" not in plain and plain["nodes"]["a"] == dict(
        kind="Categorical", sizes=(3, 2)
    )
    assert plain["pairs"]["c"] == dict(kind="Continuous", dim=2)
    with pytest.raises(DatasetError, match="fill is 4"):
        Categorical((4,), fill=4)


def test_a_column_is_extended_by_its_fill():
    rows, column = Categorical((3, 2)).extended(np.zeros((1, 2), np.int32), 2)
    np.testing.assert_array_equal(rows, [[0, 0], [3, 2], [3, 2]])
    assert column == Categorical((4, 3))
    rows, column = Categorical((3,), fill=1).extended(np.zeros((1, 1), np.int32), 1)
    np.testing.assert_array_equal(rows, [[0], [1]])
    assert column == Categorical((3,), fill=1)
    rows, column = Continuous(2, fill=-1.0).extended(np.zeros((1, 2), np.float32), 1)
    np.testing.assert_array_equal(rows, [[0, 0], [-1, -1]])
    assert column == Continuous(2, fill=-1.0) and rows.dtype == np.float32
