import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gtx import structures
from gtx.data import Categorical
from tests.encodings.graphs import dataset_of, grid, multigraphs, path
from tests.structures.graphs import edges_of, featured


@given(multigraphs(), st.integers(2, 4))
@settings(deadline=None, max_examples=50)
def test_hops_are_the_shortest_walks_of_networkx(adjacency, hops):
    networkx = pytest.importorskip("networkx")
    graph = networkx.from_numpy_array(adjacency.T, create_using=networkx.DiGraph)
    lengths = {
        (sender, receiver): length
        for sender, reached in networkx.all_pairs_shortest_path_length(graph, cutoff=hops)
        for receiver, length in reached.items()
        if length > 1
    }
    made = structures.KHop(hops)(dataset_of([adjacency]))
    hop = made.edge_sets["k_hop"].columns["hop"][:, 0].tolist()
    assert dict(zip(edges_of(made, "k_hop"), hop, strict=True)) == lengths


def test_hops_of_a_path_and_of_a_grid_are_its_distances():
    made = structures.KHop(3)(featured([path(6)])).edge_sets["k_hop"]
    apart = np.abs(made.senders - made.receivers)
    assert sorted(set(apart.tolist())) == [2, 3]
    np.testing.assert_array_equal(made.columns["hop"][:, 0], apart)
    far = structures.KHop(9)(featured([grid(3, 4)]))
    made = far.edge_sets["k_hop"]
    rows, columns = np.divmod(made.senders, 4), np.divmod(made.receivers, 4)
    apart = sum(np.abs(one - two) for one, two in zip(rows, columns, strict=True))
    np.testing.assert_array_equal(made.columns["hop"][:, 0], apart)
    assert far.spec.edge_sets["k_hop"]["hop"] == Categorical((10,))
    assert len(made.senders) + len(far.senders) == 12 * 11


def test_a_virtual_node_is_no_short_cut_and_many_hops_end_where_nothing_is_further_away():
    made = structures.apply(
        featured([path(4)]), [structures.VirtualNodes(), structures.KHop(2**20)]
    )
    assert sorted(edges_of(made, "k_hop")) == [(0, 2), (0, 3), (1, 3), (2, 0), (3, 0), (3, 1)]
