"""Algorithms: solutions equal to those of networkx, and parts of other sizes."""

import itertools

import networkx as nx
import numpy as np
import pytest

from gtx.data import DatasetError, solvers
from gtx.data.sources import Algorithms, algorithms

TASKS = tuple(algorithms.DENSITY)


def small(task, **fields):
    sizes = dict(train_count=6, valid_count=2, test_count=2, nodes=12, test_nodes=20)
    return Algorithms(task=task, **{**sizes, **fields}).load()


def as_networkx(graph, directed=False):
    found = (nx.DiGraph if directed else nx.Graph)()
    found.add_nodes_from(range(int(graph.n_node[0])))
    arcs = zip(
        graph.senders.tolist(), graph.receivers.tolist(), graph.edges["weight"][:, 0], strict=True
    )
    found.add_weighted_edges_from(sorted(arcs))
    return found


def lightest_steiner_weight(graph, terminals):
    """The lightest spanning tree over all sets of further nodes: no shortest paths in it."""
    others = [node for node in graph if node not in terminals]
    least = np.inf
    for count in range(len(others) + 1):
        for more in itertools.combinations(others, count):
            part = graph.subgraph([*terminals, *more])
            if nx.is_connected(part):
                least = min(least, nx.minimum_spanning_tree(part).size(weight="weight"))
    return least


@pytest.mark.parametrize("task", TASKS)
def test_labels_are_what_another_algorithm_finds(task):
    nodes = dict(nodes=9, test_nodes=10) if task == "steiner_tree" else {}
    dataset = small(task, **nodes)
    assert dataset.targets_are_all  # so that labels have the order of nodes or edges
    for number, graph in enumerate(dataset):
        of_graph = dataset.select([number])
        labels = of_graph.targets.labels[:, 0]
        found = as_networkx(graph, directed=task in ("topological_order", "maximum_flow"))
        role = graph.nodes["role"][:, 0]
        if task == "topological_order":
            order = list(nx.topological_sort(found))
            np.testing.assert_allclose(
                labels[order] * (len(order) - 1), range(len(order)), rtol=1e-6
            )
            continue
        if task == "maximum_flow":
            ends = [int(np.flatnonzero(role == each)[0]) for each in (1, 2)]
            assert labels[0] == pytest.approx(
                nx.maximum_flow_value(found, *ends, capacity="weight"), rel=1e-5
            )
            continue
        if task == "max_clique":
            cliques = list(nx.find_cliques(found))
            size = max(map(len, cliques))
            in_one = {node for clique in cliques if len(clique) == size for node in clique}
            assert set(np.flatnonzero(labels)) == in_one
            continue
        ends = zip(graph.senders.tolist(), graph.receivers.tolist(), strict=True)
        marked = {pair for pair, label in zip(ends, labels, strict=True) if label}
        assert {(b, a) for a, b in marked} == marked
        marked = {(a, b) for a, b in marked if a < b}
        if task == "steiner_tree":
            tree = found.edge_subgraph(marked)
            terminals = np.flatnonzero(role).tolist()
            assert nx.is_tree(tree) and set(terminals) <= set(tree)
            least = lightest_steiner_weight(found, terminals)
            assert tree.size(weight="weight") == pytest.approx(least, rel=1e-5)
            continue
        expected = {
            "bridges": nx.bridges,
            "matching": nx.max_weight_matching,
            "minimum_spanning_tree": lambda each: nx.minimum_spanning_tree(each).edges,
        }[task](found)
        assert marked == {tuple(sorted(pair)) for pair in expected}


@pytest.mark.parametrize("kind", ["erdos_renyi", "barabasi_albert"])
def test_graphs_are_connected_and_have_the_expected_edges(kind):
    counts = []
    for seed in range(20):
        ends = algorithms.random_graph(40, kind, 0.16, 3, np.random.default_rng(seed))
        assert (ends[0] < ends[1]).all() and len(np.unique(ends, axis=1).T) == ends.shape[1]
        assert nx.is_connected(nx.from_edgelist(ends.T.tolist()))
        counts.append(ends.shape[1])
    if kind == "barabasi_albert":
        assert set(counts) == {3 * 37}
    else:  # a mean degree of 2.4, and an edge for each component more: about 6
        assert np.mean(counts) == pytest.approx(0.16 * 15 * 40 / 2 + 6, abs=5)


def test_solutions_hold_at_larger_sizes_with_several_components():
    rng = np.random.default_rng(0)
    ends = np.stack(np.nonzero(np.triu(rng.random((120, 120)) < 0.012, 1)))
    graph = nx.from_edgelist(ends.T.tolist())
    weights = algorithms.different(5_000_000, ends.shape[1], rng)
    for (one, other), weight in zip(ends.T.tolist(), weights.tolist(), strict=True):
        graph[one][other]["weight"] = weight
    assert 1 < nx.number_connected_components(graph) < 120
    for found, expected in (
        (solvers.bridges(120, ends), nx.bridges(graph)),
        (solvers.minimum_spanning_tree(120, ends, weights), nx.minimum_spanning_tree(graph).edges),
        (solvers.heaviest_matching(120, ends, weights), nx.max_weight_matching(graph)),
    ):
        pairs = {tuple(pair) for pair in ends.T[found].tolist()}
        assert pairs == {tuple(sorted(pair)) for pair in expected}


def test_a_cycle_has_no_topological_order():
    with pytest.raises(ValueError, match="a cycle of arcs"):
        solvers.topological_order(3, np.array([[0, 1, 2], [1, 2, 1]]))


def test_parts_have_their_sizes_and_the_same_training_graphs_for_each_test():
    dataset = small("minimum_spanning_tree")
    assert dataset.num_nodes.tolist() == [12] * 8 + [20] * 2
    assert [len(dataset.part(part)) for part in ("train", "valid", "test")] == [6, 2, 2]
    other = small(
        "minimum_spanning_tree", test_nodes=30, test_graphs="barabasi_albert", train_count=5
    )
    edges = dataset.part("train").select(range(5))
    np.testing.assert_array_equal(other.part("train").senders, edges.senders)
    np.testing.assert_array_equal(other.part("train").edges["weight"], edges.edges["weight"])
    assert small("bridges", split_seed=1).senders.tolist() != small("bridges").senders.tolist()


def test_a_graph_is_the_same_everywhere():
    graph = small("minimum_spanning_tree")[0]
    assert graph.senders[:6].tolist() == [1, 5, 0, 10, 3, 6]
    assert graph.receivers[:6].tolist() == [0, 0, 1, 1, 2, 2]
    np.testing.assert_allclose(graph.edges["weight"][:2, 0], [3.369697, 7.263131], rtol=1e-6)


def test_too_few_nodes_are_refused():
    with pytest.raises(DatasetError, match="adds 4 edges with each node for topological_order"):
        Algorithms(nodes=4, graphs="barabasi_albert")
