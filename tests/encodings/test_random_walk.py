import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from gtx.encodings import RandomWalk, random_walk
from gtx.encodings.engine import values
from gtx.encodings.engine.apply import encode
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

STEPS = np.arange(1, 21)


def rwse(adjacency, walk_length=20):
    return RandomWalk(walk_length)(adjacency[None])["node", "rwse"][0]


@pytest.mark.parametrize("n", [2, 3, 7])
def test_complete_graphs_have_the_closed_form(n):
    expected = 1 / n + (n - 1) / n * (-1 / (n - 1)) ** STEPS
    np.testing.assert_allclose(rwse(complete(n)), np.tile(expected, (n, 1)), atol=1e-14)


@pytest.mark.parametrize("n", [3, 4, 9])
def test_cycles_have_the_closed_form(n):
    expected = np.mean(np.cos(2 * np.pi * np.arange(n) / n)[:, None] ** STEPS, axis=0)
    np.testing.assert_allclose(rwse(cycle(n)), np.tile(expected, (n, 1)), atol=1e-14)


@pytest.mark.parametrize("n", [2, 5, 8])
def test_paths_have_the_closed_form(n):
    # A walk reflected at both ends: eigenvalues cos(pi j / m), eigenfunctions cos(pi j i / m).
    m = n - 1
    j, i = np.arange(n)[:, None], np.arange(n)
    weight = np.where((j == 0) | (j == m), 1, 2) * np.cos(np.pi * j * i / m) ** 2
    stationary = np.where((i == 0) | (i == m), 1, 2) / (2 * m)
    powers = np.cos(np.pi * np.arange(n) / m)[:, None] ** STEPS
    expected = stationary[:, None] * (weight.T @ powers)
    np.testing.assert_allclose(rwse(path(n)), expected, atol=1e-14)


def test_a_star_returns_at_even_steps_only():
    even = (STEPS % 2 == 0).astype(float)
    expected = np.stack([even, *[even / 5] * 5])
    np.testing.assert_allclose(rwse(star(5)), expected, atol=1e-14)


@given(multigraphs(), st.integers(1, 23))
@settings(deadline=None, max_examples=60)
def test_it_equals_matrix_powers_on_any_graph(adjacency, walk_length):
    degree = adjacency.sum(axis=0)
    step = adjacency.T / np.where(degree > 0, degree, 1)[:, None]  # row: sender
    powers = [np.linalg.matrix_power(step, k) for k in range(1, walk_length + 1)]
    expected = np.stack([np.diag(power) for power in powers], axis=-1)
    np.testing.assert_allclose(rwse(adjacency, walk_length), expected, atol=1e-13)


def test_isolated_nodes_and_graphs_without_edges_are_float_zeros():
    for n in (0, 1, 4):
        values = rwse(np.zeros((n, n)))
        assert values.shape == (n, 20) and values.dtype == np.float64 and not values.any()
    values = rwse(union(complete(3), np.zeros((2, 2))))
    assert values[:3].any() and not values[3:].any()


def test_components_do_not_see_each_other():
    values = rwse(union(cycle(5), star(3)))
    np.testing.assert_allclose(values, np.concatenate([rwse(cycle(5)), rwse(star(3))]), atol=1e-15)


def test_a_directed_edge_is_followed_from_sender_to_receiver():
    adjacency = np.zeros((3, 3))
    adjacency[1, 0] = adjacency[0, 1] = adjacency[2, 1] = 1  # 0 -> 1, 1 -> 0, 1 -> 2; 2 is a sink
    expected = np.where(STEPS % 2 == 0, 0.5 ** (STEPS / 2), 0)
    np.testing.assert_allclose(rwse(adjacency), np.stack([expected, expected, 0 * expected]))


def test_self_loops_are_returns_and_duplicates_count_twice():
    np.testing.assert_allclose(rwse(np.ones((1, 1))), np.ones((1, 20)))
    adjacency = np.array([[0.0, 2.0, 1.0], [2.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    assert rwse(adjacency)[:, 1].tolist() == pytest.approx([1.0, 2 / 3, 1 / 3])


def test_a_compiled_step_gives_the_same_values():
    adjacency = np.stack([irregular(), cycle(9), np.zeros((9, 9)), union(star(4), path(4))])
    encoding = RandomWalk(12)
    expected = encoding(adjacency)["node", "rwse"]

    def step(adjacency):
        return encoding(adjacency, xp=jnp)["node", "rwse"]

    with jax.enable_x64(True):
        np.testing.assert_allclose(jax.jit(step)(adjacency), expected, atol=1e-14)
    values = jax.jit(step)(jnp.asarray(adjacency, jnp.float32))
    assert values.dtype == jnp.float32
    np.testing.assert_allclose(values, expected, atol=1e-6)


def random_graph(n, degree, *, directed, seed=0):
    rng = np.random.default_rng(seed)
    adjacency = rng.integers(1, 4, (n, n)) * (rng.random((n, n)) < degree / n)
    return (adjacency if directed else np.triu(adjacency) + np.triu(adjacency, 1).T).astype(float)


# Never dense, at once, and after some steps: more sources than one block holds of either.
REACHES = {"sparse": 2.0, "dense": 0.0, "both": 0.3}


@pytest.mark.parametrize("reach", REACHES)
@pytest.mark.parametrize("directed", [True, False])
def test_a_large_graph_has_the_same_values(monkeypatch, reach, directed):
    monkeypatch.setattr(random_walk, "_REACH", REACHES[reach])
    monkeypatch.setattr(random_walk, "_SOURCES", 17)
    monkeypatch.setattr(random_walk, "_DENSE_ENTRIES", 300)
    monkeypatch.setattr(random_walk, "_DENSE_COLUMNS", 4)
    for n, degree in ((60, 3), (40, 0.5), (1, 0), (2, 2)):
        adjacency = random_graph(n, degree, directed=directed)
        for walk_length in (1, 2, 3, 20, 21):
            encoding = RandomWalk(walk_length)
            found = encoding.sparse(scipy.sparse.csr_array(adjacency))["node", "rwse"]
            np.testing.assert_allclose(found, rwse(adjacency, walk_length), atol=1e-13)


def test_weights_of_edges_are_the_odds_of_a_step():
    weights = np.random.default_rng(0).random((30, 30)) * (random_graph(30, 3, directed=False) > 0)
    for adjacency in (weights, weights + weights.T):
        found = RandomWalk(7).sparse(scipy.sparse.csr_array(adjacency))["node", "rwse"]
        step = (adjacency / np.maximum(adjacency.sum(axis=0), 1e-300)).T
        expected = [np.diag(np.linalg.matrix_power(step, k)) for k in range(1, 8)]
        np.testing.assert_allclose(found, np.stack(expected, axis=-1), atol=1e-14)
        np.testing.assert_allclose(found, rwse(adjacency, 7), atol=1e-14)


@given(st.lists(multigraphs(), min_size=1, max_size=9), st.integers(1, 21), st.booleans())
@settings(deadline=None, max_examples=60)
def test_graphs_side_by_side_have_the_same_values(adjacencies, walk_length, undirected):
    if undirected:
        adjacencies = [adjacency + adjacency.T for adjacency in adjacencies]
    adjacencies.sort(key=len)
    parts = [scipy.sparse.coo_array(adjacency) for adjacency in adjacencies]
    whole = scipy.sparse.block_diag(parts, format="csr") if parts else None
    sizes = np.array([len(adjacency) for adjacency in adjacencies])
    found = RandomWalk(walk_length).union(scipy.sparse.csr_array(whole), sizes)["node", "rwse"]
    expected = np.concatenate([rwse(adjacency, walk_length) for adjacency in adjacencies])
    np.testing.assert_allclose(found, expected, atol=1e-13)


def test_a_dataset_of_sparse_graphs_is_encoded_side_by_side(monkeypatch):
    adjacencies = [path(n) + np.eye(n, k=3) for n in range(9, 30)]  # directed in part
    adjacencies += [2 * cycle(n) for n in range(14, 40)]
    expected = np.concatenate([rwse(adjacency) for adjacency in adjacencies])
    monkeypatch.setattr(random_walk, "_BLOCK_ENTRIES", 3000)
    monkeypatch.setattr(values, "UNION_ENTRIES", 20_000)
    monkeypatch.setattr(RandomWalk, "__call__", lambda *args: pytest.fail("took dense matrices"))
    found = encode(dataset_of(adjacencies), RandomWalk())["node", "rwse"]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-12)


def test_a_large_graph_of_a_dataset_takes_no_dense_matrix(monkeypatch):
    large, small = union(cycle(600), path(600)), irregular()
    expected = [rwse(irregular(), 6), rwse(cycle(600), 6), rwse(path(600), 6)]
    call = RandomWalk.__call__
    monkeypatch.setattr(
        RandomWalk, "__call__", lambda self, a: call(self, a) if a.shape[1] < 1000 else None
    )
    found = encode(dataset_of([small, large]), RandomWalk(6))["node", "rwse"]
    np.testing.assert_allclose(found, np.concatenate(expected), rtol=1e-6, atol=1e-12)


def test_no_walk_is_refused():
    with pytest.raises(ValueError, match="walk_length"):
        RandomWalk(0)


def test_weights_are_shares_of_a_step_and_repeated_loops_count():
    """Where PyTorch Geometric has 1 / 10 and 1 / 3: a step by the sum of weights or edges alone."""
    weighted = np.array([[4.0, 0.0], [6.0, 0.0]])  # from node 0: a self-loop and an edge
    np.testing.assert_allclose(rwse(weighted, 2)[0], [0.4, 0.16])
    repeated = np.array([[2.0, 0.0], [1.0, 0.0]])
    np.testing.assert_allclose(rwse(repeated, 2)[0], [2 / 3, 4 / 9])
