import numpy as np

from gtx import structures
from tests.encodings.graphs import path
from tests.structures.graphs import HARD, edges_of, featured


def test_every_node_has_a_self_loop_in_the_graph_or_in_the_set():
    made = structures.SelfLoops()(featured(HARD))
    for number, adjacency in enumerate(HARD):
        without = np.flatnonzero(np.diag(adjacency) == 0) if len(adjacency) else []
        assert edges_of(made, "self_loops", number) == [(i, i) for i in without]


def test_virtual_nodes_have_self_loops_too():
    both = [structures.VirtualNodes(), structures.SelfLoops()]
    made = structures.apply(featured([path(2)]), both)
    assert edges_of(made, "self_loops") == [(0, 0), (1, 1), (2, 2)]
