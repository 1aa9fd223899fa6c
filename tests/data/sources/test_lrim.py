"""LRIM: exact energies, exact probabilities, and the errors that the benchmark reports."""

import itertools

import numpy as np
import pytest

from gtx.data import DatasetError
from gtx.data.sources import LRIM, lrim


def by_hand(spins, sigma):
    """s_i sum_j r^-(2 + sigma) s_j over the nearest image of each other node, pair by pair."""
    side = len(spins)
    labels = np.zeros((side, side))
    for (a, b), (c, d) in itertools.permutations(np.ndindex(side, side), 2):
        images = itertools.product((-side, 0, side), repeat=2)
        distance = min(np.hypot(a - c + up, b - d + across) for up, across in images)
        labels[a, b] += float(spins[a, b]) * spins[c, d] * distance ** -(2 + sigma)
    return labels


def energy(spins, sigma):
    """-1/2 sum_{i<j} J_ij s_i s_j."""
    return -by_hand(spins, sigma).sum() / 4


@pytest.mark.parametrize("side", [4, 5])
def test_labels_are_the_direct_sums_and_what_a_flip_costs(side):
    dataset = LRIM(side=side, sigma=0.6, num_graphs=10, temperature=5.0, sweeps=3).load()
    spins = dataset.nodes["spin"][: side**2, 0].reshape(side, side)
    labels = dataset.targets.labels[: side**2, 0].reshape(side, side)
    np.testing.assert_allclose(labels, by_hand(spins, 0.6), rtol=1e-6)
    for node in [(0, 0), (2, 3)]:
        flipped = spins.copy()
        flipped[node] *= -1
        change = energy(flipped, 0.6) - energy(spins, 0.6)
        np.testing.assert_allclose(labels[node], change, rtol=1e-5)


def test_a_convolution_equals_the_direct_sum_at_256_nodes():
    spins = np.random.default_rng(0).choice([-1, 1], (2, 16, 16))
    coupling = lrim.couplings(16, 1.5)
    direct = np.array(  # J_ij of each two nodes, [16, 16, 16, 16]
        [[np.roll(coupling, (row, column), (0, 1)) for column in range(16)] for row in range(16)]
    )
    expected = spins * np.einsum("abcd,gcd->gab", direct, spins)
    np.testing.assert_allclose(lrim.flip_energies(spins, coupling), expected, atol=1e-12)
    for node, distance in {(0, 15): 1, (3, 13): 18**0.5, (8, 8): 128**0.5}.items():
        np.testing.assert_allclose(coupling[node], distance**-3.5, rtol=1e-12)


def test_spins_have_the_probabilities_of_their_energies():
    """All 512 states of nine spins, against 8,000 draws: five standard errors."""
    coupling, temperature = lrim.couplings(3, 1.0), 4.0
    states = np.array(list(itertools.product((-1, 1), repeat=9))).reshape(-1, 3, 3)
    aligned = lrim.flip_energies(states, coupling).sum(axis=(1, 2)) / 2  # sum_{i<j} J s s
    chance = np.exp(aligned / temperature)
    chance /= chance.sum()
    drawn = lrim.draw(coupling, temperature, 8_000, 12, np.random.default_rng(0))
    for value in (lambda s: s.sum(axis=(1, 2)) ** 2, lambda s: s[:, 0, 0] * s[:, 1, 1]):
        exact = chance @ value(states)
        spread = np.sqrt((chance @ value(states) ** 2 - exact**2) / len(drawn))
        assert abs(value(drawn.astype(int)).mean() - exact) < 5 * spread


# log10 of the mean squared error of sums over 1, 2, 3, 6 and 10 steps, in the train part of the
# published files LRIM-16-hard and LRIM-16-easy: oracle.csv of lrim-graphbenchmark.com.
PUBLISHED = {
    0.6: {1: 0.988121, 2: 0.570904, 3: 0.24956, 6: -0.577583, 10: -1.96206},
    1.5: {1: 0.36578, 2: -0.385918, 3: -0.908578, 6: -2.05917, 10: -3.6408},
}


@pytest.mark.parametrize("sigma", PUBLISHED)
def test_truncated_sums_have_the_published_errors(sigma):
    dataset = LRIM(sigma=sigma, num_graphs=128).load()
    spins = dataset.nodes["spin"].reshape(-1, 16, 16)
    step = np.minimum(np.arange(16), 16 - np.arange(16))
    steps = step[:, None] + step[None, :]
    for reach, published in PUBLISHED[sigma].items():
        missing = np.where(steps > reach, lrim.couplings(16, sigma), 0)
        error = np.log10(np.mean(lrim.flip_energies(spins, missing) ** 2))
        assert error == pytest.approx(published, abs=0.2)  # 0.06 is a standard error here


def test_the_farthest_node_alone_leaves_the_published_error_exactly():
    """Only the coupling matters there, so that it tells the convention of distance and factor."""
    for side, sigma, published in ((16, 1.5, -7.37523), (64, 0.6, -8.60946)):
        farthest = lrim.couplings(side, sigma)[side // 2, side // 2]
        assert 2 * np.log10(farthest) == pytest.approx(published, abs=1e-5)


def test_graphs_are_tori_and_follow_seed_and_number():
    dataset = LRIM(side=4, num_graphs=20, temperature=6.0, sweeps=2).load()
    assert dataset.spec == LRIM().declared_spec()
    assert set(np.unique(dataset.nodes["spin"])) == {-1, 1}
    np.testing.assert_array_equal(dataset.num_edges, 64)
    pairs = set(zip(dataset[3].senders.tolist(), dataset[3].receivers.tolist(), strict=True))
    assert len(pairs) == 64 and all((b, a) in pairs for a, b in pairs)
    assert {(0, 3), (0, 12), (5, 4), (5, 6), (5, 1), (5, 9)} <= pairs
    np.testing.assert_array_equal(np.bincount(dataset.targets.split), [256, 32, 32])
    fewer = LRIM(side=4, num_graphs=10, temperature=6.0, sweeps=2).load()
    np.testing.assert_array_equal(fewer.nodes["spin"], dataset.nodes["spin"][:160])
    other = LRIM(side=4, num_graphs=10, temperature=6.0, sweeps=2, split_seed=1).load()
    assert not np.array_equal(fewer.nodes["spin"], other.nodes["spin"])


def test_edges_are_drawn_as_a_dataset_has_them():
    # In another order or type all of them would be copied, of 655 million for LRIM-128.
    edges = lrim.neighbours(4)
    dataset = LRIM(side=4, num_graphs=10, temperature=6.0, sweeps=2).load()
    assert edges.dtype == dataset.senders.dtype
    np.testing.assert_array_equal(edges, np.stack([dataset.senders, dataset.receivers])[:, :64])


def test_a_graph_is_the_same_everywhere():
    coupling = lrim.couplings(8, 0.6)
    spins = lrim.draw(coupling, 8.0, 1, 5, np.random.default_rng(7))[0]
    assert np.packbits(spins > 0).tolist() == [103, 167, 9, 0, 30, 88, 97, 133]


def test_a_size_without_a_known_temperature_is_refused():
    with pytest.raises(DatasetError, match="no temperature is known for side 10 with sigma 0.6"):
        LRIM(side=10)
    with pytest.raises(DatasetError, match=r"sigma: 0.0 is not allowed"):
        LRIM(sigma=0.0)
