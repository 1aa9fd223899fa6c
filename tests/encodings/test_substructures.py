import itertools
import math

import numpy as np
import pytest

from gtx.encodings import SubstructureCounts
from gtx.encodings.substructures import PATTERNS
from tests.encodings.graphs import complete, cycle, grid, hypercube, path, star, union

ALL = tuple(PATTERNS)


def counts(adjacency, patterns=ALL):
    values = SubstructureCounts(patterns)(adjacency[None])["node", "substructures"][0]
    return dict(zip(patterns, values.T, strict=True))


@pytest.mark.parametrize("density", [0.3, 0.6])
def test_they_are_what_enumeration_finds(density):
    rng = np.random.default_rng(0)
    upper = np.triu(rng.random((7, 7)) < density, 1)
    adjacency = (upper | upper.T).astype(float)
    found = counts(adjacency)
    for pattern, edges in PATTERNS.items():
        size = 1 + max(max(edge) for edge in edges)
        subgraphs = {
            (frozenset(frozenset(places[node] for node in edge) for edge in edges))
            for places in itertools.permutations(range(7), size)
            if all(adjacency[places[one], places[two]] for one, two in edges)
        }
        expected = [
            sum(any(node in edge for edge in subgraph) for subgraph in subgraphs)
            for node in range(7)
        ]
        np.testing.assert_array_equal(found[pattern], expected, err_msg=pattern)


def test_closed_forms():
    for n in (4, 6, 7):
        for length in (3, 4, 5, 6):
            expected = math.comb(n - 1, length - 1) * math.factorial(length - 1) / 2
            assert set(counts(complete(n))[f"cycle_{length}"]) == {expected}
        assert set(counts(complete(n))["clique_4"]) == {math.comb(n - 1, 3)}
        if n > 4:
            assert set(counts(cycle(n))["cycle_6"]) == {float(n == 6)}
    for tree in (path(6), star(6)):
        assert not any(column.any() for column in counts(tree).values())
    cube = counts(hypercube(3))
    assert set(cube["cycle_4"]) == {3} and set(cube["cycle_6"]) == {12}  # 16 of 6 of 8 nodes
    assert counts(grid(3, 3))["cycle_4"].tolist() == [1, 2, 1, 2, 4, 2, 1, 2, 1]


def test_networkx_counts_the_same_triangles():
    networkx = pytest.importorskip("networkx")
    graph = networkx.gnp_random_graph(12, 0.4, seed=3)
    expected = list(networkx.triangles(graph).values())
    np.testing.assert_array_equal(counts(networkx.to_numpy_array(graph))["cycle_3"], expected)


def test_loops_duplicates_and_directions_do_not_matter_and_large_counts_can_be_logarithms():
    adjacency = union(complete(4), cycle(5))
    changed = np.triu(adjacency) * 3 + np.eye(9)
    for one, two in zip(counts(adjacency).values(), counts(changed).values(), strict=True):
        np.testing.assert_array_equal(one, two)
    logarithm = SubstructureCounts(ALL, "log")(adjacency[None])["node", "substructures"][0]
    np.testing.assert_array_equal(logarithm[:, 0], np.log1p(counts(adjacency)["cycle_3"]))


def test_unknown_patterns_are_refused():
    encoding = object.__new__(SubstructureCounts)  # past the check of types, which only tests have
    object.__setattr__(encoding, "patterns", ("cycle_9",))
    with pytest.raises(ValueError, match=r"patterns must be some of \('cycle_3', .*cycle_9"):
        encoding.__post_init__()
