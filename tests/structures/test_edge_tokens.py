import numpy as np
import pytest

from gtx import structures
from gtx.data import Categorical, DatasetError, Label
from tests.encodings.graphs import cycle, path
from tests.structures.graphs import HARD, edges_of, featured


def test_each_edge_is_a_node_that_its_two_ends_lead_to():
    original = featured([path(3), np.zeros((2, 2))])
    made = structures.EdgeTokens()(original)
    assert made.num_nodes.tolist() == [3 + 4, 2]
    assert made.nodes["kind"][:, 0].tolist() == [0, 0, 0, 1, 1, 1, 1, 0, 0]
    assert made.spec.nodes["kind"] == Categorical((2,))
    table = made.edge_sets["edge_tokens"]
    senders, receivers = original.senders, original.receivers
    for edge in range(4):
        for role, end in enumerate((senders[edge], receivers[edge])):
            rows = (table.receivers == 3 + edge) & (table.columns["kind"][:, 0] == role)
            assert table.senders[rows].tolist() == [end]
    made.check()


def test_both_entries_of_an_edge_hold_its_columns_and_the_given_edges_stay():
    original = featured([cycle(4)])
    made = structures.EdgeTokens()(original)
    table = made.edge_sets["edge_tokens"]
    assert set(table.columns) == {"kind", *original.edges}
    for name, values in original.edges.items():
        np.testing.assert_array_equal(table.columns[name], values[table.receivers - 4])
        np.testing.assert_array_equal(made.edges[name], values)
    np.testing.assert_array_equal(made.senders, original.senders)


def test_after_virtual_nodes_their_kind_is_the_last_and_all_else_stays():
    used = [structures.VirtualNodes(2), structures.EdgeTokens(), structures.SelfLoops()]
    made = structures.apply(featured([path(2)]), used)
    assert made.nodes["kind"][:, 0].tolist() == [0, 0, 1, 2, 3, 3]
    assert made.spec.nodes["kind"] == Categorical((4,))
    assert sorted({end for ends in edges_of(made, "virtual") for end in ends}) == [0, 1, 2, 3]
    assert structures.own_nodes(made).tolist() == [True] * 2 + [False] * 4


@pytest.mark.parametrize("level", ["node", "graph"])
def test_nodes_of_edges_are_no_targets(level):
    label = Label(level, "regression", 1)
    original = featured(HARD, label, level)
    made = structures.EdgeTokens()(original)
    np.testing.assert_array_equal(made.targets.labels, original.targets.labels)
    if level == "node":
        own = np.flatnonzero(structures.own_nodes(made))
        np.testing.assert_array_equal(made.targets.index, own)
    made.check()


def test_a_column_of_the_same_name_is_refused():
    original = featured([path(2)])
    column = dict(kind=np.zeros((2, 1), np.int32))
    named = original.with_columns("edge", column, dict(kind=Categorical((1,))))
    with pytest.raises(DatasetError, match="edge_tokens: edges have a column 'kind'"):
        structures.EdgeTokens()(named)
