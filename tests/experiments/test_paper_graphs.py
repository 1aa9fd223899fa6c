"""The graphs of the claims are the named ones, and columns stand where their graphs are."""

import numpy as np
import pytest
from scipy import sparse

from experiments.paper import batches, graphs
from gtx import encodings

NAMED = {
    "ring": (graphs.ring(7), 14),
    "grid": (graphs.grid(3, 4), 34),
    "tree": (graphs.binary_tree(3), 28),
    "circulant": (graphs.circulant(41, (1, 3)), 164),
    "decalin": (graphs.decalin(), 22),
    "bicyclopentyl": (graphs.bicyclopentyl(), 22),
    "rook": (graphs.rook(), 96),
    "shrikhande": (graphs.shrikhande(), 96),
}


@pytest.mark.parametrize("name", NAMED)
def test_named_graphs_are_simple_and_have_their_edges(name):
    adjacency, edges = NAMED[name]
    assert (adjacency == adjacency.T).all() and not adjacency.trace()
    assert set(np.unique(adjacency)) == {0, 1} and adjacency.sum() == edges
    expected = sparse.csgraph.shortest_path(sparse.csr_array(adjacency), unweighted=True)
    np.testing.assert_array_equal(graphs.distances(adjacency), expected)


def test_rook_and_shrikhande_are_strongly_regular_and_not_the_same():
    for adjacency in (graphs.rook(), graphs.shrikhande()):
        square = 6 * np.eye(16) + 2 * adjacency + 2 * (1 - np.eye(16) - adjacency)
        np.testing.assert_array_equal(adjacency @ adjacency, square)

    def cliques_of_four(adjacency):
        """Edges within the common neighbourhoods of the ends of each edge."""
        ends = np.argwhere(adjacency)
        common = adjacency[ends[:, 0]] * adjacency[ends[:, 1]]
        return np.einsum("ei,ij,ej->", common, adjacency, common)

    assert cliques_of_four(graphs.rook()) > 0 == cliques_of_four(graphs.shrikhande())


def test_columns_stand_where_their_graphs_are():
    found = [graphs.path(3), graphs.ring(5)]
    batch = batches.batch_of(found)
    columns = [
        {**batches.encoded(encodings.RRWP(3), [g])[0], ("graph", "n"): np.full(1, len(g))}
        for g in found
    ]
    filled = batches.with_columns(batch, columns)
    nodes = np.asarray(filled.graph.nodes["rrwp"])
    np.testing.assert_allclose(nodes[3:8], columns[1]["node", "rrwp"], atol=1e-6)
    assert not nodes[8:].any()
    pairs = np.asarray(filled.pairs["rrwp"]).reshape(2, 5, 5, 3)
    np.testing.assert_allclose(pairs[0, :3, :3], columns[0]["pair", "rrwp"], atol=1e-6)
    assert not pairs[0, 3:].any() and not pairs[0, :, 3:].any()
    np.testing.assert_array_equal(filled.graph.globals["n"], [[3], [5], [0]])
