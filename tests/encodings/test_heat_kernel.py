import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from gtx.encodings import EncodingError, HeatKernel, HeatKernelDiagonal, check_symmetry
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

TIMES = [0.1, 1.0, 7.0]


def heat(adjacency, time):
    return HeatKernel((time,))(adjacency[None])["pair", "heat"][0, :, :, 0]


def diagonal(adjacency, time):
    return HeatKernelDiagonal((time,))(adjacency[None])["node", "heat_diagonal"][0, :, 0]


def path_heat(n, time):
    """From the cosines of the path: eigenvalues 2 - 2 cos(pi k / n)."""
    k, i = np.arange(n), np.arange(n)[:, None]
    waves = np.cos(np.pi * k * (i + 0.5) / n) * np.where(k == 0, 1, 2) ** 0.5 / n**0.5
    return (waves * np.exp(-time * (2 - 2 * np.cos(np.pi * k / n)))) @ waves.T


@pytest.mark.parametrize("time", TIMES)
def test_complete_graphs_have_the_closed_form(time):
    for n in (2, 5):
        gone = np.exp(-n * time)
        expected = (1 - gone) / n + gone * np.eye(n)
        np.testing.assert_allclose(heat(complete(n), time), expected, atol=1e-14)


@pytest.mark.parametrize("time", TIMES)
def test_cycles_have_the_closed_form(time):
    angle = 2 * np.pi * np.arange(7) / 7
    apart = np.arange(7)[:, None] - np.arange(7)
    waves = np.exp(-time * (2 - 2 * np.cos(angle))) * np.cos(apart[:, :, None] * angle)
    np.testing.assert_allclose(heat(cycle(7), time), waves.mean(axis=-1), atol=1e-14)


@pytest.mark.parametrize("time", TIMES)
def test_paths_and_grids_have_the_closed_form(time):
    np.testing.assert_allclose(heat(path(6), time), path_heat(6, time), atol=1e-14)
    expected = np.kron(path_heat(3, time), path_heat(4, time))  # heat spreads along each axis
    np.testing.assert_allclose(heat(grid(3, 4), time), expected, atol=1e-14)


@pytest.mark.parametrize("time", TIMES)
def test_stars_have_the_closed_form(time):
    leaves = 5
    slow, fast = np.exp(-time), np.exp(-(leaves + 1) * time)
    centre = (1 + leaves * fast) / (leaves + 1)
    leaf = 1 / (leaves + 1) + slow * (1 - 1 / leaves) + fast / (leaves * (leaves + 1))
    np.testing.assert_allclose(diagonal(star(leaves), time), [centre, *[leaf] * 5], atol=1e-14)


@pytest.mark.parametrize("time", TIMES)
def test_hypercubes_have_the_closed_form(time):
    apart = np.array([[(i ^ j).bit_count() for j in range(16)] for i in range(16)])
    stay, move = (1 + math.exp(-2 * time)) / 2, (1 - math.exp(-2 * time)) / 2
    expected = move**apart * stay ** (4 - apart)
    np.testing.assert_allclose(heat(hypercube(4), time), expected, atol=1e-14)


@given(multigraphs(), st.sampled_from(TIMES))
@settings(deadline=None, max_examples=60)
def test_it_equals_the_matrix_exponential_on_any_graph(adjacency, time):
    n = len(adjacency)
    laplacian = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if i != j:
                weight = max(adjacency[i, j], adjacency[j, i])
                laplacian[i, i] += weight
                laplacian[i, j] -= weight
    expected = scipy.linalg.expm(-time * laplacian) if n else laplacian
    found = heat(adjacency, time)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_allclose(diagonal(adjacency, time), np.diag(expected), atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-12)


def test_heat_of_two_times_is_heat_of_their_sum():
    one, two = heat(irregular(), 0.3), heat(irregular(), 1.1)
    np.testing.assert_allclose(one @ two, heat(irregular(), 1.4), atol=1e-14)


def test_heat_stays_in_its_component_and_evens_out_there():
    found = heat(union(cycle(4), np.zeros((1, 1)), path(3)), 1e6)
    expected = union(np.full((4, 4), 1 / 4), np.ones((1, 1)), np.full((3, 3), 1 / 3))
    np.testing.assert_allclose(found, expected, atol=1e-8)  # an eigenvalue of 1e-16 lasts 1e6
    found = heat(union(cycle(4), path(3)), 1.0)
    np.testing.assert_allclose(found[:4, 4:], 0, atol=1e-15)


def test_loops_do_nothing_one_direction_is_enough_and_duplicates_speed_up():
    once = np.triu(irregular()) + np.eye(9)
    np.testing.assert_array_equal(heat(once, 1.0), heat(irregular(), 1.0))
    np.testing.assert_allclose(heat(2 * irregular(), 1.0), heat(irregular(), 2.0), atol=1e-14)


@pytest.mark.parametrize(
    "adjacency",
    [complete(5), cycle(6), star(4), union(complete(3), complete(3)), hypercube(3)],
    ids=["complete", "cycle", "star", "components", "hypercube"],
)
def test_the_gradient_is_exact_at_repeated_eigenvalues(adjacency, quick_compilation):
    rng = np.random.default_rng(0)
    n = len(adjacency)
    change, mix = rng.normal(size=(n, n)) * adjacency, rng.normal(size=(n, n, 2))
    change = change + change.T
    encoding = HeatKernel((0.4, 3.0))

    def total(weights, xp=np):
        return (encoding(weights[None], xp=xp)["pair", "heat"][0] * mix).sum()

    with jax.enable_x64(True):
        gradient = jax.jit(jax.grad(lambda weights: total(weights, jnp)))(jnp.asarray(adjacency))
    step = 1e-5 * change
    expected = (total(adjacency + step) - total(adjacency - step)) / 2e-5
    assert (np.asarray(gradient) * change).sum() == pytest.approx(expected, rel=1e-7)


def test_the_gradient_is_finite_where_exponentials_vanish(quick_compilation):
    def total(weights):
        return HeatKernel((1e4,))(weights, xp=jnp)["pair", "heat"].sum()

    gradient = jax.grad(total)(jnp.asarray(100 * complete(4)[None], jnp.float32))
    np.testing.assert_allclose(gradient, 0, atol=1e-4)  # rows sum to 1 whatever the weights


def test_nodes_and_pairs_agree_and_have_a_column_for_each_time():
    times = (0.2, 2.0, 20.0)
    nodes = HeatKernelDiagonal(times)(grid(3, 3)[None])["node", "heat_diagonal"]
    pairs = HeatKernel(times)(grid(3, 3)[None])["pair", "heat"]
    np.testing.assert_allclose(nodes, np.einsum("giit->git", pairs), atol=1e-15)
    np.testing.assert_allclose(nodes[0, :, 1], diagonal(grid(3, 3), 2.0), atol=1e-15)


def test_heat_out_of_place_would_be_caught():
    class Mixed(HeatKernel):
        def __call__(self, adjacency, xp=np):
            ((key, values),) = super().__call__(adjacency, xp).items()
            return {key: values[:, ::-1]}

    check_symmetry(HeatKernel(), irregular()[None])
    with pytest.raises(EncodingError, match="heat"):
        check_symmetry(Mixed(), irregular()[None])


@pytest.mark.parametrize("cls", [HeatKernel, HeatKernelDiagonal])
@pytest.mark.parametrize("times", [(), (0.0,), (1.0, -1.0), (float("inf"),), (float("nan"),)])
def test_times_that_are_none_are_refused(cls, times):
    with pytest.raises(ValueError, match="times"):
        cls(times)
