"""Who tells which graphs apart, by theory; and that numbering alone tells nobody anything."""

import json

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.benchmarks import expressivity
from experiments.benchmarks.expressivity import READERS, Invariant, tells_apart
from experiments.expressivity import COMMAND
from gtx import encodings
from gtx.cli.command import execute
from tests.data.files import data_folder

EVERYTHING = set(READERS)
WALKS = "RandomWalk, 20 steps"
BEYOND_WL = EVERYTHING - {"none (1-WL)", "Degree"}


def two_rings(size, joined):
    """Two cycles that share an edge, or that an edge joins."""
    if joined:
        graph = nx.disjoint_union(nx.cycle_graph(size), nx.cycle_graph(size))
        graph.add_edge(0, size)
        return graph
    graph = nx.cycle_graph(2 * size - 2)
    graph.add_edge(0, size - 1)
    return graph


def shrikhande():
    """The Cayley graph of Z4 x Z4 with the steps (1, 0), (0, 1), (1, 1) and their inverses."""
    graph = nx.Graph()
    for i in range(4):
        for j in range(4):
            for a, b in ((1, 0), (0, 1), (1, 1)):
                graph.add_edge((i, j), ((i + a) % 4, (j + b) % 4))
    return graph


def rook():
    return nx.line_graph(nx.complete_bipartite_graph(4, 4))


# Two graphs, and who tells them apart when nodes are refined.
PAIRS = {
    # A tree's colours split by degree.
    "path and star": (nx.path_graph(4), nx.star_graph(3), EVERYTHING),
    # 2-regular graphs: colours never split, but closed walks of three steps do.
    "C6 and 2 C3": (nx.cycle_graph(6), nx.disjoint_union(*[nx.cycle_graph(3)] * 2), BEYOND_WL),
    # Figure 2 of Ying et al. (2021): six-rings against five-rings.
    "decalin and bicyclopentyl": (two_rings(6, False), two_rings(5, True), BEYOND_WL),
    "CSL(41, 2) and CSL(41, 3)": (
        nx.circulant_graph(41, [1, 2]),
        nx.circulant_graph(41, [1, 3]),
        BEYOND_WL,
    ),
    # Both have 1, 3, 6, 6, 3, 1 nodes at distances 0 to 5 of every node (Zhang et al., 2023).
    "dodecahedron and Desargues graph": (
        nx.dodecahedral_graph(),
        nx.desargues_graph(),
        BEYOND_WL - {"ShortestPathDistance"},
    ),
    # Strongly regular of the same parameters: every matrix here is a combination of I, A and J.
    "rook's graph and Shrikhande graph": (rook(), shrikhande(), set()),
}


def matrices(one, two):
    return nx.to_numpy_array(one), nx.to_numpy_array(two)


@pytest.mark.parametrize("name", PAIRS)
def test_those_tell_graphs_apart_that_theory_says(name):
    one, two, expected = PAIRS[name]
    assert not nx.is_isomorphic(one, two)
    graphs = matrices(one, two)
    told = {
        reader: tells_apart(read(graphs[0]), read(graphs[1]), graphs)
        for reader, read in READERS.items()
    }
    assert {reader for reader, verdict in told.items() if verdict.refined} == expected
    assert all(verdict.refined for verdict in told.values() if verdict.alone)
    assert not told["none (1-WL)"].alone


@given(st.integers(1, 8), st.floats(0.1, 0.9), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_a_renumbered_copy_is_never_told_apart(size, density, seed):
    rng = np.random.default_rng(seed)
    graph = np.triu(rng.random((size, size)) < density, 1).astype(float)
    graph = graph + graph.T
    copy = expressivity.renumbered(graph, rng)
    for name, read in READERS.items():
        assert not any(tells_apart(read(graph), read(copy), (graph, copy))), name


@given(st.integers(4, 9), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_without_an_encoding_refinement_is_the_weisfeiler_leman_test_of_networkx(size, seed):
    rng = np.random.default_rng(seed)
    degrees = rng.permutation([2] * (size - 1) + [4])
    graphs = [nx.Graph(nx.configuration_model(degrees.tolist(), seed=seed + k)) for k in (0, 1)]
    for graph in graphs:
        graph.remove_edges_from(list(nx.selfloop_edges(graph)))
        nx.set_node_attributes(graph, "white", "colour")
    hashes = [
        nx.weisfeiler_lehman_graph_hash(graph, node_attr="colour", iterations=size)
        for graph in graphs
    ]
    found = [expressivity.nothing(np.eye(size))] * 2
    assert tells_apart(*found, matrices(*graphs)).refined == (hashes[0] != hashes[1])


def test_rounding_reorders_no_rows_and_the_tolerance_counts():
    graphs = (np.zeros((2, 2)), np.zeros((2, 2)))
    one = Invariant(nodes=np.array([[0.0, 1.0], [1e-12, 0.0]]))
    two = Invariant(nodes=np.array([[1e-12, 1.0], [0.0, 0.0]]))  # sorted by column 0: swapped
    assert not any(tells_apart(one, two, graphs))
    other = Invariant(nodes=np.array([[1e-12, 1.0], [0.0, 1e-5]]))
    assert all(tells_apart(one, other, graphs))
    assert not any(tells_apart(one, other, graphs, tolerance=1e-4))


def test_rows_are_compared_as_wholes_and_pairs_row_by_row():
    graphs = (np.zeros((2, 2)), np.zeros((2, 2)))
    one, two = (Invariant(nodes=np.array(rows)) for rows in ([[0, 0], [1, 1]], [[0, 1], [1, 0]]))
    assert all(tells_apart(one, two, graphs))
    one, two = (
        Invariant(pairs=np.array(entries, float)[..., None])
        for entries in ([[0, 1], [1, 0]], [[1, 0], [0, 1]])  # a diagonal is not a row
    )
    assert all(tells_apart(one, two, graphs))


def test_graphs_of_unlike_sizes_are_apart():
    graphs = (np.zeros((2, 2)), np.zeros((3, 3)))
    assert all(tells_apart(*map(expressivity.nothing, graphs), graphs))


def test_what_changes_with_numbering_is_no_invariant():
    with pytest.raises(ValueError, match="up_to_basis: its columns are no invariants"):
        expressivity.of_encoding(encodings.LaplacianEigenvectors())
    graph = nx.to_numpy_array(nx.star_graph(5))
    family = expressivity.Family("star", (graph, graph), ((0, 1),))
    with pytest.raises(expressivity.Renumbered, match="first row: graph 0 of star"):
        expressivity.count(family, {"first row": lambda adjacency: Invariant(adjacency[0])})


@pytest.fixture
def folder(tmp_path):
    """Every file, each with the pair of a ring and two triangles."""
    (tmp_path / "expressivity").mkdir()
    one, two, _ = PAIRS["C6 and 2 C3"]
    for file in expressivity.FILES.values():
        lines = nx.to_graph6_bytes(one, header=False) + nx.to_graph6_bytes(two, header=False)
        (tmp_path / "expressivity" / file).write_bytes(lines)
    return tmp_path


def test_the_command_prints_tables_and_writes_the_counts(folder, capsys):
    path = folder / "counts.json"
    assert execute(COMMAND, [f"--root={folder}", f"--json={path}", "--markdown"]) == 0
    printed = capsys.readouterr().out
    assert "| RandomWalk, 20 steps | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 7 | 1 | 1 |" in printed
    assert "| Degree | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 |" in printed
    results = json.loads(path.read_text())
    assert results["pairs"] == dict.fromkeys(expressivity.FILES, 1)
    assert results["told"]["CFI"]["RRWP, 21 steps"] == dict(alone=1, refined=1)


def test_a_missing_file_is_named(tmp_path, capsys):
    assert execute(COMMAND, [f"--root={tmp_path}"]) == 2
    assert "brec_basic.g6" in capsys.readouterr().err


def test_of_the_published_pairs_distances_tell_few_and_walks_all():
    families = {family.name: family for family in expressivity.load(data_folder())}
    counts = [len(family.pairs) for family in families.values()]
    assert counts == [60, 50, 50, 100, 100, 20, 20, 1, 105]
    readers = {name: READERS[name] for name in ("none (1-WL)", "ShortestPathDistance", WALKS)}
    told = expressivity.count(families["basic"], readers)
    assert told["none (1-WL)"] == dict(alone=0, refined=0)
    assert told["ShortestPathDistance"] == dict(alone=16, refined=16)
    assert told[WALKS] == dict(alone=60, refined=60)
