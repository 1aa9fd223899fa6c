"""Graphs of DGL, for which objects with the same methods stand in."""

import numpy as np
import pytest
from hypothesis import given, settings

from gtx.data import Categorical, DatasetError
from gtx.data.convert import from_dgl
from tests.data.convert.drawn_datasets import CASES, assert_same, plain_dataset
from tests.data.convert.test_pyg import Tensor


class Graph:
    """Like a `dgl.DGLGraph`."""

    is_homogeneous = True

    def __init__(self, num_nodes, senders, receivers, ndata=None, edata=None, sizes=None):
        self.count, self.ends = num_nodes, (Tensor(senders), Tensor(receivers))
        self.ndata = {name: Tensor(array) for name, array in (ndata or {}).items()}
        self.edata = {name: Tensor(array) for name, array in (edata or {}).items()}
        self.sizes = sizes or ([num_nodes], [len(senders)])

    def num_nodes(self):
        return self.count

    def edges(self):
        return self.ends

    @property
    def batch_size(self):
        return len(self.sizes[0])

    def batch_num_nodes(self):
        return Tensor(self.sizes[0])

    def batch_num_edges(self):
        return Tensor(self.sizes[1])


def graphs_of(dataset):
    """The graphs of a dataset as DGL would hold them."""
    found = []
    for number in range(len(dataset)):
        whole, count = dataset[number], int(dataset.num_nodes[number])
        found.append(Graph(count, whole.senders, whole.receivers, dict(whole.nodes), whole.edges))
    return found


@settings(max_examples=30, deadline=None)
@given(**CASES)
def test_a_dataset_goes_out_and_comes_back(seed, sizes, kind):
    dataset = plain_dataset(seed, sizes, kind)
    spec = dataset.spec.replace(graphs={})
    expected = dataset.__class__(**{**vars_of(dataset), "graphs": {}, "spec": spec})
    graphs, table = graphs_of(dataset), dataset.targets
    if kind == "node":
        for number, graph in enumerate(graphs):
            rows = slice(dataset.node_ptr[number], dataset.node_ptr[number + 1])
            graph.ndata["label"] = Tensor(table.labels[rows])
            for code, name in enumerate(("train_mask", "val_mask", "test_mask")):
                graph.ndata[name] = Tensor(table.split[rows] == code)
        back = from_dgl(graphs, target="label", spec=spec)
    else:
        back = from_dgl(graphs, Tensor(table.labels), split=table.split, spec=spec)
    assert_same(back, expected)


def vars_of(dataset):
    return {name: getattr(dataset, name) for name in dataset.__dataclass_fields__}


def test_a_batched_graph_is_taken_apart():
    ndata = dict(kind=np.array([0, 1, 2, 1, 0]))
    whole = Graph(5, [0, 3, 4], [1, 4, 2], ndata, dict(w=np.ones(3)), ([2, 0, 3], [1, 0, 2]))
    dataset = from_dgl(whole)
    assert dataset.num_nodes.tolist() == [2, 0, 3] and dataset.num_edges.tolist() == [1, 0, 2]
    assert dataset.senders.tolist() == [0, 2, 1] and dataset.receivers.tolist() == [1, 0, 2]
    assert dataset.spec.nodes == {"kind": Categorical((3,))}


def test_labels_of_pairs_of_a_dataset_are_rows():
    graphs = [Graph(2, [0], [1], dict(x=np.ones(2))) for _ in range(3)]
    dataset = from_dgl(graphs, [Tensor(2), Tensor(0), Tensor(1)])
    np.testing.assert_array_equal(dataset.targets.labels, [2, 0, 1])


REFUSED = {
    "no dgl": (lambda: [3], {}, "graph 0: is a int"),
    "several types": (lambda: several_types(), {}, "to_homogeneous"),
    "an edge beyond": (lambda: Graph(2, [0], [2]), {}, r"receivers\[0\] is 2"),
    "rows of nodes": (lambda: Graph(2, [0], [1], dict(x=np.ones(3))), {}, "nodes.'x'. has shape"),
    "NaN": (lambda: Graph(2, [0], [1], dict(x=np.full(2, np.nan))), {}, "is nan"),
    "labels too few": (lambda: Graph(2, [0], [1]), dict(labels=[1, 2]), "2 labels for 1 graphs"),
    "ragged labels": (
        lambda: [Graph(2, [0], [1])] * 2, dict(labels=[[1], [1, 2]]), "Give rows of one length",
    ),
    "two kinds of labels": (
        lambda: Graph(2, [0], [1]), dict(labels=[1], target="y"), "Give one.",
    ),
    "a label that would be a feature": (
        lambda: Graph(2, [0], [1], dict(label=np.ones((2, 1)))), {}, "Give target='label'",
    ),
    "no such target": (lambda: Graph(2, [0], [1]), dict(target="y"), "ndata has no 'y'"),
    "no such column": (lambda: Graph(2, [0], [1]), dict(edges=["w"]), r"edata has no \['w'\]"),
}  # fmt: skip


def several_types():
    graph = Graph(2, [0], [1])
    graph.is_homogeneous = False
    return graph


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_place_is_refused_with_its_graph_and_field(case):
    make, arguments, message = REFUSED[case]
    with pytest.raises(DatasetError, match=message):
        from_dgl(make(), **arguments)
