import numpy as np
import pytest
import scipy.sparse

from gtx.encodings import WeisfeilerLeman
from tests.encodings.graphs import complete, cycle, irregular, path, star, union

MANY = 2**31 - 1  # classes, so that none are shared by chance


def roles(adjacency, rounds=3):
    return WeisfeilerLeman(rounds, MANY)(adjacency[None])["node", "weisfeiler_leman"][0, :, 0]


@pytest.mark.parametrize("rounds", [1, 2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_nodes_share_a_role_as_the_refinement_of_networkx_says(rounds, seed):
    networkx = pytest.importorskip("networkx")
    graph = networkx.gnp_random_graph(12, 0.2, seed=seed)
    networkx.set_node_attributes(graph, "same", "colour")
    labels = networkx.weisfeiler_lehman_subgraph_hashes(
        graph, node_attr="colour", iterations=rounds
    )
    expected = [labels[node][rounds - 1] for node in range(12)]
    found = roles(networkx.to_numpy_array(graph), rounds)
    same = np.equal.outer(np.array(expected), np.array(expected))
    np.testing.assert_array_equal(np.equal.outer(found, found), same)


def test_one_round_is_the_degree_and_roles_mean_the_same_in_every_graph():
    degree = irregular().sum(axis=1)
    found = roles(irregular(), 1)
    np.testing.assert_array_equal(np.equal.outer(found, found), np.equal.outer(degree, degree))
    assert set(roles(cycle(5))) == set(roles(cycle(9)))
    assert set(roles(union(cycle(3), cycle(4)))) == set(roles(cycle(7)))  # the test's blind spot
    assert not set(roles(complete(4))) & set(roles(cycle(4)))


def test_a_path_has_a_role_for_each_distance_to_its_ends():
    found = roles(path(9), 3)
    np.testing.assert_array_equal(found, found[::-1])
    assert len(set(found[:5])) == 4 and found[3] == found[4]  # three rounds see three steps


def test_directions_and_duplicates_matter():
    assert len(set(roles(np.eye(3, k=-1), 2))) == 3
    assert roles(path(2) * 2, 1)[0] != roles(path(2), 1)[0]


def test_large_graphs_have_the_same_roles():
    for adjacency in (irregular(), star(5), np.zeros((4, 4)), path(6) * 2 + np.eye(6)):
        large = WeisfeilerLeman(3, MANY).sparse(scipy.sparse.csr_array(adjacency))
        np.testing.assert_array_equal(large["node", "weisfeiler_leman"][:, 0], roles(adjacency))


def test_wrong_settings_are_refused():
    with pytest.raises(ValueError, match="num_rounds must be at least 1"):
        WeisfeilerLeman(0)
    with pytest.raises(ValueError, match="num_classes must be at least 2"):
        WeisfeilerLeman(3, 1)
