import numpy as np
import pytest

from gtx import structures
from gtx.data import DatasetError
from tests.structures.graphs import edges_of, featured


def path(size):
    return size, [(node, node + 1) for node in range(size - 1)]


def made(structure, *sizes):
    from tests.structures.graphs import cycle

    return structure(featured([cycle(size) for size in sizes]))


def test_windows_and_hubs_are_those_of_the_order_of_the_nodes():
    dataset = made(structures.BigBird(window=1, num_random=0, num_global=1), 5)
    window = {(i, j) for i in range(5) for j in range(5) if abs(i - j) <= 1}
    hubs = {(0, i) for i in range(5)} | {(i, 0) for i in range(5)}
    assert set(edges_of(dataset, "big_bird", 0)) == window | hubs
    assert len(edges_of(dataset, "big_bird", 0)) == len(window | hubs)


def test_random_senders_are_others_and_follow_the_seed_and_the_graph():
    structure = structures.BigBird(window=0, num_random=2, num_global=0)
    dataset = made(structure, 30, 7)
    edges = edges_of(dataset, "big_bird", 0)
    senders = {node: [s for s, r in edges if r == node and s != node] for node in range(30)}
    assert all(1 <= len(drawn) <= 2 for drawn in senders.values())
    assert edges == edges_of(made(structure, 7, 30), "big_bird", 1)
    other = made(structures.BigBird(window=0, num_random=2, num_global=0, seed=1), 30)
    assert edges != edges_of(other, "big_bird", 0)


def test_settings_without_an_edge_are_refused():
    with pytest.raises(DatasetError, match="big_bird: a window, random nodes or hubs"):
        structures.BigBird(window=0, num_random=0, num_global=0)
    with pytest.raises(DatasetError, match="big_bird: num_random"):
        structures.BigBird(num_random=-1)
    assert np.all(structures.BigBird().columns() == {})
