"""Subgraphs against those that networkx finds."""

import networkx as nx
import numpy as np
import pytest

from gtx import structures
from gtx.data import DatasetError
from tests.structures.graphs import HARD, featured


@pytest.mark.parametrize("hops", [1, 2, 5])
def test_they_are_the_edges_between_nodes_that_reach_the_centre(hops):
    dataset = structures.Subgraphs(hops)(featured(HARD))
    table = dataset.edge_sets["subgraphs"]
    numbers = table.columns["edge"][:, 0]
    for graph, size in enumerate(dataset.num_nodes):
        part = slice(*dataset.edge_ptr[graph : graph + 2])
        edges = list(zip(dataset.senders[part], dataset.receivers[part], strict=True))
        network = nx.DiGraph()
        network.add_nodes_from(range(size))
        network.add_edges_from(edges)
        for centre in range(size):
            backward = network.reverse()
            near = nx.single_source_shortest_path_length(backward, centre, cutoff=hops)
            wanted = [1 + e for e, (u, w) in enumerate(edges) if u in near and w in near]
            rows = (table.graph == graph) & (table.receivers == centre)
            assert sorted(numbers[rows]) == wanted
            ends = [edges[edge - 1][1] for edge in numbers[rows]]
            assert table.senders[rows].tolist() == ends == sorted(ends)


def test_a_subgraph_has_at_least_one_hop():
    with pytest.raises(DatasetError, match="subgraphs: hops"):
        structures.Subgraphs(0)
    assert (
        len(structures.Subgraphs(1)(featured([np.zeros((3, 3))])).edge_sets["subgraphs"].graph) == 0
    )
