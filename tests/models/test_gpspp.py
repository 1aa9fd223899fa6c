"""GPS++: its published size, and distances in space."""

import pytest

from gtx.data import Categorical, Continuous, GraphSpec, Label
from gtx.models import GPSPlusPlus
from tests.models.test_gps import batch_with, count

LABEL = Label("graph", "regression", 1)
TYPES = dict(nodes=dict(type=Categorical((28,))), edges=dict(bond=Categorical((4,))), label=LABEL)


def mlp(width_in, width, hidden):
    """A hidden layer with its norm, and the output."""
    return width_in * hidden + hidden + 2 * hidden + hidden * width + width


def test_the_blocks_have_the_44_million_parameters_of_the_paper():
    n, e, g = 256, 128, 64
    graphs = mlp(g + n + e, g, 4 * g)
    block = mlp(2 * n + e + g, e, 4 * e) + mlp(2 * (e + n) + n + g, n, 4 * n) + graphs
    block += 3 * 2 * n + 4 * (n * n + n) + n * 1024 + 1024 + 1024 * n + n
    blocks = 16 * block - graphs
    assert round(blocks / 1e6) == 44
    embed = (28 + 4) * 64 + 64 * n + n + 64 * e + e + g
    head = n * 128 + 128 + 128 * 64 + 64 + 64 + 1
    batch = batch_with(type=("nodes", 1, int), bond=("edges", 1, int))
    found = count(GPSPlusPlus().build(GraphSpec(**TYPES)), batch)
    assert found == blocks + embed + head


def test_positions_are_kernels_of_distances_and_no_features_of_nodes():
    small = GPSPlusPlus(
        dim=8, num_layers=1, num_heads=2, embed_dim=4, edge_dim=3, graph_dim=2, hidden_dim=4,
        expansion=1, num_kernels=5, positions="place", head_layers=1,
    )  # fmt: skip
    nodes = dict(TYPES["nodes"], place=Continuous(3))
    model = small.build(GraphSpec(**{**TYPES, "nodes": nodes}))
    flat = dict(type=("nodes", 1, int), bond=("edges", 1, int))
    batch = batch_with(**flat, place=("nodes", 3, float))
    without = GPSPlusPlus(**{**vars(small), "positions": None}).build(GraphSpec(**TYPES))
    kernels = 2 * 5 + (5 * 5 + 5) + (5 * 2 + 2)
    assert count(model, batch) == count(without, batch_with(**flat)) + kernels


def test_heads_share_the_width():
    with pytest.raises(ValueError, match="dim: 256 is not a multiple of num_heads 7"):
        GPSPlusPlus(num_heads=7).build(GraphSpec(**TYPES))
