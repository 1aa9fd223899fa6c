import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gtx.encodings import EncodingError, PageRank, PersonalizedPageRank, check_symmetry
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

ALPHAS = st.sampled_from([0.05, 0.15, 0.5, 0.9])


def stops(adjacency, alpha=0.15):
    """[receivers, senders]"""
    return PersonalizedPageRank((alpha,))(adjacency[None])["pair", "ppr"][0, :, :, 0]


def returns(adjacency, alpha=0.15):
    return PageRank((alpha,))(adjacency[None])["node", "pagerank"][0, :, 0]


def ranks(adjacency, alpha=0.15):
    return PageRank((alpha,))(adjacency[None])["node", "pagerank"][0, :, 1]


def from_spectrum(eigenvalues, alpha):
    """The diagonal where all nodes are alike: the mean over the eigenvalues of T."""
    return np.mean(alpha / (1 - (1 - alpha) * np.asarray(eigenvalues)))


@pytest.mark.parametrize("alpha", [0.1, 0.6])
def test_graphs_of_like_nodes_have_the_closed_form(alpha):
    spectra = [
        (complete(6), [1] + [-1 / 5] * 5),
        (cycle(7), np.cos(2 * np.pi * np.arange(7) / 7)),
        (hypercube(3), np.repeat(1 - 2 * np.arange(4) / 3, [math.comb(3, k) for k in range(4)])),
    ]
    for adjacency, spectrum in spectra:
        expected = from_spectrum(spectrum, alpha)
        np.testing.assert_allclose(returns(adjacency, alpha), expected, rtol=1e-13)
        np.testing.assert_allclose(ranks(adjacency, alpha), 1, rtol=1e-13)


@pytest.mark.parametrize("alpha", [0.1, 0.6])
def test_stars_have_the_closed_form(alpha):
    # At the centre the walk is back at each even step, at a leaf with probability 1 / leaves.
    even = (1 - alpha) ** 2 / (1 - (1 - alpha) ** 2)
    expected = alpha * np.array([1 + even] + [1 + even / 5] * 5)
    np.testing.assert_allclose(returns(star(5), alpha), expected, rtol=1e-13)


@pytest.mark.parametrize("adjacency", [path(5), grid(3, 4)], ids=["path", "grid"])
def test_it_is_reversible_on_undirected_graphs(adjacency):
    flow = stops(adjacency) * adjacency.sum(axis=0)  # degree of the start times probability
    np.testing.assert_allclose(flow, flow.T, atol=1e-14)


@given(multigraphs(), ALPHAS)
@settings(deadline=None, max_examples=60)
def test_it_equals_the_sum_over_steps_on_any_graph(adjacency, alpha):
    n = len(adjacency)
    state, expected = np.eye(n), np.zeros((n, n))  # a row for each start
    chances = np.zeros((n, n))
    for sender in range(n):
        out = adjacency[:, sender].sum()
        chances[sender] = adjacency[:, sender] / out if out else np.eye(n)[sender]
    for _ in range(int(40 / alpha)):
        expected += alpha * state
        state = (1 - alpha) * state @ chances
    found = stops(adjacency, alpha)
    np.testing.assert_allclose(found, expected.T, atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=0), 1, atol=1e-12)
    np.testing.assert_allclose(returns(adjacency, alpha), np.diag(expected), atol=1e-12)
    np.testing.assert_allclose(ranks(adjacency, alpha), expected.sum(axis=0), atol=1e-12)


@given(multigraphs(max_nodes=6), ALPHAS)
@settings(deadline=None, max_examples=30)
def test_it_equals_networkx(adjacency, alpha):
    networkx = pytest.importorskip("networkx")
    n = len(adjacency)
    # networkx restarts a walk without a next step; told of a loop there it stays, as here.
    staying = adjacency.T + np.diag(adjacency.sum(axis=0) == 0)
    graph = networkx.from_numpy_array(staying, create_using=networkx.DiGraph)
    options = dict(alpha=1 - alpha, tol=1e-14, max_iter=10_000)
    found = stops(adjacency, alpha)
    for start in range(n):
        expected = networkx.pagerank(graph, personalization={start: 1}, **options)
        np.testing.assert_allclose(found[:, start], [expected[i] for i in range(n)], atol=1e-10)
    if n:
        expected = networkx.pagerank(graph, **options)
        found = ranks(adjacency, alpha) / n
        np.testing.assert_allclose(found, [expected[i] for i in range(n)], atol=1e-10)


def test_a_walk_stays_at_a_node_without_outgoing_edges():
    adjacency = np.zeros((3, 3))
    adjacency[1, 0] = 1  # 0 -> 1, and 2 alone
    np.testing.assert_allclose(
        stops(adjacency, 0.25), [[0.25, 0, 0], [0.75, 1, 0], [0, 0, 1]], atol=1e-15
    )


def test_walks_never_leave_a_component():
    found = stops(union(cycle(3), path(4)))
    assert not found[:3, 3:].any() and not found[3:, :3].any()
    np.testing.assert_allclose(found[:3, :3], stops(cycle(3)), atol=1e-15)


def test_duplicates_count_and_a_loop_is_a_step_in_place():
    weighted = np.array([[1.0, 2.0, 0.0], [2.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    np.testing.assert_allclose(stops(weighted), stops(3 * weighted), atol=1e-15)
    looped = stops(path(3) + np.eye(3))
    assert looped[0, 0] > stops(path(3))[0, 0]


def test_one_column_for_each_alpha():
    values = PageRank((0.2, 0.4))(irregular()[None])["node", "pagerank"][0]
    expected = [returns(irregular(), 0.2), returns(irregular(), 0.4)]
    expected += [ranks(irregular(), 0.2), ranks(irregular(), 0.4)]
    np.testing.assert_allclose(values, np.stack(expected, axis=-1), rtol=1e-14)
    pairs = PersonalizedPageRank((0.2, 0.4))(irregular()[None])["pair", "ppr"][0]
    np.testing.assert_allclose(pairs[..., 1], stops(irregular(), 0.4), rtol=1e-14)


def test_one_axis_alone_renumbered_would_be_caught():
    class Mixed(PersonalizedPageRank):
        def __call__(self, adjacency, xp=np):
            ((key, values),) = super().__call__(adjacency, xp).items()
            return {key: values[:, ::-1]}

    check_symmetry(PersonalizedPageRank(), irregular()[None])
    with pytest.raises(EncodingError, match="ppr"):
        check_symmetry(Mixed(), irregular()[None])


@pytest.mark.parametrize("cls", [PageRank, PersonalizedPageRank])
@pytest.mark.parametrize("alphas", [(), (0.0,), (0.5, 1.0), (float("nan"),)])
def test_alphas_that_are_no_chances_are_refused(cls, alphas):
    with pytest.raises(ValueError, match="alphas"):
        cls(alphas)
