import numpy as np
import pytest
import scipy.sparse

from gtx.encodings import EncodingError
from gtx.encodings.algebra import lanczos
from gtx.encodings.algebra.lanczos import smallest_eigenpairs
from tests.encodings.graphs import complete, cycle, irregular, path, star, union


@pytest.fixture(autouse=True)
def no_dense_matrices(monkeypatch):
    monkeypatch.setattr(lanczos, "_DENSE", 5)


@pytest.fixture(params=["inverse", "c - L"])
def way(request, monkeypatch):
    if request.param == "c - L":
        monkeypatch.setattr(lanczos, "affordable_order", lambda laplacian: None)


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
    run, runs = lanczos.largest_eigenvectors, []

    def missing_three(apply, known, count, **options):
        """As a run would give that saw one direction of each eigenspace only."""
        runs.append(count)
        if len(runs) == 1:
            return run(apply, known, 6, **options)[[0, 2, 4]]
        return run(apply, known, count, **options)

    monkeypatch.setattr(lanczos, "largest_eigenvectors", missing_three)
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


@pytest.mark.parametrize(("few", "many", "count"), [(4, 1200, 30), (5, 3000, 16)])
@pytest.mark.parametrize("normalization", ["sym", "none"])
def test_complete_bipartite_graphs_have_few_eigenvalues_often(few, many, count, normalization):
    n = few + many
    degree = np.where(np.arange(n) < few, many, few).astype(float)
    side = scipy.sparse.csr_array(np.ones((few, many)))
    adjacency = scipy.sparse.block_array([[None, side], [side.T, None]], format="csr")
    diagonal, kernel, repeated = degree, np.ones(n), few
    if normalization == "sym":
        scale = scipy.sparse.diags_array(1 / np.sqrt(degree))
        adjacency, diagonal = scale @ adjacency @ scale, np.ones(n)
        kernel, repeated = np.sqrt(degree), 1
    laplacian = (scipy.sparse.diags_array(diagonal) - adjacency).tocsr()
    values, vectors = smallest_eigenpairs(laplacian, kernel, count)
    np.testing.assert_allclose(values, [0, *[repeated] * (count - 1)], atol=1e-12)
    np.testing.assert_allclose(laplacian @ vectors, vectors * values, atol=1e-9)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(count), atol=1e-12)


def grid_laplacian(rows, columns):
    def line(n):
        edges = scipy.sparse.diags_array([np.ones(n - 1)] * 2, offsets=[-1, 1], shape=(n, n))
        return scipy.sparse.diags_array(edges.sum(axis=1)) - edges

    return scipy.sparse.csr_array(
        scipy.sparse.kron(line(rows), scipy.sparse.eye_array(columns))
        + scipy.sparse.kron(scipy.sparse.eye_array(rows), line(columns))
    )


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (90, 91),
        pytest.param(316, 317, marks=pytest.mark.slow),
        pytest.param(1000, 1000, marks=pytest.mark.slow),
    ],
)
def test_a_grid_is_factorized_in_the_order_of_minimum_degree(rows, columns):
    laplacian = grid_laplacian(rows, columns)
    values, vectors = smallest_eigenpairs(laplacian, np.ones(rows * columns), 8)
    lines = [2 - 2 * np.cos(np.pi * np.arange(12) / n) for n in (rows, columns)]
    expected = np.sort(np.add.outer(*lines).ravel())[:8]
    np.testing.assert_allclose(values, expected, atol=1e-13)
    np.testing.assert_allclose(laplacian @ vectors, vectors * values, atol=1e-11)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(8), atol=1e-12)


def test_the_vectors_of_a_long_path_are_not_mixed():
    """Its eigenvalues are far below what a residual tells apart."""
    n = 20_000
    vectors = smallest_eigenpairs(grid_laplacian(n, 1), np.ones(n), 5)[1]
    expected = np.cos(np.pi * np.arange(5) * (np.arange(n)[:, None] + 0.5) / n)
    expected /= np.linalg.norm(expected, axis=0)
    np.testing.assert_allclose(np.abs(expected.T @ vectors), np.eye(5), atol=1e-9)


def test_many_small_components_are_decomposed_together():
    count = 3000
    laplacian = scipy.sparse.block_diag(
        [laplacian_of(star(3)), laplacian_of(cycle(4))] * count, format="csr"
    )
    values, vectors = smallest_eigenpairs(laplacian, np.ones(8 * count), 6, trivial=False)
    np.testing.assert_allclose(values, 1, atol=1e-13)  # twice in each star, 2 and 4 elsewhere
    np.testing.assert_allclose(laplacian @ vectors, vectors, atol=1e-13)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(6), atol=1e-13)


def test_weights_that_elimination_cannot_tell_from_nothing_are_taken_for_nothing(way):
    adjacency = path(300)
    adjacency[149, 150] = adjacency[150, 149] = 1e-30
    laplacian = laplacian_of(adjacency)
    values, vectors = smallest_eigenpairs(laplacian, np.ones(300), 4)
    expected = 2 - 2 * np.cos(np.pi * np.array([0, 0, 1, 1]) / 150)
    np.testing.assert_allclose(values, expected, atol=1e-12)
    np.testing.assert_allclose(laplacian @ vectors, vectors * values, atol=1e-11)


def test_weights_of_sixteen_decades():
    weights = 10.0 ** np.random.default_rng(0).uniform(-8, 8, 999)
    adjacency = np.diag(weights, 1)
    laplacian = laplacian_of(adjacency + adjacency.T)
    values, vectors = smallest_eigenpairs(laplacian, np.ones(1000), 8)
    scale = 2 * laplacian.diagonal().max()
    every = np.linalg.eigvalsh(laplacian.toarray())
    np.testing.assert_allclose(values / scale, every[:8] / scale, atol=1e-14)
    np.testing.assert_allclose(laplacian @ vectors / scale, vectors * values / scale, atol=1e-14)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(8), atol=1e-12)


def test_a_polynomial_separates_what_restarts_do_not(monkeypatch):
    monkeypatch.setattr(lanczos, "affordable_order", lambda laplacian: None)
    monkeypatch.setattr(lanczos, "_RESTARTS", 8)
    values, _ = smallest_eigenpairs(laplacian_of(path(500)), np.ones(500), 9)
    np.testing.assert_allclose(values, 2 - 2 * np.cos(np.pi * np.arange(9) / 500), atol=1e-13)


def test_iterations_that_do_not_converge_are_an_error(monkeypatch):
    monkeypatch.setattr(lanczos, "affordable_order", lambda laplacian: None)
    monkeypatch.setattr(lanczos, "_RESTARTS", 1)
    monkeypatch.setattr(lanczos, "_STAGES", 1)
    with pytest.raises(EncodingError, match="of 500 nodes found . of 8 vectors.*'sym'"):
        smallest_eigenpairs(laplacian_of(path(500)), np.ones(500), 9)
    monkeypatch.undo()
    monkeypatch.setattr(lanczos, "_DENSE", 5)
    monkeypatch.setattr(lanczos, "_RESIDUAL", 0.0)
    with pytest.raises(EncodingError, match="of 81 nodes left a residual"):
        smallest_eigenpairs(laplacian_of(cycle(81)), np.ones(81), 4)
