import math

import numpy as np
import pytest

from gtx.structures import regular

METHODS = ["permutations", "hamiltonian"]


def ends(adjacency):
    return np.nonzero(np.triu(adjacency))


def cycle(n):
    return np.roll(np.eye(n), 1, axis=0) + np.roll(np.eye(n), -1, axis=0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("degree", [2, 6])
def test_a_draw_gives_each_node_its_degree(method, degree):
    one, two = regular.draw(13, degree, method, np.random.default_rng(0))
    assert len(one) == 13 * degree // 2
    np.testing.assert_array_equal(np.bincount(np.concatenate([one, two]), minlength=13), degree)


def test_permutations_are_drawn_one_for_two_neighbours():
    one, two = regular.draw(13, 6, "permutations", np.random.default_rng(0))
    for start in (0, 13, 26):
        np.testing.assert_array_equal(one[start : start + 13], np.arange(13))
        assert sorted(two[start : start + 13]) == list(range(13))
    assert np.any(two[:13] != two[13:26])


def test_hamiltonian_draws_are_cycles_through_all_nodes():
    one, two = regular.draw(12, 4, "hamiltonian", np.random.default_rng(0))
    for start in (0, 12):
        after = dict(zip(one[start : start + 12], two[start : start + 12], strict=True))
        node, seen = 0, []
        for _ in range(12):
            seen.append(node)
            node = after[node]
        assert node == 0 and sorted(seen) == list(range(12))


@pytest.mark.parametrize("n", [12, 100])  # by all eigenvalues, and by a search for one
def test_gaps_have_the_closed_form(n):
    assert regular.spectral_gap(n, *ends(cycle(n))) == pytest.approx(
        2 - 2 * math.cos(2 * math.pi / n), rel=1e-2, abs=1e-12
    )
    assert regular.spectral_gap(n, *ends(1 - np.eye(n))) == pytest.approx(n, rel=1e-4)
    pieces = np.kron(np.eye(2), cycle(n // 2))
    assert regular.spectral_gap(n, *ends(pieces)) == 0


@pytest.mark.parametrize("method", METHODS)
def test_the_gap_of_a_large_draw_equals_that_by_all_eigenvalues(method):
    for seed in range(5):
        one, two = regular.draw(80, 4, method, np.random.default_rng(seed))
        laplacian = np.zeros((80, 80))
        for i, j in zip(one, two, strict=True):  # a loop adds nothing, a repeated edge again
            change = np.eye(80)[i] - np.eye(80)[j]
            laplacian += np.outer(change, change)
        expected = np.linalg.eigvalsh(laplacian)[1]
        assert regular.spectral_gap(80, one, two) == pytest.approx(max(expected, 0), abs=1e-3)


def test_the_bound_is_that_of_ramanujan_less_a_tenth():
    assert regular.gap_bound(10) == pytest.approx(10 - 6 - 0.1)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [11, 30, 70])
def test_an_expander_is_simple_symmetric_and_connected(method, n):
    senders, receivers, good = regular.expander(n, 4, method, np.random.default_rng(1), 100)
    adjacency = np.zeros((n, n))
    np.add.at(adjacency, (receivers, senders), 1)
    assert good and adjacency.max() == 1 and not np.diag(adjacency).any()
    np.testing.assert_array_equal(adjacency, adjacency.T)
    assert 1 <= adjacency.sum(axis=0).min() and adjacency.sum(axis=0).max() <= 4
    assert np.all(np.linalg.matrix_power(adjacency + np.eye(n), n) > 0)


def test_it_draws_until_the_gap_is_wide_enough(monkeypatch):
    gaps = iter([0.1, 0.3, 2.0, 9.0])
    monkeypatch.setattr(regular, "spectral_gap", lambda *arguments: next(gaps))
    rng, other = np.random.default_rng(5), np.random.default_rng(5)
    senders, receivers, good = regular.expander(20, 4, "hamiltonian", rng, 100)
    drawn = [regular.draw(20, 4, "hamiltonian", other) for _ in range(3)][-1]
    assert good and next(gaps) == 9.0
    assert set(zip(*drawn, strict=True)) <= set(zip(senders, receivers, strict=True))


def test_the_best_is_taken_and_called_poor_when_no_draw_is_good(monkeypatch):
    gaps = iter([0.1, 0.3, 0.2])
    monkeypatch.setattr(regular, "spectral_gap", lambda *arguments: next(gaps))
    rng, other = np.random.default_rng(5), np.random.default_rng(5)
    senders, receivers, good = regular.expander(20, 4, "hamiltonian", rng, 3)
    drawn = [regular.draw(20, 4, "hamiltonian", other) for _ in range(3)][1]
    assert not good
    assert set(zip(*drawn, strict=True)) <= set(zip(senders, receivers, strict=True))


@pytest.mark.parametrize(("n", "degree"), [(0, 2), (1, 2), (2, 2), (10, 2), (13, 12)])
def test_small_graphs_are_joined_completely(n, degree):
    arguments = (n, degree, "permutations", np.random.default_rng(0), 1)
    senders, receivers, good = regular.expander(*arguments)
    expected = [(i, j) for i in range(n) for j in range(n) if i != j]
    assert good and sorted(zip(senders, receivers, strict=True)) == expected
