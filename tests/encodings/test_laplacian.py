import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from gtx.encodings import LaplacianEigenvectors, apply, check_symmetry
from gtx.encodings.algebra import lanczos
from tests.encodings.graphs import (
    complete,
    cycle,
    dataset_of,
    irregular,
    multigraphs,
    path,
    star,
    union,
)

pytestmark = pytest.mark.usefixtures("quick_compilation")

NORMALIZATIONS = ["sym", "none", "rw"]


def encode(adjacency, num_vectors, normalization="sym"):
    columns = LaplacianEigenvectors(num_vectors, normalization)(adjacency[None])
    return tuple(columns[key][0] for key in columns)  # vectors, values, mask


def compiled(encoding, adjacency, xp=jnp):
    if xp is np:
        return encoding(adjacency)
    with jax.enable_x64(True):
        return jax.device_get(jax.jit(lambda adjacency: encoding(adjacency, xp=jnp))(adjacency))


def laplacian(adjacency, normalization):
    """By the definition, one graph, no shared code."""
    adjacency = np.maximum(adjacency, adjacency.T)
    np.fill_diagonal(adjacency, 0)
    degree = adjacency.sum(axis=1)
    inverse = np.array([1 / d if d else 0 for d in degree])
    if normalization == "none":
        return np.diag(degree) - adjacency
    connected = np.diag((degree > 0).astype(float))
    if normalization == "sym":
        return connected - np.sqrt(inverse)[:, None] * adjacency * np.sqrt(inverse)
    return connected - inverse[:, None] * adjacency


CLOSED_FORMS = {
    ("path", "none"): (path(7), 2 - 2 * np.cos(np.pi * np.arange(7) / 7)),
    ("path", "sym"): (path(7), 1 - np.cos(np.pi * np.arange(7) / 6)),
    ("cycle", "none"): (cycle(6), 2 - 2 * np.cos(2 * np.pi * np.arange(6) / 6)),
    ("cycle", "rw"): (cycle(6), 1 - np.cos(2 * np.pi * np.arange(6) / 6)),
    ("complete", "none"): (complete(5), [0, 5, 5, 5, 5]),
    ("complete", "sym"): (complete(5), [0, 1.25, 1.25, 1.25, 1.25]),
    ("star", "none"): (star(4), [0, 1, 1, 1, 5]),
    ("star", "sym"): (star(4), [0, 1, 1, 1, 2]),
    ("components", "none"): (union(complete(2), complete(3)), [0, 0, 2, 3, 3]),
    ("isolated nodes", "sym"): (union(complete(2), np.zeros((2, 2))), [0, 0, 0, 2]),
    ("no edges", "rw"): (np.zeros((3, 3)), [0, 0, 0]),
    ("one node", "sym"): (np.zeros((1, 1)), [0]),
    ("one node and its loop", "sym"): (np.ones((1, 1)), [0]),
}


@pytest.mark.parametrize("case", CLOSED_FORMS, ids=" ".join)
def test_eigenvalues_have_the_closed_form(case):
    adjacency, expected = CLOSED_FORMS[case]
    _, values, mask = encode(adjacency, len(adjacency), case[1])
    np.testing.assert_allclose(values, np.sort(expected), atol=1e-14)
    assert mask.all() and values.min() >= 0


@given(multigraphs(), st.sampled_from(NORMALIZATIONS), st.integers(1, 10))
@settings(deadline=None, max_examples=80)
def test_vectors_solve_the_eigenvalue_problem_and_are_orthonormal(adjacency, kind, num_vectors):
    n = len(adjacency)
    kept = min(n, num_vectors)
    vectors, values, mask = encode(adjacency, num_vectors, kind)
    assert vectors.shape == (n, num_vectors) and values.shape == mask.shape == (num_vectors,)
    assert mask.tolist() == [1.0] * kept + [0.0] * (num_vectors - kept)
    assert not vectors[:, kept:].any() and not values[kept:].any()
    matrix = laplacian(adjacency, kind)
    residual = matrix @ vectors[:, :kept] - vectors[:, :kept] * values[:kept]
    np.testing.assert_allclose(residual, 0, atol=1e-12)
    weights = np.ones(n)
    if kind == "rw" and n:
        degree = np.diag(laplacian(adjacency, "none"))
        weights = np.where(degree > 0, degree, 1) / np.where(degree > 0, degree, 1).mean()
    gram = vectors[:, :kept].T @ (weights[:, None] * vectors[:, :kept])
    np.testing.assert_allclose(gram, np.eye(kept), atol=1e-12)
    smallest = np.sort(np.linalg.eigvals(matrix).real)[:kept] if n else []
    np.testing.assert_allclose(values[:kept], smallest, atol=1e-7)


def test_vectors_of_a_path_are_cosines():
    vectors, _, _ = encode(path(6), 4, "none")
    expected = np.cos(np.pi * np.arange(4) * (np.arange(6)[:, None] + 0.5) / 6)
    expected /= np.linalg.norm(expected, axis=0)
    for one, two in zip(vectors.T, expected.T, strict=True):
        np.testing.assert_allclose(np.outer(one, one), np.outer(two, two), atol=1e-14)


def test_the_projector_of_a_repeated_eigenvalue_has_the_closed_form():
    vectors, _, _ = encode(cycle(8), 8, "none")
    place = np.arange(8)
    for j in (1, 2, 3):  # eigenvalue j stands twice, at 2j - 1 and 2j
        part = vectors[:, 2 * j - 1 : 2 * j + 1]
        expected = np.cos(2 * np.pi * j * (place[:, None] - place) / 8) / 4
        np.testing.assert_allclose(part @ part.T, expected, atol=1e-13)


def test_every_component_has_the_eigenvalue_zero_and_vectors_constant_on_components():
    vectors, values, _ = encode(union(cycle(4), np.zeros((1, 1)), path(3)), 8, "none")
    assert np.sum(values < 1e-12) == 3
    projector = vectors[:, :3] @ vectors[:, :3].T
    expected = union(np.full((4, 4), 1 / 4), np.ones((1, 1)), np.full((3, 3), 1 / 3))
    np.testing.assert_allclose(projector, expected, atol=1e-13)


def test_directed_edges_count_as_undirected_and_loops_not_at_all():
    undirected = irregular()
    directed = np.triu(undirected) + 3 * np.eye(9)
    for kind in NORMALIZATIONS:
        for one, two in zip(encode(undirected, 4, kind), encode(directed, 4, kind), strict=True):
            np.testing.assert_array_equal(one, two)


def test_a_duplicate_edge_counts_twice():
    assert encode(2 * complete(3), 3, "none")[1].tolist() == pytest.approx([0, 6, 6])


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_a_compiled_step_gives_the_same_projectors(normalization):
    encoding = LaplacianEigenvectors(4, normalization)
    adjacency = np.stack([irregular(7, seed) for seed in range(3)])
    expected = encoding(adjacency)
    found = compiled(encoding, adjacency)
    assert found.keys() == expected.keys()
    for name in ("values", "mask"):
        key = ("graph", f"laplacian_{name}")
        np.testing.assert_allclose(found[key], expected[key], atol=1e-13)
    one, two = (columns["node", "laplacian_vectors"] for columns in (found, expected))
    outer = [np.einsum("gik,gjk->gkij", vectors, vectors) for vectors in (one, two)]
    np.testing.assert_allclose(outer[0], outer[1], atol=1e-12)


def test_trivial_vectors_can_be_left_out_one_for_each_component():
    adjacency = union(cycle(4), np.zeros((1, 1)), path(3))
    encoding = LaplacianEigenvectors(6, "none", trivial=False)
    for xp in (np, jnp):
        columns = compiled(encoding, adjacency[None], xp)
        vectors, values, mask = (columns[key][0] for key in encoding.columns())
        np.testing.assert_allclose(values, [1, 2, 2, 3, 4, 0], atol=1e-13)
        assert mask.tolist() == [1, 1, 1, 1, 1, 0] and not vectors[:, 5].any()
        residual = laplacian(adjacency, "none") @ vectors - vectors * values
        np.testing.assert_allclose(residual, 0, atol=1e-13)
    batch = np.stack([cycle(5), union(complete(2), complete(3))])
    values = encoding(batch)["graph", "laplacian_values"]
    np.testing.assert_allclose(values[1], [2, 3, 3, 0, 0, 0], atol=1e-13)
    assert np.all(values[0, :4] > 1)
    for n in (0, 1, 2):
        assert not LaplacianEigenvectors(3, trivial=False)(np.zeros((1, n, n)))[
            "graph", "laplacian_mask"
        ].any()


def graphgps_norm(vectors, values, norm):
    """By GraphGPS's formula for one vector each."""
    largest = np.abs(vectors).max(axis=0)
    root = np.where(values > 1e-12, np.sqrt(values), 1)
    return {
        "L1": np.abs(vectors).sum(axis=0),
        "L2": np.linalg.norm(vectors, axis=0),
        "abs-max": largest,
        "wavelength": largest * root * 2 / np.pi,
    }[norm]


@pytest.mark.parametrize("norm", ["L1", "L2", "abs-max", "wavelength"])
@pytest.mark.parametrize("xp", [np, jnp])
def test_norms_are_those_of_graphgps_where_no_eigenvalue_is_repeated(norm, xp):
    plain = LaplacianEigenvectors(12, "none")(irregular()[None])
    vectors, values = plain["node", "laplacian_vectors"][0], plain["graph", "laplacian_values"][0]
    expected = vectors[:, :9] / graphgps_norm(vectors[:, :9], values[:9], norm)
    columns = compiled(LaplacianEigenvectors(12, "none", norm), irregular()[None], xp)
    found = columns["node", "laplacian_vectors"][0]
    assert not found[:, 9:].any()
    outer = [np.einsum("ik,jk->kij", part, part) for part in (found[:, :9], expected)]
    np.testing.assert_allclose(*outer, atol=1e-12)


def test_the_norm_of_a_repeated_eigenvalue_does_not_depend_on_the_basis():
    # Row i of the two vectors of eigenvalue 1 of a cycle has the length sqrt(2 / n).
    for norm, expected in (("L1", np.sqrt(12)), ("abs-max", np.sqrt(2 / 6))):
        vectors = LaplacianEigenvectors(3, "none", norm)(cycle(6)[None])[
            "node", "laplacian_vectors"
        ]
        part = vectors[0, :, 1:]
        np.testing.assert_allclose(part.T @ part, np.eye(2) / expected**2, atol=1e-13)
    for norm in ("L1", "abs-max", "wavelength"):
        for seed in range(3):
            batch = np.stack([cycle(8), complete(8), star(7), union(complete(4), path(4))])
            check_symmetry(LaplacianEigenvectors(8, "sym", norm), batch, seed=seed)


SPARSE = {
    "a grid": np.kron(path(7), np.eye(9)) + np.kron(np.eye(7), path(9)),
    "components": union(cycle(50), np.zeros((2, 2)), cycle(50), star(5), path(45)),
    "directed": np.triu(irregular(60, 1)) + 2 * np.eye(60),
    "more components than vectors": union(path(3), *[complete(2)] * 20),
}


@pytest.mark.parametrize("graph", SPARSE)
@pytest.mark.parametrize(
    "options",
    [
        dict(normalization="sym"),
        dict(normalization="none", vector_norm="L1"),
        dict(normalization="rw", vector_norm="wavelength"),
        dict(normalization="none", trivial=False),
    ],
    ids=str,
)
def test_a_sparse_graph_has_the_same_values_and_projectors(graph, options, monkeypatch):
    monkeypatch.setattr(lanczos, "_DENSE", 10)
    adjacency = SPARSE[graph]
    encoding = LaplacianEigenvectors(9, **options)
    dense, found = encoding(adjacency[None]), encoding.sparse(scipy.sparse.csr_array(adjacency))
    assert found.keys() == dense.keys()
    for name in ("values", "mask"):
        key = ("graph", f"laplacian_{name}")
        np.testing.assert_allclose(found[key], dense[key][0], atol=1e-12)
    values = found["graph", "laplacian_values"]
    limits = [0, *(np.nonzero(np.diff(values) > 1e-6)[0] + 1)]
    one, two = found["node", "laplacian_vectors"], dense["node", "laplacian_vectors"][0]
    assert one.shape == two.shape and len(limits) > 1 or not values.any()
    for start, stop in zip(limits, limits[1:], strict=False):
        projectors = [part[:, start:stop] @ part[:, start:stop].T for part in (one, two)]
        np.testing.assert_allclose(*projectors, atol=1e-10)


def test_a_large_graph_of_a_dataset_takes_no_dense_matrix(monkeypatch):
    monkeypatch.setattr(LaplacianEigenvectors, "__call__", lambda *args: pytest.fail("dense"))
    encoded = apply(dataset_of([cycle(1500)]), [LaplacianEigenvectors(5, "none")])
    expected = 2 - 2 * np.cos(2 * np.pi * np.array([0, 1, 1, 2, 2]) / 1500)
    np.testing.assert_allclose(encoded.graphs["laplacian_values"][0], expected, atol=1e-11)
    part = encoded.nodes["laplacian_vectors"][:, 1:3]
    np.testing.assert_allclose(np.sum(part**2, axis=1), 2 / 1500, rtol=1e-5)


def derivatives(function, adjacency):
    """By jax, jitted and in float64, and by central differences; of undirected edges (i, j)."""
    ends = np.transpose(np.triu_indices(len(adjacency), 1))
    with jax.enable_x64(True):
        gradient = np.asarray(jax.jit(jax.grad(function))(jnp.asarray(adjacency)))
        differences = []
        jitted = jax.jit(function)
        for i, j in ends:
            step = np.zeros_like(adjacency)
            step[i, j] = step[j, i] = 1e-5
            differences.append((jitted(adjacency + step) - jitted(adjacency - step)) / 2e-5)
    return np.array([gradient[i, j] + gradient[j, i] for i, j in ends]), np.array(differences)


def weighted(adjacency, seed=0):
    weights = np.random.default_rng(seed).uniform(0.5, 1.5, adjacency.shape)
    return adjacency * (weights + weights.T)


DEGENERATE = {
    "cycle": cycle(6),
    "triangle": complete(3),
    "complete": complete(5),
    "star": star(4),
}


def heat_trace(adjacency, normalization):
    encoding = LaplacianEigenvectors(adjacency.shape[-1], normalization)
    values = encoding(adjacency[None], xp=jnp)["graph", "laplacian_values"]
    return jnp.sum(jnp.exp(-0.7 * values))


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_the_gradient_at_a_simple_spectrum_is_that_of_finite_differences(normalization):
    coefficients = np.random.default_rng(1).standard_normal((6, 6, 4))

    def function(adjacency):
        columns = LaplacianEigenvectors(4, normalization)(adjacency[None], xp=jnp)
        vectors = columns["node", "laplacian_vectors"][0]
        values = columns["graph", "laplacian_values"][0]
        outer = vectors[:, None] * vectors  # unlike the vectors, it has no sign
        return jnp.sum(coefficients * outer) + jnp.sum(jnp.sin(values))

    # An edge between all nodes, each with a weight of its own.
    found, expected = derivatives(function, weighted(complete(6)))
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("graph", DEGENERATE)
def test_the_gradient_of_the_heat_trace_is_right_at_repeated_eigenvalues(graph, normalization):
    function = functools.partial(heat_trace, normalization=normalization)
    found, expected = derivatives(function, DEGENERATE[graph])
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_the_gradient_of_a_whole_eigenspace_is_right_at_repeated_eigenvalues():
    def projector(adjacency):
        vectors = LaplacianEigenvectors(3, "none")(adjacency[None], xp=jnp)
        part = vectors["node", "laplacian_vectors"][0, :, 1:]  # both of eigenvalue 1
        return (part @ part.T)[0, 2]

    found, expected = derivatives(projector, cycle(6))
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_the_first_edge_between_components_has_its_derivative():
    # The heat trace of two nodes is 1 + exp(-2 t w): it falls by 2 t at w = 0.
    with jax.enable_x64(True):
        gradient = jax.jit(jax.grad(functools.partial(heat_trace, normalization="none")))
        gradient = gradient(jnp.zeros((2, 2)))
    np.testing.assert_allclose(gradient[0, 1] + gradient[1, 0], -1.4, atol=1e-12)


@pytest.mark.parametrize(
    ("normalization", "norm"), [("sym", "L2"), ("none", "wavelength"), ("rw", "L1")]
)
@pytest.mark.parametrize("x64", [False, True])
def test_every_gradient_is_finite_and_bounded(normalization, norm, x64):
    batch = np.stack([cycle(6), complete(6), star(5), union(complete(3), complete(3))])
    batch = np.concatenate([batch, np.zeros((1, 6, 6)), 1e-3 * irregular(6)[None]])
    encoding = LaplacianEigenvectors(8, normalization, norm)

    def function(adjacency, seed):
        columns = encoding(adjacency, xp=jnp).values()
        keys = jax.random.split(jax.random.key(seed), len(columns))
        return sum(
            jnp.sum(column * jax.random.normal(key, column.shape, column.dtype))
            for key, column in zip(keys, columns, strict=True)
        )

    with jax.enable_x64(x64):
        adjacency = jnp.asarray(batch, jnp.float64 if x64 else jnp.float32)
        gradient = jax.jit(jax.grad(function))
        for seed in range(3):
            largest = np.abs(jax.device_get(gradient(adjacency, seed))).max(axis=(1, 2))
            assert np.all(np.isfinite(largest))
            # With weights of 1, far below 1 / sqrt(epsilon): repeated eigenvalues give 0.
            assert np.all(largest[:5] < 300)


@pytest.mark.parametrize(
    "arguments", [dict(num_vectors=0), dict(normalization="left"), dict(vector_norm="L3")]
)
def test_meaningless_arguments_are_refused(arguments):
    with pytest.raises((ValueError, TypeError), match=next(iter(arguments))):
        LaplacianEigenvectors(**arguments)
