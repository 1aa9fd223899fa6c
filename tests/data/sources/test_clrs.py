"""CLRS-30: what its samplers give, as graphs; labels found again by other means."""

from typing import get_args

import networkx as nx
import numpy as np
import pytest

from gtx.data.sources import CLRS, clrs

SMALL = dict(nodes=5, test_nodes=7, train_count=2, valid_count=1, test_count=1)


def matrix(dataset, number, column):
    """Entry [i, j] is that of the edge from i to j."""
    part = dataset.select([number])
    values = part.targets.labels if column == "label" else part.edges[column]
    nodes = int(part.num_nodes[0])
    found = np.zeros((nodes, nodes))
    found[part.senders, part.receivers] = values[:, 0]
    return found


def test_labels_and_columns_are_declared_without_the_extra():
    assert set(clrs._INPUTS) | set(clrs._OF_NODES) | set(clrs._POINTERS) == set(
        get_args(clrs.Algorithm)
    )
    assert CLRS("kmp_matcher").declared_spec().nodes["key"].dim == 4
    assert CLRS("mst_prim").label.level == "edge" and CLRS("mst_prim").output == "pi"


@pytest.mark.parametrize("algorithm", get_args(clrs.Algorithm))
def test_every_algorithm_has_the_declared_columns(algorithm):
    pytest.importorskip("clrs", reason="needs the extra `clrs`")
    source = CLRS(algorithm, **SMALL)
    dataset = source.load()
    assert dataset.spec == source.declared_spec() and dataset.targets_are_all
    labels = dataset.targets.labels
    assert set(np.unique(labels[~np.isnan(labels)])) <= {0, 1}
    assert (dataset.num_edges == dataset.num_nodes**2).all()
    if algorithm not in clrs._TEXT and algorithm != "segments_intersect":
        assert dataset.num_nodes.tolist() == [5, 5, 5, 7]
    if source.label.level == "edge" and algorithm not in clrs._OF_EDGES:
        for number in range(4):  # each node points to one
            assert (matrix(dataset, number, "label").sum(axis=1) == 1).all()


def test_bridges_are_those_of_the_edges_that_there_are():
    pytest.importorskip("clrs", reason="needs the extra `clrs`")
    dataset = CLRS("bridges", 9, 12, 6, 1, 3).load()
    for number in range(10):
        there, label = matrix(dataset, number, "adj"), matrix(dataset, number, "label")
        np.testing.assert_array_equal(np.isnan(label), there == 0)
        np.fill_diagonal(there, 0)
        found = nx.from_numpy_array(there)
        bridges = set(nx.bridges(found))
        marked = {(i, j) for i, j in np.argwhere(label == 1).tolist()}
        assert marked == bridges | {(j, i) for i, j in bridges}


def test_shortest_paths_lead_along_pointers():
    pytest.importorskip("clrs", reason="needs the extra `clrs`")
    dataset = CLRS("dijkstra", 9, 12, 6, 1, 3).load()
    for number in range(10):
        weights, pointer = matrix(dataset, number, "A"), matrix(dataset, number, "label")
        graph = nx.from_numpy_array(weights)
        start = int(np.argmax(dataset[number].nodes["s"][:, 0]))
        distance = nx.single_source_dijkstra_path_length(graph, start)
        for node, before in enumerate(pointer.argmax(axis=1).tolist()):
            if node == start or node not in distance:
                assert before == node
            else:
                there = distance[before] + weights[before, node]
                assert there == pytest.approx(distance[node], rel=1e-5)


def test_sorted_keys_follow_pointers():
    pytest.importorskip("clrs", reason="needs the extra `clrs`")
    dataset = CLRS("heapsort", 6, 9, 3, 1, 2).load()
    for number in range(6):
        key = dataset[number].nodes["key"][:, 0]
        before = matrix(dataset, number, "label").argmax(axis=1)
        order = np.argsort(key)
        assert before[order[1:]].tolist() == order[:-1].tolist() and before[order[0]] == order[0]
