import numpy as np
import pytest
import scipy.sparse.csgraph
from hypothesis import given, settings

from gtx.encodings import Electrostatic, EncodingError, check_symmetry
from tests.encodings.graphs import (
    complete,
    cycle,
    grid,
    hypercube,
    irregular,
    multigraphs,
    path,
    star,
    union,
)


def encode(adjacency):
    return Electrostatic()(adjacency[None])["node", "electrostatic"][0]


def reference(adjacency):
    """GraphGPS's ten columns by their formulas, in float64 and with a true rank."""
    laplacian = np.diag(adjacency.sum(axis=1)) - adjacency
    potential = np.linalg.pinv(laplacian, rcond=1e-10)
    potential = potential - np.diag(potential)
    share = np.diag(1 / adjacency.sum(axis=1)) @ adjacency * potential
    return np.stack(
        [
            potential.min(axis=0),
            potential.max(axis=0),
            potential.mean(axis=0),
            potential.std(axis=0, ddof=1),
            potential.min(axis=1),
            potential.max(axis=0),
            potential.mean(axis=1),
            potential.std(axis=1, ddof=1),
            share.sum(axis=0),
            share.sum(axis=1),
        ],
        axis=1,
    )


CONNECTED = {
    "path": path(7),
    "cycle": cycle(6),
    "complete": complete(5),
    "star": star(5),
    "grid": grid(3, 4),
    "hypercube": hypercube(3),
    "irregular": irregular(),
    "duplicates": 3 * irregular(),
}


@pytest.mark.parametrize("name", CONNECTED)
def test_connected_graphs_have_the_columns_of_graphgps_without_its_maxima(name):
    expected = reference(CONNECTED[name])
    np.testing.assert_allclose(expected[:, [1, 5]], 0, atol=1e-13)
    kept = [0, 2, 3, 4, 6, 7, 8, 9]
    np.testing.assert_allclose(encode(CONNECTED[name]), expected[:, kept], atol=1e-12)


@pytest.mark.parametrize("n", [2, 5])
def test_complete_graphs_have_the_closed_form(n):
    # E_ij = -1/n for i != j: one 0 and n - 1 values -1/n in each row and column.
    mean = -(n - 1) / n**2
    deviation = np.sqrt(1 / n) / n
    expected = [-1 / n, mean, deviation, -1 / n, mean, deviation, -1 / n, -1 / n]
    np.testing.assert_allclose(encode(complete(n)), np.tile(expected, (n, 1)), atol=1e-14)


def test_neighbours_in_a_tree_have_the_closed_form():
    # A unit put in at j leaks out evenly at all nodes, so the edge (i, j) carries the share of
    # the nodes on i's side, and E_ij is minus that: on the path 0 - 1 - 2 - 3
    # E_01 = -1/4, E_10 = -3/4, E_12 = E_21 = -2/4, E_23 = -3/4, E_32 = -1/4.
    found = encode(path(4))[:, 6:]
    here = np.array([1, (3 + 2) / 2, (2 + 3) / 2, 1]) / -4  # sum_j A_ij / d_i E_ij
    there = np.array([3 / 2, 1 + 2 / 2, 2 / 2 + 1, 3 / 2]) / -4  # sum_j A_ij / d_j E_ji
    np.testing.assert_allclose(found, np.stack([there, here], axis=1), atol=1e-14)


@given(multigraphs())
@settings(deadline=None, max_examples=60)
def test_each_component_has_its_own_answer_on_any_graph(adjacency):
    both = np.maximum(adjacency, adjacency.T)
    np.fill_diagonal(both, 0)
    expected = np.zeros((len(both), 8))
    if len(both):
        count, number = scipy.sparse.csgraph.connected_components(both)
        for component in range(count):
            nodes = np.nonzero(number == component)[0]
            if len(nodes) > 1:
                columns = reference(both[np.ix_(nodes, nodes)])
                expected[nodes] = columns[:, [0, 2, 3, 4, 6, 7, 8, 9]]
    np.testing.assert_allclose(encode(adjacency), expected, atol=1e-11)


def test_isolated_nodes_are_zero_and_change_nothing_elsewhere():
    for n in (1, 3):
        assert not encode(np.zeros((n, n))).any()
    values = encode(union(path(4), np.zeros((1, 1)), cycle(3)))
    np.testing.assert_allclose(values[:4], encode(path(4)), atol=1e-14)
    np.testing.assert_array_equal(values[4], 0)
    np.testing.assert_allclose(values[5:], encode(cycle(3)), atol=1e-14)


def test_loops_do_nothing_and_one_direction_is_enough():
    np.testing.assert_array_equal(encode(np.triu(irregular()) + np.eye(9)), encode(irregular()))


def test_a_column_out_of_place_would_be_caught():
    class Mixed(Electrostatic):
        def __call__(self, adjacency, xp=np):
            ((key, values),) = super().__call__(adjacency, xp).items()
            return {key: values[:, ::-1]}

    check_symmetry(Electrostatic(), irregular()[None])
    with pytest.raises(EncodingError, match="electrostatic"):
        check_symmetry(Mixed(), irregular()[None])


def test_negative_conductances_are_refused():
    adjacency = path(3)
    adjacency[0, 1] = adjacency[1, 0] = -1  # with 1 the degree 0 of the node between
    with pytest.raises(EncodingError, match="electrostatic: an edge has the weight -1"):
        Electrostatic()(adjacency[None])
