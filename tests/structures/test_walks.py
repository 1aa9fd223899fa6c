"""Walks follow edges, do not turn back where they can go on, and know what they passed."""

import numpy as np
import pytest

from gtx import structures
from gtx.data import DatasetError
from gtx.structures import walks as module
from tests.encodings.graphs import cycle, path, star, union
from tests.structures.graphs import HARD, featured


def sequences(dataset, length):
    """Of each walk its graph, and [nodes], [edges], [adjacency] in the order of the walk."""
    table = dataset.edge_sets["walks"]
    found = {}
    for visit, graph in enumerate(table.graph):
        columns = {name: values[visit] for name, values in table.columns.items()}
        walk = found.setdefault((graph, table.senders[visit]), [None] * length)
        place = int(columns["position"][0])
        assert walk[place] is None
        walk[place] = table.receivers[visit], int(columns["edge"][0]), columns["adjacency"]
    cut = {key: [visit for visit in walk if visit is not None] for key, walk in found.items()}
    assert all(found[key][: len(walk)] == walk for key, walk in cut.items())  # without gaps
    return cut


@pytest.mark.parametrize("table", [2**28, 0], ids=["table", "search"])
def test_a_walk_is_of_edges_and_turns_back_only_where_it_must(table, monkeypatch):
    monkeypatch.setattr(module, "_TABLE", table)
    dataset = structures.Walks(length=6, window=20)(featured(HARD))
    found = sequences(dataset, 6)
    assert len(found) == dataset.node_ptr[-1]
    for (graph, start), walk in found.items():
        part = slice(*dataset.edge_ptr[graph : graph + 2])
        edges = list(zip(dataset.senders[part], dataset.receivers[part], strict=True))
        nodes = [node for node, *_ in walk]
        assert nodes[0] == start
        assert len(walk) == 6 or all(sender != nodes[-1] for sender, _ in edges)
        assert walk[-1][1] == 0
        for place, (one, two) in enumerate(zip(nodes, nodes[1:], strict=False)):
            assert edges[walk[place][1] - 1] == (one, two)
            if place and two == nodes[place - 1]:
                assert {receiver for sender, receiver in edges if sender == one} == {two}
        for place, (node, _, numbers) in enumerate(walk):
            bits = [numbers[(s - 1) // 16] >> (s - 1) % 16 & 1 for s in range(1, 20)]
            wanted = [s < place and (nodes[place - 1 - s], node) in edges for s in range(1, 20)]
            assert bits == wanted


def test_a_walk_is_drawn_by_seed_and_content_alone():
    graphs = [cycle(9), star(8), union(path(4), cycle(5))]
    draw = structures.Walks(length=9, window=3)
    one, two = draw(featured(graphs)), draw(featured(graphs[::-1]))
    assert sequences(one, 9)[1, 0] == sequences(two, 9)[1, 0]
    other = structures.Walks(length=9, window=3, seed=1)(featured(graphs))
    assert sequences(one, 9) != sequences(other, 9)


def test_every_way_on_is_as_likely_as_the_others():
    found = sequences(structures.Walks(length=2, window=2)(featured([star(5)] * 1)), 2)
    assert {walk[1][0] for (_, start), walk in found.items() if start} == {0}
    steps = []
    for seed in range(400):
        dataset = structures.Walks(length=2, window=2, seed=seed)(featured([star(5)]))
        steps.append(sequences(dataset, 2)[0, 0][1][0])
    assert np.bincount(steps, minlength=5)[1:].min() > 70  # of 100 expected, 3.4 deviations below


def test_walks_start_at_a_share_of_the_nodes_and_never_at_virtual_ones():
    both = [structures.VirtualNodes(), structures.Walks(length=3, window=2, rate=0.25)]
    made = structures.apply(featured([cycle(400)]), both)
    starts = {start for _, start in sequences(made, 3)}
    assert 60 < len(starts) < 140 and max(starts) < 400


def test_settings_that_make_no_walk_are_refused():
    with pytest.raises(DatasetError, match="walks: length"):
        structures.Walks(length=0)
    with pytest.raises(DatasetError, match="walks: window"):
        structures.Walks(window=1)
    with pytest.raises(DatasetError, match="walks: rate must be above 0"):
        structures.Walks(rate=0.0)
