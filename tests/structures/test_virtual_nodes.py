import numpy as np
import pytest

from gtx import encodings, structures
from gtx.data import Categorical, Label
from tests.encodings.graphs import cycle, dataset_of, path
from tests.structures.graphs import HARD, edges_of, featured


def test_virtual_nodes_stand_last_and_are_joined_both_ways_to_all_others():
    made = structures.VirtualNodes(2)(featured([path(3), np.zeros((1, 1))]))
    assert made.num_nodes.tolist() == [5, 3]
    assert made.nodes["kind"][:, 0].tolist() == [0, 0, 0, 1, 2, 0, 1, 2]
    assert made.spec.nodes["kind"] == Categorical((3,))
    to = [(i, v) for v in (3, 4) for i in range(3)]
    assert sorted(edges_of(made, "virtual")) == sorted([*to, *((v, i) for i, v in to)])
    assert sorted(edges_of(made, "virtual", 1)) == [(0, 1), (0, 2), (1, 0), (2, 0)]
    edges = made.edge_sets["virtual"]
    size = np.array([3, 1])[edges.graph]
    np.testing.assert_array_equal(edges.columns["kind"][:, 0], edges.senders >= size)


def test_more_virtual_nodes_are_joined_to_the_graphs_own_and_numbered_on():
    more = [structures.VirtualNodes(2), structures.VirtualNodes(name="more")]
    made = structures.apply(featured([path(3)]), more)
    assert made.nodes["kind"][:, 0].tolist() == [0, 0, 0, 1, 2, 3]
    assert made.spec.nodes["kind"] == Categorical((4,))
    expected = [(5, 0), (5, 1), (5, 2), (0, 5), (1, 5), (2, 5)]
    assert sorted(edges_of(made, "more")) == sorted(expected)


def test_a_graph_without_nodes_has_virtual_ones_alone():
    made = structures.VirtualNodes(2)(featured([np.zeros((0, 0))]))
    assert made.num_nodes.tolist() == [2] and edges_of(made, "virtual") == []


@pytest.mark.parametrize("kind", ["multiclass", "binary", "regression"])
def test_virtual_nodes_are_no_targets(kind):
    label = Label("node", kind, 2 if kind == "multiclass" else 1)
    original = featured([path(3), path(2)], label, "node")
    made = structures.VirtualNodes()(original)
    np.testing.assert_array_equal(made.targets.index, [0, 1, 2, 4, 5])
    np.testing.assert_array_equal(made.targets.labels, original.targets.labels)


def test_labels_of_graphs_stay():
    original = featured(HARD, Label("graph", "multiclass", 2), "graph")
    made = structures.VirtualNodes()(original)
    np.testing.assert_array_equal(made.targets.labels, original.targets.labels)


def test_distances_to_a_virtual_node_are_a_class_of_their_own():
    # Graphormer: the molecule's distances and degrees, and one learned distance to its token.
    graphs = dataset_of([path(6), cycle(5)])
    used = [
        encodings.ShortestPathDistance(max_distance=4),
        encodings.DegreeClass(max_degree=3),
        encodings.ShortestPaths(),
    ]
    encoded = encodings.apply(graphs, used)
    made = structures.VirtualNodes()(encoded)
    own, size = encoded.spec.pairs["spd"].sizes[0], 0
    assert made.spec.pairs["spd"].sizes == (own + 1,)
    for number, n in enumerate((6, 5)):
        block = made.pairs["spd"][size : size + (n + 1) ** 2].reshape(n + 1, n + 1)
        start = encoded.pair_ptr[number]
        before = encoded.pairs["spd"][start : start + n * n].reshape(n, n)
        np.testing.assert_array_equal(block[:n, :n], before)
        assert np.all(block[n] == own) and np.all(block[:, n] == own)
        size += (n + 1) ** 2
    # On the path some are farther than 2, which a virtual node would have shortened to 2.
    assert made.pairs["spd"][:36].max() > 2
    virtual = ~structures.own_nodes(made)
    np.testing.assert_array_equal(
        made.nodes["degree_class"][~virtual], encoded.nodes["degree_class"]
    )
    assert np.all(made.nodes["degree_class"][virtual] == encoded.spec.nodes["degree_class"].sizes)
    # A code is a node's number; of a path to a virtual node there is none.
    assert made.spec.pairs["shortest_paths"] == encoded.spec.pairs["shortest_paths"]
    assert np.all(made.pairs["shortest_paths"].reshape(-1)[:49].reshape(7, 7)[6] == 0)
