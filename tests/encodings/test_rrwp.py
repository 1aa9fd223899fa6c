import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gtx.data.spec import Continuous
from gtx.encodings import RRWP, RandomWalk, apply
from tests.encodings.graphs import (
    complete,
    cycle,
    dataset_of,
    grid,
    irregular,
    multigraphs,
    path,
    star,
    union,
)

pytestmark = pytest.mark.usefixtures("quick_compilation")

STEPS = np.arange(21)


def rrwp(adjacency, walk_length=21):
    return RRWP(walk_length)(adjacency[None])["pair", "rrwp"][0]


@pytest.mark.parametrize("n", [2, 3, 7])
def test_complete_graphs_have_the_closed_form(n):
    decay = (-1 / (n - 1)) ** STEPS
    expected = np.where(
        np.eye(n, dtype=bool)[..., None], 1 / n + (n - 1) / n * decay, (1 - decay) / n
    )
    np.testing.assert_allclose(rrwp(complete(n)), expected, atol=1e-14)


@pytest.mark.parametrize("n", [3, 4, 9])
def test_cycles_have_the_closed_form(n):
    angle = 2 * np.pi * np.arange(n) / n
    gap = np.subtract.outer(np.arange(n), np.arange(n))[..., None]
    waves = np.cos(gap * angle)[..., None] * np.cos(angle)[:, None] ** STEPS
    np.testing.assert_allclose(rrwp(cycle(n)), waves.mean(axis=2), atol=1e-14)


def test_a_star_alternates_between_its_centre_and_any_leaf():
    found = rrwp(star(5), 4)
    assert found[0, 0].tolist() == [1, 0, 1, 0] and found[1, 0].tolist() == [0, 1, 0, 1]
    np.testing.assert_allclose(found[0, 1], [0, 0.2, 0, 0.2])
    np.testing.assert_allclose(found[1, 2], [0, 0, 0.2, 0])


@given(multigraphs(), st.integers(1, 12))
@settings(deadline=None, max_examples=60)
def test_it_equals_matrix_powers_on_any_graph(adjacency, walk_length):
    degree = adjacency.sum(axis=0)
    step = adjacency.T / np.where(degree > 0, degree, 1)[:, None]  # from, to
    powers = [np.linalg.matrix_power(step, k) for k in range(walk_length)]
    np.testing.assert_allclose(rrwp(adjacency, walk_length), np.stack(powers, -1), atol=1e-13)


@pytest.mark.parametrize("density", [0.03, 0.9])
def test_sparse_and_dense_graphs_take_other_ways_to_the_same(density):
    rng = np.random.default_rng(0)
    adjacency = rng.random((3, 70, 70)) * (rng.random((3, 70, 70)) < density)
    found = RRWP(7)(adjacency)["pair", "rrwp"]
    rounded = RRWP(7).rounded(adjacency)["pair", "rrwp"]
    degree = adjacency.sum(axis=1)
    step = np.swapaxes(adjacency, 1, 2) / np.where(degree > 0, degree, 1)[..., None]
    for k in range(7):
        expected = np.linalg.matrix_power(step, k)
        np.testing.assert_allclose(found[..., k], expected, atol=1e-14)
        np.testing.assert_allclose(rounded[..., k], expected, rtol=2e-6)


def test_columns_are_off_by_no_more_than_some_roundings_and_zero_where_no_walk_leads():
    graphs = [grid(6, 6), star(9), union(complete(5), path(20)), irregular(30), path(80)]
    found = apply(dataset_of(graphs), [RRWP(21)]).pairs["rrwp"]
    expected = np.concatenate([rrwp(graph).reshape(-1, 21) for graph in graphs])
    np.testing.assert_allclose(found, expected, rtol=5e-6, atol=0)
    assert found.dtype == np.float32


def test_the_diagonal_is_the_node_column_and_the_return_probabilities():
    adjacency = np.stack([irregular(), np.eye(9, k=-1), union(cycle(5), star(3))])
    found, walks = RRWP(8)(adjacency), RandomWalk(7)(adjacency)["node", "rwse"]
    np.testing.assert_array_equal(
        found["node", "rrwp"], np.einsum("giik->gik", found["pair", "rrwp"])
    )
    np.testing.assert_allclose(found["node", "rrwp"][..., 1:], walks, atol=1e-15)
    assert np.all(found["node", "rrwp"][..., 0] == 1)


def test_rows_are_distributions_and_follow_detailed_balance():
    adjacency = irregular()
    found, degree = rrwp(adjacency), adjacency.sum(axis=0)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-13)
    flow = degree[:, None, None] * found
    np.testing.assert_allclose(flow, np.swapaxes(flow, 0, 1), atol=1e-13)


def test_a_walk_starts_at_the_receiver_and_follows_the_edges():
    adjacency = np.zeros((3, 3))
    adjacency[1, 0], adjacency[2, 0], adjacency[2, 1] = 3, 1, 1  # 0 -> 1 three times; 2 is a sink
    found = rrwp(adjacency, 3)
    np.testing.assert_array_equal(found[0], [[1, 0, 0], [0, 0.75, 0], [0, 0.25, 0.75]])
    np.testing.assert_array_equal(found[2], [[0, 0, 0], [0, 0, 0], [1, 0, 0]])


def test_an_isolated_node_stays_for_no_step():
    found = rrwp(union(path(3), np.zeros((2, 2))), 5)
    assert found[3:, :3].sum() == found[:3, 3:].sum() == 0
    np.testing.assert_array_equal(found[3, 3], [1, 0, 0, 0, 0])


@pytest.mark.parametrize("walk_length", [1, 2, 21])
def test_columns_have_a_width_for_every_power(walk_length):
    encoding = RRWP(walk_length)
    assert encoding.columns() == {
        ("pair", "rrwp"): Continuous(walk_length),
        ("node", "rrwp"): Continuous(walk_length),
    }
    assert RRWP(walk_length, diagonal=False)(path(3)[None]).keys() == {("pair", "rrwp")}
    dataset = apply(dataset_of([path(3), grid(2, 3), np.zeros((0, 0))]), [encoding])
    assert dataset.nodes["rrwp"].shape == (9, walk_length)
    np.testing.assert_allclose(
        dataset.pairs["rrwp"][9:].reshape(6, 6, -1), rrwp(grid(2, 3), walk_length), rtol=2e-6
    )


def test_the_gradient_at_a_node_without_edges_is_that_of_its_first_edge():
    def total(weight):
        adjacency = jnp.zeros((1, 2, 2)).at[0, 1, 0].set(weight)
        return RRWP(3)(adjacency, xp=jnp)["pair", "rrwp"].sum()

    with jax.enable_x64(True):
        gradient = jax.jit(jax.grad(total))
        assert float(gradient(2.0)) == 0  # one edge takes the whole step, whatever it weighs
        assert float(gradient(0.0)) == 1  # the step is the weight itself: finite, and a kink


def test_no_walk_is_refused():
    with pytest.raises(ValueError, match="walk_length"):
        RRWP(0)


@pytest.mark.parametrize("walk_length", [1, 4])
@pytest.mark.parametrize("xp", [np, jnp])
def test_walks_may_leave_out_the_identity_and_go_from_the_sender_to_the_receiver(walk_length, xp):
    adjacency = np.stack([irregular(7), irregular(7) * 2])
    whole = RRWP(walk_length + 1)(adjacency)
    found = RRWP(walk_length, identity=False, reverse=True)(xp.asarray(adjacency), xp)
    tolerance = dict(atol=1e-6) if xp is jnp else dict(atol=1e-15)
    pairs = np.swapaxes(whole["pair", "rrwp"], 1, 2)[..., 1:]
    assert not np.allclose(pairs, np.swapaxes(pairs, 1, 2))
    np.testing.assert_allclose(found["pair", "rrwp"], pairs, **tolerance)
    np.testing.assert_allclose(found["node", "rrwp"], whole["node", "rrwp"][..., 1:], **tolerance)
