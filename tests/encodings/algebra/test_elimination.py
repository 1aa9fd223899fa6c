import numpy as np
import pytest
import scipy.sparse

from gtx.encodings.algebra import elimination
from gtx.encodings.algebra.elimination import (
    affordable_order,
    column_counts,
    elimination_order,
    inverse,
)
from tests.encodings.graphs import cycle, grid, hypercube, irregular, path, star, union


def pattern(adjacency):
    return scipy.sparse.csr_array(np.asarray(adjacency, np.float64))


def counts_by_elimination(adjacency):
    """Column by column, as it is done by hand."""
    filled, counts = np.asarray(adjacency) != 0, []
    for node in range(len(filled)):
        later = np.flatnonzero(filled[node, node + 1 :]) + node + 1
        counts.append(1 + len(later))
        filled[np.ix_(later, later)] = True
    return counts


@pytest.mark.parametrize("density", [0.02, 0.1, 0.4])
def test_the_counts_are_those_of_an_elimination(density):
    rng = np.random.default_rng(0)
    for n in (1, 2, 5, 17, 40):
        upper = np.triu(rng.random((n, n)) < density, 1)
        adjacency = upper | upper.T
        found = column_counts(pattern(adjacency)).tolist()
        assert found == counts_by_elimination(adjacency)
    assert len(column_counts(pattern(np.zeros((0, 0))))) == 0


def test_minimum_degree_fills_trees_and_cycles_in_nowhere():
    tree = union(path(60), star(40))
    for adjacency, entries in ((path(90), 179), (star(80), 161), (cycle(50), 147), (tree, 200)):
        graph = pattern(adjacency)
        order = elimination_order(graph)
        assert sorted(order) == list(range(len(adjacency)))
        assert column_counts(graph[order][:, order]).sum() == entries


def test_hubs_are_eliminated_last():
    n = 2000
    hubs = [7, 1200]
    adjacency = scipy.sparse.lil_array((n, n))
    for hub in hubs:
        adjacency[hub, :] = adjacency[:, hub] = 1
    adjacency.setdiag(0)
    graph = adjacency.tocsr()
    graph.eliminate_zeros()
    order = elimination_order(graph)
    assert sorted(order[-2:]) == hubs
    assert column_counts(graph[order][:, order]).sum() == 3 * (n - 2) + 3


@pytest.mark.parametrize(("random", "made"), [(True, False), (False, True)])
def test_a_large_random_graph_is_not_factorized_and_a_grid_is(random, made):
    n = 4900
    if random:
        ends = np.random.default_rng(0).integers(0, n, (2, 4 * n))
        graph = scipy.sparse.coo_array((np.ones(4 * n), ends), shape=(n, n)).tocsr()
        graph = (graph + graph.T).tocsr()
        graph.setdiag(0)
        graph.eliminate_zeros()
    else:
        line, same = pattern(path(70)), scipy.sparse.eye_array(70)
        graph = (scipy.sparse.kron(line, same) + scipy.sparse.kron(same, line)).tocsr()
    assert (elimination_order(graph) is not None) == made


def laplacian_of(adjacency):
    return scipy.sparse.csr_array(np.diag(adjacency.sum(axis=1)) - adjacency)


@pytest.mark.parametrize("adjacency", [path(90), star(70), grid(9, 11), irregular(60, 2)])
@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_the_inverse_is_that_on_the_complement_of_the_kernel(adjacency, shift):
    n = len(adjacency)
    laplacian = laplacian_of(adjacency)
    solve = inverse(laplacian, np.full(n, n**-0.5), affordable_order(laplacian), shift)
    right = np.random.default_rng(0).standard_normal(n)
    right -= right.mean()
    found = solve(right)
    assert abs(found.sum()) < 1e-9
    np.testing.assert_allclose(laplacian @ found + shift * found, right, atol=1e-11)


def test_what_would_take_too_much_is_not_made(monkeypatch):
    laplacian = laplacian_of(hypercube(6))
    assert affordable_order(laplacian) is not None
    monkeypatch.setattr(elimination, "_FACTOR_WORK", 100)
    assert affordable_order(laplacian) is None
    monkeypatch.undo()
    monkeypatch.setattr(elimination, "SMALL_FACTOR", 0)
    assert affordable_order(laplacian) is not None
    monkeypatch.setattr(elimination, "FACTOR_ENTRIES", 4)
    assert affordable_order(laplacian) is None


def test_a_singular_matrix_has_no_inverse():
    laplacian = laplacian_of(union(path(3), path(3)))  # as it is to rounding if weights are tiny
    kernel = np.full(6, 6**-0.5)
    assert inverse(laplacian, kernel, np.arange(6)) is None
    assert inverse(laplacian, kernel, np.arange(6), 1e-10) is not None
