import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gtx.encodings import LaplacianEigenvectors
from tests.encodings.graphs import complete, cycle, irregular, multigraphs, path, star, union

NORMALIZATIONS = ["sym", "none", "rw"]


def encode(adjacency, num_vectors, normalization="sym"):
    columns = LaplacianEigenvectors(num_vectors, normalization)(adjacency[None])
    return tuple(columns[key][0] for key in columns)  # vectors, values, mask


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
    with jax.enable_x64(True):
        found = jax.jit(lambda adjacency: encoding(adjacency, xp=jnp))(adjacency)
        found = jax.tree.map(np.asarray, found)
    assert found.keys() == expected.keys()
    for name in ("values", "mask"):
        key = ("graph", f"laplacian_{name}")
        np.testing.assert_allclose(found[key], expected[key], atol=1e-13)
    one, two = (columns["node", "laplacian_vectors"] for columns in (found, expected))
    outer = [np.einsum("gik,gjk->gkij", vectors, vectors) for vectors in (one, two)]
    np.testing.assert_allclose(outer[0], outer[1], atol=1e-12)


def test_no_gradient_flows_through_a_repeated_eigenvalue():
    def total(adjacency):
        columns = LaplacianEigenvectors(3)(adjacency, xp=jnp)
        return sum(jnp.sum(column**2) for column in columns.values())

    assert not np.any(jax.grad(total)(jnp.asarray(complete(3)[None], jnp.float32)))


@pytest.mark.parametrize("arguments", [dict(num_vectors=0), dict(normalization="left")])
def test_meaningless_arguments_are_refused(arguments):
    with pytest.raises((ValueError, TypeError), match=next(iter(arguments))):
        LaplacianEigenvectors(**arguments)
