"""Tree-neighbours-match, RingTransfer and sequences: labels found again by walking the graphs."""

import math

import networkx as nx
import numpy as np
import pytest

from gtx.data import Label
from gtx.data.sources import RingTransfer, Sequences, TreeNeighboursMatch


@pytest.mark.parametrize("depth", [2, 4])
def test_the_root_looks_up_the_leaf_with_its_key(depth):
    dataset = TreeNeighboursMatch(depth=depth).load()
    orders = math.factorial(4) if depth == 2 else 1000
    leaves, nodes = 2**depth, 2 ** (depth + 1) - 1
    assert len(dataset) == orders * leaves and (dataset.num_nodes == nodes).all()
    np.testing.assert_array_equal(dataset.targets.index, dataset.node_ptr[:-1])
    label = dataset.targets.labels
    np.testing.assert_array_equal(np.bincount(label) / len(label), np.full(leaves, 1 / leaves))
    for number in (0, 5, len(dataset) - 1):
        graph = dataset[number]
        key, value = graph.nodes["key"][:, 0], graph.nodes["value"][:, 0]
        tree = nx.DiGraph(list(zip(graph.senders.tolist(), graph.receivers.tolist(), strict=True)))
        steps = nx.single_target_shortest_path_length(tree, 0)
        ends = [node for node, count in dict(steps).items() if count == depth]
        assert len(ends) == leaves and nx.is_tree(tree.to_undirected())
        assert sorted(key[ends]) == sorted(value[ends]) == list(range(1, leaves + 1))
        (found,) = (node for node in ends if key[node] == key[0])
        assert label[number] == value[found] - 1
        inner = [node for node in range(1, nodes) if node not in ends]
        assert not key[inner].any() and not value[inner].any() and value[0] == 0


def test_every_order_of_four_leaves_is_there_once_and_parts_have_their_shares():
    dataset = TreeNeighboursMatch(depth=2, split_seed=3).load()
    values = dataset.nodes["value"].reshape(24, 4, 7)[:, 0, 3:]
    assert len(np.unique(values, axis=0)) == 24
    for part, count in (("train", 19), ("valid", 3), ("test", 2)):
        assert np.bincount(dataset.part(part).targets.labels).tolist() == [count] * 4
    again = TreeNeighboursMatch(depth=2, split_seed=3).load()
    np.testing.assert_array_equal(dataset.nodes["value"], again.nodes["value"])


@pytest.mark.parametrize("size", [4, 7, 10])
@pytest.mark.parametrize("crosses", [False, True])
def test_node_0_of_a_ring_has_the_class_of_the_opposite_node(size, crosses):
    dataset = RingTransfer(
        size=size, classes=3, train_count=7, test_count=3, crosses=crosses
    ).load()
    assert dataset.targets.labels.tolist() == [0, 1, 2, 0, 1, 2, 0, 0, 1, 2, 0, 1, 2]
    assert dataset.spec.label == Label("node", "multiclass", 3)
    np.testing.assert_array_equal(np.bincount(dataset.targets.split), [7, 3, 3])
    for graph, label in zip(dataset, dataset.targets.labels, strict=True):
        feat = graph.nodes["feat"]
        assert not feat[0].any() and feat[size // 2].tolist() == np.eye(3)[label].tolist()
        assert np.delete(feat, [0, size // 2], axis=0).all()
    pairs = list(zip(graph.senders.tolist(), graph.receivers.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs) and all((b, a) in pairs and a != b for a, b in pairs)
    way = nx.shortest_path_length(nx.from_edgelist(pairs), 0, size // 2)
    assert way == size // 2 or crosses
    # The edges of the authors' loop over i from 0 to size - 2, and the one that closes the ring.
    expected = {(i, i + 1) for i in range(size - 1)} | {(0, size - 1)}
    if crosses:
        expected |= {(i, size - 1 - i) for i in range(size // 2)}
        expected |= {(i, size + 1 - i) for i in range(size // 2) if size + 1 - i < size}
    expected = {tuple(sorted(pair)) for pair in expected if pair[0] != pair[1]}
    assert {(a, b) for a, b in pairs if a < b} == expected


def test_sequences_are_sorted_or_copied():
    for task in ("sort", "copy"):
        dataset = Sequences(task, 5, 8, 4, train_count=3, valid_count=2, test_count=2).load()
        twice = 2 if task == "copy" else 1
        assert dataset.num_nodes.tolist() == [5 * twice] * 5 + [8 * twice] * 2
        for number, graph in enumerate(dataset):
            length = 5 if number < 5 else 8
            symbol = graph.nodes["symbol"][:, 0]
            assert graph.nodes["place"][:, 0].tolist() == list(range(length * twice))
            np.testing.assert_array_equal(graph.senders + 1, graph.receivers)
            assert len(graph.senders) == length * twice - 1
            table = dataset.select([number]).targets
            first = length if task == "copy" else 0
            assert table.index.tolist() == list(range(first, first + length))
            assert not symbol[length:].any()
            given = symbol[:length].tolist()
            expected = sorted(given) if task == "sort" else given
            assert (table.labels + 1).tolist() == expected
        more = Sequences(task, 5, 0, 4, train_count=5, valid_count=2, test_count=2).load()
        np.testing.assert_array_equal(
            more.nodes["symbol"][: 15 * twice], dataset.nodes["symbol"][: 15 * twice]
        )
        assert more.num_nodes[-1] == 5 * twice
