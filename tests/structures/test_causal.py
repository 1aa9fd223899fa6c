"""Causal edges: itself and those before it, or the nearest of them."""

import pytest

from gtx import structures
from gtx.data import DatasetError
from tests.encodings.graphs import path
from tests.structures.graphs import edges_of, featured


@pytest.mark.parametrize("window", [0, 1, 2, 9])
def test_a_node_sees_itself_and_the_nodes_before_it(window):
    dataset = structures.apply(featured([path(4), path(1), path(6)]), [structures.Causal(window)])
    for number, size in enumerate((4, 1, 6)):
        wanted = {
            (sender, receiver)
            for receiver in range(size)
            for sender in range(receiver + 1)
            if not window or receiver - sender <= window
        }
        assert set(edges_of(dataset, "causal", number)) == wanted


def test_virtual_nodes_are_not_among_them():
    made = structures.apply(
        featured([path(3), path(2)]), [structures.VirtualNodes(), structures.Causal()]
    )
    plain = structures.apply(featured([path(3), path(2)]), [structures.Causal()])
    for number in range(2):
        assert set(edges_of(made, "causal", number)) == set(edges_of(plain, "causal", number))


def test_a_window_is_not_negative():
    with pytest.raises(DatasetError, match="window"):
        structures.Causal(window=-1)
