"""Datasets as graphs of DGL and back; objects with its methods stand in where there is none."""

import importlib.util
import sys
import types

import numpy as np
import pytest
from hypothesis import given, settings

from gtx.data import DatasetError
from gtx.data.convert import from_dgl, from_graph6, to_dgl
from tests.data.convert.drawn_datasets import CASES, assert_same, plain_dataset

torch = pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch


class Graph:
    """Like a `dgl.DGLGraph` of one graph."""

    is_homogeneous, batch_size = True, 1

    def __init__(self, ends, num_nodes):
        self.ends, self.count, self.ndata, self.edata = ends, num_nodes, {}, {}

    def num_nodes(self):
        return self.count

    def edges(self):
        return self.ends


@pytest.fixture(autouse=True, scope="module")
def dgl():
    if importlib.util.find_spec("dgl") is None:
        module = types.ModuleType("dgl")
        module.graph = lambda ends, num_nodes: Graph(ends, num_nodes)
        sys.modules["dgl"] = module
        yield
        del sys.modules["dgl"]
    else:
        yield


def without_graph_columns(dataset):
    fields = {name: getattr(dataset, name) for name in dataset.__dataclass_fields__}
    return dataset.__class__(**{**fields, "graphs": {}, "spec": dataset.spec.replace(graphs={})})


@settings(max_examples=20, deadline=None)
@given(**CASES)
def test_a_dataset_goes_out_and_comes_back(seed, sizes, kind):
    dataset = without_graph_columns(plain_dataset(seed, sizes, kind))
    graphs, labels = to_dgl(dataset)
    if kind == "node":
        assert labels is None
        back = from_dgl(graphs, target="label", spec=dataset.spec)
        assert_same(back, dataset, split=bool(np.any(dataset.targets.split != -1)))
    else:
        back = from_dgl(graphs, labels, spec=dataset.spec)
        assert_same(back, dataset, split=False)


def test_what_dgl_has_no_place_for_is_refused():
    dataset = plain_dataset(0, [3, 2], "node")
    with pytest.raises(DatasetError, match="columns of graphs"):
        to_dgl(dataset)
    plain = without_graph_columns(dataset)
    with pytest.raises(DatasetError, match="only some nodes"):
        to_dgl(plain.without_labels().with_targets("node", [0, 2], split=[0, 0]))
    named = plain.with_columns("node", {"label": np.zeros((5, 1), np.float32)})
    with pytest.raises(DatasetError, match="name of another entry"):
        to_dgl(named)
    with pytest.raises(DatasetError, match="targets of each edge"):
        to_dgl(from_graph6(["A_"]).with_targets("edge"))
