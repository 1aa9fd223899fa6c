import numpy as np
import pytest

from gtx.encodings import RandomWalk
from gtx.encodings.base import MAX_NODES
from gtx.encodings.engine import parts, values
from gtx.encodings.engine.parts import compute, compute_into, empty, plan, scatter, topology
from gtx.encodings.engine.values import DENSE_NODES
from tests.encodings.engine.test_memory import without_edges
from tests.encodings.graphs import complete, dataset_of, irregular, star
from tests.encodings.test_base import Codes, Powers

MIXED = [star(4), irregular(7), np.zeros((0, 0)), complete(5), np.zeros((2, 2)), irregular(7, 1)]


def test_each_graph_is_in_one_part_with_its_like_and_large_ones_are_alone(monkeypatch):
    monkeypatch.setattr(parts, "_PART_WORK", 5 * 20_000)
    sizes = [10, 2000, 9, 25, DENSE_NODES, DENSE_NODES + 1, 8, 25, 0]
    found = plan(without_edges(*sizes))
    together = np.concatenate(found)
    assert sorted(together.tolist()) == list(range(9))
    assert np.all(np.diff(np.array(sizes)[together]) >= 0)
    assert [part.tolist() for part in found[-2:]] == [[5], [1]]
    assert len(found) > 3
    assert plan(without_edges()) == []


def test_a_part_holds_the_edges_of_its_graphs():
    dataset = dataset_of(MIXED).select([4, 3, 1, 0])
    part = topology(dataset, np.array([3, 1]))
    assert part.ids.tolist() == [0, 3] and part.n_node.tolist() == [5, 5]
    assert part.n_edge.tolist() == [8, 20]
    np.testing.assert_array_equal(part.senders[:8], dataset[3].senders)
    np.testing.assert_array_equal(part.receivers[8:], dataset[1].receivers)


@pytest.mark.parametrize("encoding", [Codes(), Powers(), RandomWalk(3)], ids=str)
def test_both_ways_to_write_a_part_give_the_same_columns(encoding):
    dataset = dataset_of(MIXED)
    graphs = np.array([2, 4, 0, 3])
    part = topology(dataset, graphs)
    one, two = (empty(encoding, dataset.num_nodes) for _ in range(2))
    scatter(one, compute(encoding, part), graphs, dataset.num_nodes)
    compute_into(two, encoding, part, graphs, dataset.num_nodes)
    for key in one:
        np.testing.assert_array_equal(one[key], two[key])
        assert one[key].any()


def test_sparse_matrices_are_for_large_graphs_with_few_edges():
    class Both(Powers):
        def sparse(self, adjacency):
            raise NotImplementedError

    n_node = np.array([DENSE_NODES, 2000, 2000, MAX_NODES + 1])
    n_edge = np.array([0, 40_000, 40_001, 10**7])
    assert values.takes_sparse(Both(), n_node, n_edge).tolist() == [False, True, False, True]
    assert not values.takes_sparse(Powers(), n_node, n_edge).any()


def test_an_edge_of_a_sparse_matrix_leads_from_column_to_row():
    seen = []

    class Looking(Powers):
        def columns(self):
            return {}

        def sparse(self, adjacency):
            seen.append(adjacency)
            return {}

    n = MAX_NODES + 1
    dataset = without_edges(n)
    part = topology(dataset, np.array([0]))._replace(
        n_edge=np.array([3]), senders=np.array([7, 5, 7]), receivers=np.array([2, 2, 2])
    )
    compute(Looking(), part)
    assert seen[0].shape == (n, n) and seen[0].has_canonical_format
    assert seen[0][2, 7] == 2 and seen[0][2, 5] == 1 and seen[0].sum() == 3
