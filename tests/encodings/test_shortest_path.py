import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csgraph

from gtx.data.spec import Categorical
from gtx.encodings import (
    MAX_NODES,
    RRWP,
    EncodingError,
    ShortestPathDistance,
    ShortestPaths,
    check_symmetry,
)
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

pytestmark = pytest.mark.usefixtures("quick_compilation")


def classes(adjacency, max_distance=20):
    found = ShortestPathDistance(max_distance)(adjacency[None])["pair", "spd"]
    assert found.dtype == np.int32
    return found[0, ..., 0]


def first_steps(adjacency):
    return ShortestPaths()(adjacency[None])["pair", "shortest_paths"][0, ..., 0]


def distances(adjacency):
    """By scipy, from receiver (row) to sender."""
    links = np.ascontiguousarray(adjacency.T > 0).astype(float)
    np.fill_diagonal(links, 0)
    return csgraph.shortest_path(links, unweighted=True)


def random_links(n, density, seed=0):
    return (np.random.default_rng(seed).random((n, n)) < density).astype(float)


places = np.arange(12)
CLOSED_FORMS = {
    "path": (path(7), np.abs(np.subtract.outer(places[:7], places[:7]))),
    "cycle": (
        cycle(9),
        np.minimum(
            np.subtract.outer(places[:9], places[:9]) % 9,
            np.subtract.outer(places[:9], places[:9]).T % 9,
        ),
    ),
    "complete": (complete(5), 1 - np.eye(5)),
    "star": (star(4), 2 - 2 * np.eye(5) - star(4)),
    "grid": (
        grid(3, 4),
        np.abs(np.subtract.outer(places // 4, places // 4))
        + np.abs(np.subtract.outer(places % 4, places % 4)),
    ),
    "hypercube": (
        hypercube(3),
        [[(one ^ two).bit_count() for one in range(8)] for two in range(8)],
    ),
    "one node": (np.zeros((1, 1)), [[0]]),
    "a loop": (np.ones((1, 1)), [[0]]),
}


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_distances_have_the_closed_form(name):
    adjacency, expected = CLOSED_FORMS[name]
    np.testing.assert_array_equal(classes(adjacency), expected)


def test_far_and_unreachable_are_classes_of_their_own():
    adjacency = union(path(5), path(2))
    assert ShortestPathDistance(2).columns() == {("pair", "spd"): Categorical((5,))}
    assert classes(adjacency, 2)[0].tolist() == [0, 1, 2, 3, 3, 4, 4]
    assert classes(adjacency, 3)[0].tolist() == [0, 1, 2, 3, 4, 5, 5]
    assert classes(adjacency, 4)[0].tolist() == [0, 1, 2, 3, 4, 6, 6]
    assert classes(adjacency, 600)[0].tolist() == [0, 1, 2, 3, 4, 602, 602]


def test_no_distance_is_mistaken_for_no_path():
    found = classes(union(path(530), path(1)), 600)  # Graphormer says 510 for both
    assert found[0, 509:531].tolist() == [*range(509, 530), 602]


def test_on_directed_edges_the_path_leads_from_receiver_to_sender():
    adjacency = np.zeros((3, 3))
    adjacency[1, 0] = adjacency[2, 1] = 1  # edges 0 -> 1 -> 2
    assert classes(adjacency, 5).tolist() == [[0, 1, 2], [7, 0, 1], [7, 7, 0]]
    assert first_steps(adjacency).tolist() == [[0, 2, 2], [0, 0, 3], [0, 0, 0]]


@given(multigraphs(9), st.integers(1, 12))
@settings(deadline=None, max_examples=100)
def test_distances_are_those_of_scipy_on_any_graph(adjacency, max_distance):
    if len(adjacency) == 0:
        return
    expected = distances(adjacency)
    near = np.minimum(expected, max_distance + 1)
    expected = np.where(np.isinf(expected), max_distance + 2, near)
    np.testing.assert_array_equal(classes(adjacency, max_distance), expected)


@pytest.mark.parametrize("n", [8, 9, 16, 17, 32, 33, 63, 64, 65, 130])
@pytest.mark.parametrize("density", [0.01, 0.05, 0.6])
def test_words_of_bits_hold_graphs_of_every_size(n, density):
    adjacency = random_links(n, density, seed=n)
    expected = distances(adjacency)
    np.testing.assert_array_equal(
        classes(adjacency, n), np.where(np.isinf(expected), n + 2, expected)
    )


def test_distances_are_those_of_networkx_in_a_batch_of_unlike_graphs():
    networkx = pytest.importorskip("networkx")
    parts = [irregular(20, seed) for seed in range(3)] + [path(20), star(19), random_links(20, 0.1)]
    found = ShortestPathDistance(30)(np.stack(parts))["pair", "spd"][..., 0]
    for adjacency, part in zip(parts, found, strict=True):
        graph = networkx.from_numpy_array(adjacency.T, create_using=networkx.DiGraph)
        expected = np.full((20, 20), 32)
        for one, lengths in networkx.all_pairs_shortest_path_length(graph):
            expected[one, list(lengths)] = list(lengths.values())
        np.testing.assert_array_equal(part, expected)


@pytest.mark.parametrize("encoding", [ShortestPathDistance(4), ShortestPaths()], ids=str)
@pytest.mark.parametrize("density", [0.02, 0.1, 0.5])
def test_the_search_on_the_host_equals_the_definition(encoding, density):
    adjacency = np.stack([random_links(40, density, seed) for seed in range(3)])
    definition = jax.jit(lambda adjacency: encoding(adjacency, xp=jnp))(adjacency)
    for key, values in encoding(adjacency).items():
        np.testing.assert_array_equal(values, definition[key])


@given(multigraphs(7))
@settings(deadline=None, max_examples=30)
def test_a_distance_is_the_first_walk_that_arrives(adjacency):
    n = len(adjacency)
    walks = RRWP(n + 1)(adjacency[None])["pair", "rrwp"][0]
    first = np.where(walks.any(-1), (walks > 0).argmax(-1), n + 3)
    np.testing.assert_array_equal(classes(adjacency, n + 1), first)


def follow(codes, start, end):
    nodes = [start]
    while codes[nodes[-1], end]:
        nodes.append(int(codes[nodes[-1], end]) - 1)
        assert len(nodes) <= len(codes)
    return nodes


@given(multigraphs(8))
@settings(deadline=None, max_examples=100)
def test_the_steps_lead_along_a_shortest_path_and_exist_where_a_path_does(adjacency):
    n = len(adjacency)
    codes, found = first_steps(adjacency), classes(adjacency, n + 1)
    for start in range(n):
        for end in range(n):
            nodes = follow(codes, start, end)
            if found[start, end] == n + 3:
                assert nodes == [start] != [end]
                continue
            assert len(nodes) == found[start, end] + 1 and nodes[-1] == end
            assert all(adjacency[to, came] for came, to in zip(nodes, nodes[1:], strict=False))


@pytest.mark.parametrize("seed", range(3))
def test_of_several_paths_the_one_with_the_smallest_numbers_is_taken(seed):
    networkx = pytest.importorskip("networkx")
    adjacency = irregular(10, seed)
    graph, codes = networkx.from_numpy_array(adjacency), first_steps(adjacency)
    for start in range(10):
        for end in range(10):
            expected = min(networkx.all_shortest_paths(graph, start, end))
            assert follow(codes, start, end) == expected


def test_the_tie_depends_on_the_numbering_which_the_symmetry_says():
    adjacency = cycle(4)[None]
    check_symmetry(ShortestPathDistance(), adjacency, symmetry="exact")
    with pytest.raises(EncodingError, match="shortest_paths"):
        for seed in range(5):
            check_symmetry(ShortestPaths(), adjacency, symmetry="exact", seed=seed)


def test_steps_are_numbers_of_nodes_in_a_vocabulary_that_no_graph_exceeds():
    column = Categorical((MAX_NODES + 1,), fill=0)  # 0 is no path
    assert ShortestPaths().columns() == {("pair", "shortest_paths"): column}
    n = 600  # numbers and distances beyond 8 bits
    codes = first_steps(path(n))
    assert codes.max() == n and codes[0, n - 1] == 2 and codes[n - 1, 0] == n - 1


def test_no_distance_at_all_is_refused():
    with pytest.raises(ValueError, match="max_distance"):
        ShortestPathDistance(0)
