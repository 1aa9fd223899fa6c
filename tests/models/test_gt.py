"""GT: its published size, and what its fields bind."""

import pytest

from gtx.data import Categorical, Continuous, GraphSpec, Label
from gtx.encodings import LaplacianEigenvectors
from gtx.models import GT
from tests.models.test_gps import batch_with, count

LABEL = Label("node", "multiclass", 6)


def test_without_columns_of_edges_it_has_the_524026_parameters_of_the_paper_on_cluster():
    """No map of edges and no stream of edges: 80 wide, 10 layers, 7 types, 10 eigenvectors."""
    columns = dict(type=Categorical((7,)), laplacian_vectors=Continuous(10))
    model = GT(dim=80, node_encoders={"laplacian": "laplacian_linear"})
    model = model.build(
        GraphSpec(nodes=columns, label=LABEL), encodings=[LaplacianEigenvectors(10)]
    )
    batch = batch_with(
        type=("nodes", 1, int),
        laplacian_vectors=("nodes", 10, float),
        laplacian_values=("globals", 10, float),
        laplacian_mask=("globals", 10, float),
    )
    layer = 3 * 80**2 + 81 * 80 + 81 * 160 + 161 * 80 + 4 * 80
    expected = 10 * layer + 7 * 80 + 11 * 80 + 81 * 40 + 41 * 20 + 21 * 6
    assert count(model, batch) == expected == 524_026


def test_heads_share_the_width():
    with pytest.raises(ValueError, match="dim: 64 is not a multiple of num_heads 7"):
        GT(num_heads=7).build(GraphSpec(nodes=dict(type=Categorical((7,))), label=LABEL))
