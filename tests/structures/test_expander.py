import numpy as np
import pytest

from gtx import encodings, structures
from tests.encodings.graphs import cycle, dataset_of, grid, path, star
from tests.structures.graphs import edges_of, featured


@pytest.mark.parametrize("method", ["permutations", "hamiltonian"])
def test_expanders_follow_the_seed_and_the_graph_and_nothing_else(method):
    near = cycle(30)
    near[0, 29] = near[29, 0] = 0  # a path
    dataset = featured([star(12), cycle(20), cycle(30), near, path(30)])
    expander = structures.Expander(4, method=method, seed=3)
    made, mixed = expander(dataset), expander(dataset.select([2, 0]))
    assert edges_of(mixed, "expander", 0) == edges_of(made, "expander", 2)
    assert edges_of(mixed, "expander", 1) == edges_of(made, "expander", 0)
    # The same graph, its edges in another order.
    assert edges_of(made, "expander", 3) == edges_of(made, "expander", 4)
    assert edges_of(made, "expander", 2) != edges_of(made, "expander", 3)
    other = structures.Expander(4, method=method, seed=4)(dataset)
    assert edges_of(other, "expander", 2) != edges_of(made, "expander", 2)


def test_an_expander_does_not_change_with_what_other_structures_add():
    dataset = featured([path(30), star(12)])
    others = [structures.VirtualNodes(2), structures.SelfLoops(), structures.Expander(4)]
    for number in range(2):
        expected = edges_of(structures.Expander(4)(dataset), "expander", number)
        assert edges_of(structures.apply(dataset, others), "expander", number) == expected


def test_an_expander_has_a_wide_gap_and_few_neighbours_whatever_edges_the_graph_has():
    for graph in (np.zeros((60, 60)), cycle(60)):
        edges = structures.Expander(6)(featured([graph])).edge_sets["expander"]
        adjacency = np.zeros((60, 60))
        adjacency[edges.receivers, edges.senders] = 1
        np.testing.assert_array_equal(adjacency, adjacency.T)
        degree = adjacency.sum(axis=0)
        assert degree.max() == 6 and degree.mean() > 5
        gap = np.linalg.eigvalsh(np.diag(degree) - adjacency)[1]
        assert gap > 0.5  # a cycle of 60 has 0.01


def test_poor_expanders_are_reported(caplog):
    graphs = featured([np.zeros((40, 40)), np.zeros((3, 3))])
    structures.Expander(4)(graphs)
    assert not caplog.text
    # One permutation is a cycle through all of 40 nodes once in 40 draws.
    structures.Expander(2, max_tries=1)(graphs)
    assert "1 of 2 expanders, the first that of graph 0" in caplog.text


def test_walks_of_an_exphormer_are_bitwise_those_of_the_graph():
    graphs = dataset_of([path(9), cycle(12), grid(3, 4)])
    walks = encodings.apply(graphs, [encodings.RandomWalk(walk_length=8)])
    exphormer = [structures.VirtualNodes(1), structures.SelfLoops(), structures.Expander(4)]
    made = structures.apply(walks, exphormer)
    own = structures.own_nodes(made)
    assert made.nodes["rwse"][own].tobytes() == walks.nodes["rwse"].tobytes()
    assert not made.nodes["rwse"][~own].any()
