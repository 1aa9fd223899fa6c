"""Data of PyTorch Geometric, for which objects with the same methods stand in.

Those of PyG itself are in tests/torch/test_convert.py.
"""

import types

import numpy as np
import pytest

from gtx.data import Categorical, Continuous, DatasetError, Label
from gtx.data.convert import from_pyg


class Tensor:
    """Like a tensor on a device."""

    layout = "torch.strided"
    is_sparse = False

    def __init__(self, values):
        self.values = np.asarray(values)
        self.shape, self.dtype = self.values.shape, self.values.dtype

    def __len__(self):
        return len(self.values)

    def detach(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return self.values


class Data:
    """Like `torch_geometric.data.Data`: attributes, and an iteration over them."""

    def __init__(self, **attributes):
        self.attributes = {
            name: Tensor(value) if isinstance(value, np.ndarray | list) else value
            for name, value in attributes.items()
        }

    def to_dict(self):
        return dict(self.attributes)

    @property
    def edge_index(self):
        return self.attributes.get("edge_index")

    def __iter__(self):
        yield from self.attributes.items()


def data(**changes):
    given = dict(
        x=np.array([[0.5], [1.0], [2.0]], np.float32),
        edge_index=np.array([[0, 1], [1, 0]]),
        edge_attr=np.array([3, 1]),
        y=np.array([1]),
    )
    return Data(
        **{name: value for name, value in {**given, **changes}.items() if value is not None}
    )


def test_attributes_become_columns_labels_and_edges():
    dataset = from_pyg([data(), data(edge_index=np.zeros((2, 0), int), edge_attr=np.zeros(0, int))])
    assert dataset.spec.nodes == {"x": Continuous(1)}
    assert dataset.spec.edges == {"edge_attr": Categorical((4,))}
    assert dataset.spec.label == Label("graph", "multiclass", 2)
    assert dataset.num_nodes.tolist() == [3, 3] and dataset.num_edges.tolist() == [2, 0]
    np.testing.assert_array_equal(dataset.edges["edge_attr"][:, 0], [1, 3])  # by receiver
    assert len(from_pyg(data())) == 1


def test_masks_are_the_split_of_nodes_and_a_fold_is_chosen():
    masks = np.array([[True, False], [False, True], [False, False]])
    given = data(y=np.array([0, 1, 1]), train_mask=masks, test_mask=masks[::-1])
    np.testing.assert_array_equal(from_pyg(given).targets.split, [0, -1, 2])
    assert from_pyg(given).targets.level == "node"


def test_named_attributes_and_names():
    given = data(z=np.array([6, 1, 8]), u=np.array([[0.5, 1.5]]), smiles="CCO", idx=4)
    dataset = from_pyg(given, nodes=["z"], features=["u"], names="smiles", leave_out=["idx"])
    assert dataset.spec.nodes["z"] == Categorical((9,)) and dataset.spec.graphs["u"].dim == 2
    assert dataset.names.tolist() == ["CCO"]


def test_scalars_and_rows_are_labels_of_graphs():
    assert from_pyg([data(y=0.5), data(y=1.5)]).targets.labels[:, 0].tolist() == [0.5, 1.5]
    rows = from_pyg([data(y=np.array([[0.5, np.nan]])), data(y=np.array([[1.0, 2.0]]))])
    assert rows.spec.label.dim == 2 and np.isnan(rows.targets.labels[0, 1])


INT = np.array([[0, 1], [1, 0]])
REFUSED = {
    "edge beyond the nodes": (dict(edge_index=np.array([[0, 3], [1, 0]])), {}, "s.1. is 3"),
    "negative edge": (dict(edge_index=np.array([[0, -1], [1, 0]])), {}, r"senders\[1\] is -1"),
    "edge of floats": (dict(edge_index=INT.astype(float)), {}, "nodes of edges are float64"),
    "edge of bools": (dict(edge_index=INT.astype(bool)), {}, "nodes of edges are bool"),
    "edges of objects": (dict(edge_index=INT.astype(complex)), {}, "are complex128"),
    "one row of edges": (dict(edge_index=np.array([0, 1])), {}, "It must be"),
    "no edges": (dict(edge_index=None), {}, "has no edge_index"),
    "no size": (dict(x=None), {}, "neither x nor num_nodes"),
    "a size that is no integer": (dict(num_nodes=2.5), {}, "graph 0: num_nodes is 2.5"),
    "a size that is a text": (dict(num_nodes="3"), {}, "num_nodes is '3'. It must be an integer"),
    "several sizes": (dict(num_nodes=np.array([1, 2])), {}, r"num_nodes is \[1, 2\]"),
    "a negative size": (dict(x=None, num_nodes=-1), {}, "num_nodes is -1"),
    "wrong size": (dict(num_nodes=5), {}, r"nodes\['x'\] has shape \(3, 1\) for 5"),
    "edge_attr of other edges": (dict(edge_attr=np.array([1])), {}, r"edges\['edge_attr'\]"),
    "NaN": (dict(x=np.array([[np.nan], [0], [0]])), {}, "graph 0: nodes.'x'..0, 0. is nan"),
    "complex": (dict(x=np.ones((3, 1), complex)), {}, "is complex128"),
    "three axes": (dict(x=np.ones((3, 1, 1))), {}, "flatten further axes"),
    "64 bits": (dict(x=np.array([2**40, 0, 0])), {}, "is 1099511627776"),
    "negative category": (dict(edge_attr=np.array([-1, 0])), {}, "is -1. Integers are categories"),
    "unknown": (dict(z=np.ones(3), name="a"), {}, r"has the attributes \['name', 'z'\]"),
    "rows of y": (dict(y=np.ones(2)), {}, "y has 2 rows for 3 nodes"),
    "rows at a level": (dict(y=np.ones(2)), dict(level="node"), r"y has shape \(2,\)"),
    "labels of classes": (dict(y=np.array([0.5])), dict(kind="multiclass"), "no.* whole numbers"),
    "mask of integers": (dict(y=np.ones(3), train_mask=np.ones(3, int)), {}, "mask of train is"),
    "mask too short": (dict(y=np.ones(3), test_mask=np.ones(2, bool)), {}, "test_mask has 2"),
    "two masks": (
        dict(y=np.ones(3), train_mask=np.ones(3, bool), test_mask=np.ones(3, bool)), {},
        "node 0 is in train and in test",
    ),
    "no such fold": (
        dict(y=np.ones(3), train_mask=np.ones((3, 2), bool)), dict(fold=2), "there is no fold 2"
    ),
    "masks of graphs": (dict(train_mask=np.ones(3, bool)), {}, "the level is 'graph'"),
    "no text": (dict(smiles=3), dict(names="smiles"), "smiles is no text"),
    "no tensor": (dict(x="x"), dict(level="graph"), "graph 0: x: is a str. Give a tensor"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_place_is_refused_with_its_graph_and_field(case):
    changes, settings, message = REFUSED[case]
    with pytest.raises(DatasetError, match=message):
        from_pyg(data(**changes), **settings)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(x=None, num_nodes=3), r"graph 1: nodes have the columns \[\], graph 0 has \['x'\]"),
        (dict(x=np.ones((3, 2))), r"graph 1: nodes\['x'\] has rows of shape \(2,\)"),
        (dict(x=np.ones((3, 1), int)), "graph 1: nodes.'x'. is int64, in graph 0 it is float32"),
        (dict(y=None), "graph 1: has no label, and others have"),
        (dict(y=np.array([[1, 2]])), "graph 1: labels has rows of shape"),
    ],
)
def test_a_graph_that_differs_from_the_first_is_named(changes, message):
    with pytest.raises(DatasetError, match=message):
        from_pyg([data(), data(**changes)])


def test_what_is_no_data_is_refused():
    with pytest.raises(DatasetError, match="graph 0: is a int"):
        from_pyg([3])
    several = types.SimpleNamespace(edge_types=[("a", "to", "b")], to_dict=dict)
    with pytest.raises(DatasetError, match="to_homogeneous"):
        from_pyg(several)
    with pytest.raises(DatasetError, match="none to convert"):
        from_pyg([])
    sparse = Tensor(np.ones((3, 3)))
    sparse.is_sparse = True
    with pytest.raises(DatasetError, match="sparse tensor"):
        from_pyg(data(x=sparse))
    one = data(x=np.ones((1, 1)), edge_index=np.zeros((2, 0), int), edge_attr=np.zeros(0))
    with pytest.raises(DatasetError, match="level='graph' or level='node'"):
        from_pyg(one)
