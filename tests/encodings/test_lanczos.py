import numpy as np
import pytest
import scipy.sparse

from gtx.encodings import EncodingError, lanczos
from gtx.encodings.lanczos import smallest_eigenpairs
from tests.encodings.graphs import complete, cycle, irregular, path, star, union


@pytest.fixture(autouse=True)
def no_dense_matrices(monkeypatch):
    monkeypatch.setattr(lanczos, "_DENSE", 5)


@pytest.fixture(params=["inverse", "c - L"])
def way(request, monkeypatch):
    if request.param == "c - L":
        monkeypatch.setattr(lanczos, "_inverse", lambda laplacian, scale: None)


def laplacian_of(adjacency):
    return scipy.sparse.csr_array(np.diag(adjacency.sum(axis=1)) - adjacency)


def hypercube(dimension):
    adjacency = np.zeros((1, 1))
    for _ in range(dimension):
        identity = np.eye(len(adjacency))
        adjacency = np.block([[adjacency, identity], [identity, adjacency]])
    return adjacency


GRAPHS = {
    "cycle": cycle(81),
    "path": path(90),
    "star": star(70),
    "hypercube": hypercube(6),
    "complete": complete(60),
    "irregular": irregular(70, 3),
    "components": union(cycle(60), np.zeros((2, 2)), cycle(60), star(3), path(61)),
}


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("count", [2, 6, 12])
def test_the_smallest_eigenpairs_are_those_of_a_dense_solver(graph, count, way):
    laplacian = laplacian_of(GRAPHS[graph])
    values, vectors = smallest_eigenpairs(laplacian, np.ones(laplacian.shape[0]), count)
    every, basis = np.linalg.eigh(laplacian.toarray())
    np.testing.assert_allclose(values, every[:count], atol=1e-12)
    np.testing.assert_allclose(laplacian @ vectors, vectors * values, atol=1e-11)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(count), atol=1e-12)
    limits = np.nonzero(np.diff(every) > 1e-6)[0] + 1
    limits = [0, *limits[limits <= count]]
    for start, stop in zip(limits, limits[1:], strict=False):
        projectors = [part[:, start:stop] @ part[:, start:stop].T for part in (vectors, basis)]
        np.testing.assert_allclose(*projectors, atol=1e-10)


def test_what_a_run_missed_is_found(monkeypatch, way):
    run, runs = lanczos._lanczos, []

    def missing_three(apply, basis, count, **options):
        """As a run would give that saw one direction of each eigenspace only."""
        runs.append(count)
        if len(runs) == 1:
            return run(apply, basis, 6)[:, [0, 2, 4]]
        return run(apply, basis, count, **options)

    monkeypatch.setattr(lanczos, "_lanczos", missing_three)
    values, vectors = smallest_eigenpairs(laplacian_of(cycle(81)), np.ones(81), 4)
    expected = 2 - 2 * np.cos(2 * np.pi * np.array([0, 1, 1, 2]) / 81)
    np.testing.assert_allclose(values, expected, atol=1e-13)
    part, place = vectors[:, 1:3], np.arange(81)
    projector = np.cos(2 * np.pi * (place[:, None] - place) / 81) * 2 / 81
    np.testing.assert_allclose(part @ part.T, projector, atol=1e-12)
    assert runs[1:] == [1] * len(runs[1:]) and len(runs) >= 3


def test_the_same_graph_gives_the_same_bits(way):
    laplacian = laplacian_of(irregular(70, 3))
    one, two = (smallest_eigenpairs(laplacian, np.ones(70), 6) for _ in range(2))
    for first, second in zip(one, two, strict=True):
        np.testing.assert_array_equal(first, second)


def test_trivial_eigenvalues_may_be_left_out():
    laplacian = laplacian_of(GRAPHS["components"])
    values, vectors = smallest_eigenpairs(laplacian, np.ones(187), 6, trivial=False)
    np.testing.assert_allclose(values, np.linalg.eigvalsh(laplacian.toarray())[6:12], atol=1e-12)
    np.testing.assert_allclose(laplacian @ vectors, vectors * values, atol=1e-11)
    values, vectors = smallest_eigenpairs(laplacian_of(union(path(2), path(1))), np.ones(3), 6)
    np.testing.assert_allclose(values, [0, 0, 2])
    values, vectors = smallest_eigenpairs(laplacian_of(np.zeros((4, 4))), np.ones(4), 6)
    assert values.tolist() == [0] * 4 and np.array_equal(vectors, np.eye(4))
    empty = smallest_eigenpairs(laplacian_of(np.zeros((4, 4))), np.ones(4), 6, trivial=False)
    assert [array.shape for array in empty] == [(0,), (4, 0)]


def test_an_expensive_factorization_is_not_made_and_that_of_a_tree_is_cheap(monkeypatch):
    monkeypatch.setattr(lanczos, "_FACTOR_ENTRIES", 400)
    for adjacency, cheap in ((path(300), True), (star(300), True), (hypercube(6), False)):
        laplacian = laplacian_of(adjacency)
        solve = lanczos._inverse(laplacian, 1.0)
        assert (solve is not None) == cheap
        if cheap:
            right = np.random.default_rng(0).standard_normal(len(adjacency))
            right -= right.mean()
            np.testing.assert_allclose(laplacian @ solve(right), right, atol=1e-4)


def test_iterations_that_do_not_converge_are_an_error(monkeypatch):
    monkeypatch.setattr(lanczos, "_inverse", lambda laplacian, scale: None)
    monkeypatch.setattr(lanczos, "_RESTARTS", 1)
    with pytest.raises(
        EncodingError, match="of 500 nodes found . of 8 vectors in 1 restart.*'sym'"
    ):
        smallest_eigenpairs(laplacian_of(path(500)), np.ones(500), 9)
    monkeypatch.setattr(lanczos, "_RESTARTS", 1000)
    monkeypatch.setattr(lanczos, "_RESIDUAL", 0.0)
    with pytest.raises(EncodingError, match="of 81 nodes left a residual"):
        smallest_eigenpairs(laplacian_of(cycle(81)), np.ones(81), 4)
