"""Graphs of PyTorch Geometric come in and go out."""

import numpy as np
import pytest
from hypothesis import given, settings

from gtx.data import DatasetError
from gtx.data.convert import from_pyg, to_pyg
from tests.data.convert.drawn_datasets import CASES, assert_same, plain_dataset

pytest.importorskip("torch_geometric", reason="needs torch and torch-geometric")
pytestmark = pytest.mark.torch


@settings(max_examples=30, deadline=None)
@given(**CASES)
def test_a_dataset_goes_out_and_comes_back(seed, sizes, kind):
    dataset = plain_dataset(seed, sizes, kind)
    graphs = to_pyg(dataset)
    names = dict(nodes=["kind", "feat"], edges=["bond"], features=["u"])
    if kind != "node":
        back = from_pyg(graphs, **names, level="graph", spec=dataset.spec)
        assert_same(back, dataset, split=False)
    else:
        back = from_pyg(graphs, **names, level="node", spec=dataset.spec)
        assert_same(back, dataset, split=bool(np.any(dataset.targets.split != -1)))


def test_the_containers_of_pyg_are_read(tmp_path):
    import torch
    from torch_geometric.data import Batch, HeteroData, InMemoryDataset
    from torch_geometric.data import Data as OfPyG

    graphs = [
        OfPyG(
            x=torch.full((n, 1), float(n)), edge_index=torch.tensor([[0], [1]]), y=torch.tensor([n])
        )
        for n in (2, 3)
    ]

    class Mine(InMemoryDataset):
        def __init__(self):
            super().__init__(str(tmp_path))
            self.data, self.slices = self.collate(graphs)

    for listed in (graphs, Batch.from_data_list(graphs), Mine(), tuple(graphs)):
        dataset = from_pyg(listed)
        assert dataset.num_nodes.tolist() == [2, 3]
        np.testing.assert_array_equal(dataset.nodes["x"][:, 0], [2, 2, 3, 3, 3])
        np.testing.assert_array_equal(dataset.targets.labels, [2, 3])
    mixed = HeteroData()
    mixed["a"].x = torch.ones(2, 1)
    with pytest.raises(DatasetError, match="HeteroData"):
        from_pyg(mixed)
    half = OfPyG(x=torch.ones(2, 1, dtype=torch.bfloat16), edge_index=torch.zeros(2, 0).long())
    assert from_pyg(half).nodes["x"].tolist() == [[1.0], [1.0]]
