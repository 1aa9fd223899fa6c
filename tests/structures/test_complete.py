import numpy as np
import pytest

from gtx import structures
from tests.encodings.graphs import path
from tests.structures.graphs import edges_of, featured


@pytest.mark.parametrize("loops", [False, True])
def test_complete_graphs_have_every_pair(loops):
    graphs = featured([path(4), np.zeros((0, 0)), np.zeros((3, 3))])
    made = structures.Complete(loops=loops)(graphs)
    for number, n in enumerate([4, 0, 3]):
        expected = [(i, j) for j in range(n) for i in range(n) if loops or i != j]
        assert edges_of(made, "complete", number) == expected


def test_virtual_nodes_are_left_out():
    both = [structures.VirtualNodes(), structures.Complete()]
    made = structures.apply(featured([path(2)]), both)
    assert edges_of(made, "complete") == [(1, 0), (0, 1)]
