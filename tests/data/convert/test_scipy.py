"""Sparse matrices: every stored entry is an edge, or is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from gtx.data import Continuous, DatasetError, Label
from gtx.data.convert import from_scipy, to_scipy


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(0, 6), min_size=1, max_size=4),
    form=st.sampled_from(["csr_array", "csc_array", "coo_matrix", "lil_array", "dok_array"]),
    dtype=st.sampled_from(["float64", "float32", "int16", "bool"]),
)
def test_a_matrix_goes_in_and_comes_out(seed, sizes, form, dtype):
    rng = np.random.default_rng(seed)
    dense = [
        np.where(rng.random((n, n)) < 0.4, rng.integers(1, 9, (n, n)), 0).astype(dtype)
        for n in sizes
    ]
    dataset = from_scipy([getattr(sparse, form)(matrix) for matrix in dense])
    assert dataset.num_nodes.tolist() == sizes
    back = to_scipy(dataset, weight=None if dtype == "bool" else "weight")
    for found, matrix in zip(back, dense, strict=True):
        np.testing.assert_array_equal(found.toarray(), matrix)


def path(**arguments):
    matrix = sparse.csr_array(np.array([[0.0, 2.5], [0, 0]]))
    return from_scipy(matrix, **arguments)


def test_rows_send_and_columns_receive():
    dataset = path(nodes={"x": [1.0, 2.0]}, labels=[3], split=["train"])
    assert dataset.senders.tolist() == [0] and dataset.receivers.tolist() == [1]
    assert dataset.spec.edges == {"weight": Continuous(1)}
    assert dataset.spec.label == Label("graph", "multiclass", 4)
    assert not path(weight=None).edges
    labels = path(labels=["b", "a"], level="node", split=["train", "test"])
    assert labels.spec.label.names == ("a", "b") and labels.targets.split.tolist() == [0, 2]


def coo(entries, rows, columns, shape=(2, 2)):
    return sparse.coo_array((np.array(entries), (rows, columns)), shape=shape)


REFUSED = {
    "dense": (np.eye(2), "graph 0: is a ndarray. Give a sparse matrix"),
    "a list": ([[1.0]], "is a list"),
    "not square": (sparse.csr_array(np.ones((2, 3))), r"has shape \(2, 3\)"),
    "complex": (sparse.csr_array(np.eye(2) * 1j), "entries are complex128"),
    "twice": (coo([1.0, 2.0], [0, 0], [1, 1]), r"entry \[0, 1\] is stored twice"),
    "a stored zero": (coo([0.0], [1], [0]), r"entry \[1, 0\] is stored and 0"),
    "NaN": (coo([np.nan], [1], [0]), "graph 0: edges.'weight'..0, 0. is nan"),
    "beyond float32": (coo([1e300], [1], [0]), "is inf"),
    "an integer beyond float32": (coo([2**24 + 1], [1], [0]), "cannot hold exactly"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_plain_adjacency_is_refused(case):
    matrix, message = REFUSED[case]
    with pytest.raises(DatasetError, match=message):
        from_scipy(matrix)


def test_wrong_arguments_are_refused():
    with pytest.raises(DatasetError, match="nodes of 2 graphs for 1"):
        path(nodes=[{}, {}])
    with pytest.raises(DatasetError, match=r"nodes\['x'\] has shape \(3,\) for 2"):
        path(nodes={"x": np.ones(3)})
    with pytest.raises(DatasetError, match="level: 'edge'"):
        path(level="edge")
    with pytest.raises(DatasetError, match="labels has shape|1 entr|one for each"):
        path(labels=[1, 2, 3])
    known = path(level="node", labels=np.array(["b", "c"]), spec=None).spec
    wider = known.replace(label=Label("node", "multiclass", 3, ("a", "b", "c")))
    again = path(level="node", labels=np.array(["b", "c"]), spec=wider)
    assert again.targets.labels.tolist() == [1, 2]  # the classes of training
    twice = from_scipy(coo([1.0], [0], [1])).select([0, 0])
    with pytest.raises(DatasetError, match="no edge column 'w'"):
        to_scipy(twice, weight="w")
