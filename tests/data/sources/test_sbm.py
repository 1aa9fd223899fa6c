"""Block models: probabilities, labels, determinism."""

import numpy as np
import pytest

from gtx.data import Categorical, DatasetError, Label, splits
from gtx.data.sources import SBMCluster, SBMPattern


def density(dataset, labels, same):
    """Share of the ordered node pairs with equal (or other) labels that are linked."""
    linked = possible = 0
    for number in range(len(dataset)):
        nodes = slice(dataset.node_ptr[number], dataset.node_ptr[number + 1])
        graph, block = dataset[number], labels[nodes]
        equal = block[graph.senders] == block[graph.receivers]
        linked += np.sum(equal == same)
        pairs = (block[:, None] == block[None, :]) == same
        possible += pairs.sum() - (len(block) if same else 0)
    return linked / possible


def test_cluster_has_the_probabilities_of_the_paper():
    dataset = SBMCluster(40, 0).load()
    assert dataset.spec.nodes == {"type": Categorical((7,))}
    assert dataset.spec.label == Label("node", "multiclass", 6)
    assert density(dataset, dataset.targets.labels, True) == pytest.approx(0.55, abs=0.01)
    assert density(dataset, dataset.targets.labels, False) == pytest.approx(0.25, abs=0.01)


def test_cluster_has_the_published_mean_sizes():
    """117.2 nodes and 4,301.7 edges (Dwivedi et al. 2020); 300 graphs are within 1.5 and 100."""
    dataset = SBMCluster(300, 0).load()
    assert dataset.num_nodes.mean() == pytest.approx(117.2, abs=4)
    assert dataset.num_edges.mean() == pytest.approx(4301.7, rel=0.06)
    sizes = [np.bincount(dataset.select([number]).targets.labels) for number in range(100)]
    assert np.min(sizes) == 5 and np.max(sizes) == 34


def test_patterns_take_turns():
    dataset = SBMPattern(6, 0, num_patterns=3, pattern_size=8, max_size=6).load()
    wired = []
    for number in range(6):
        inside = np.flatnonzero(dataset.select([number]).targets.labels)
        graph = dataset[number]
        both = np.isin(graph.senders, inside) & np.isin(graph.receivers, inside)
        degrees = np.bincount(graph.senders[both], minlength=graph.n_node[0])[inside]
        wired.append(sorted(degrees.tolist()))
    assert wired[:3] == wired[3:] and len(set(map(tuple, wired[:3]))) == 3


def test_one_node_of_each_community_is_known():
    dataset = SBMCluster(12, 3).load()
    for number in range(len(dataset)):
        nodes = slice(dataset.node_ptr[number], dataset.node_ptr[number + 1])
        known = dataset.nodes["type"][nodes, 0]
        np.testing.assert_array_equal(np.sort(known[known > 0]), np.arange(1, 7))
        np.testing.assert_array_equal(
            dataset.targets.labels[nodes][known > 0] + 1, known[known > 0]
        )


def test_a_pattern_of_twenty_nodes_is_in_every_graph():
    dataset = SBMPattern(12, 0).load()
    assert dataset.spec.label == Label("node", "multiclass", 2)
    planted = np.add.reduceat(dataset.targets.labels, dataset.node_ptr[:-1])
    np.testing.assert_array_equal(planted, np.full(12, 20))
    assert density(dataset, dataset.targets.labels, False) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("make", [SBMCluster, SBMPattern])
def test_graphs_are_undirected_without_loops_and_follow_seed_and_number(make):
    dataset = make(12, 5).load()
    np.testing.assert_array_equal(np.bincount(splits.graph_split(dataset)), [10, 1, 1])
    for graph in dataset:
        edges = set(zip(graph.senders.tolist(), graph.receivers.tolist(), strict=True))
        assert len(edges) == len(graph.senders)
        assert all((b, a) in edges and a != b for a, b in edges)
    fewer = make(4, 5).load()
    np.testing.assert_array_equal(fewer.senders, dataset.select(range(4)).senders)
    assert not np.array_equal(make(1, 6).load()[0].senders, dataset[0].senders)


@pytest.mark.parametrize(
    "wrong",
    [
        {"num_graphs": 0},
        {"num_communities": 0},
        {"min_size": 0},
        {"max_size": 4},
        {"split_seed": -1},
        {"inside": 1.5},
        {"across": float("nan")},
    ],
)
def test_numbers_out_of_range_are_refused(wrong):
    (name,) = wrong
    for make in (SBMCluster, SBMPattern):
        with pytest.raises(DatasetError, match=f"{make.__name__}.*{name}"):
            make(**wrong)
