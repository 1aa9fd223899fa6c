import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from gtx.data import Dataset
from gtx.data.spec import Categorical, Continuous
from gtx.encodings import Degree, DegreeClass, EncodingError, apply, check_symmetry
from gtx.encodings.base import Scalable
from tests.encodings.graphs import dataset_of, grid, hypercube, multigraphs, path, star

DIRECTIONS = ("in", "out", "total")


def degrees(adjacency, **settings):
    return Degree(**settings)(adjacency[None])["node", "degree"][0]


def classes(adjacency, *arguments):
    return DegreeClass(*arguments)(adjacency[None])["node", "degree_class"][0]


@pytest.mark.parametrize(
    ("adjacency", "expected"),
    [
        (path(4), [1, 2, 2, 1]),
        (star(3), [3, 1, 1, 1]),
        (grid(3, 3), [2, 3, 2, 3, 4, 3, 2, 3, 2]),
        (hypercube(3), [3] * 8),
    ],
)
def test_an_undirected_edge_is_received_once_and_sent_once_at_each_end(adjacency, expected):
    found = degrees(adjacency, directions=DIRECTIONS)
    np.testing.assert_array_equal(found, np.array(expected)[:, None] * [1, 1, 2])


def test_a_directed_edge_counts_for_its_receiver_and_its_sender():
    adjacency = np.zeros((3, 3))
    adjacency[2, 0] = 2  # twice 0 -> 2
    adjacency[1, 1] = 1
    found = degrees(adjacency, directions=DIRECTIONS)
    np.testing.assert_array_equal(found, [[0, 2, 2], [1, 1, 2], [2, 0, 2]])


@given(multigraphs(), st.permutations(DIRECTIONS))
@settings(deadline=None, max_examples=40)
def test_it_equals_counting_edges_one_by_one(adjacency, directions):
    expected = np.zeros((len(adjacency), 3))
    for receiver, sender in np.argwhere(adjacency > 0):
        for _ in range(int(adjacency[receiver, sender])):
            for column, direction in enumerate(directions):
                expected[receiver, column] += direction in ("in", "total")
                expected[sender, column] += direction in ("out", "total")
    found = degrees(adjacency, directions=tuple(directions))
    np.testing.assert_array_equal(found, expected)
    logarithms = degrees(adjacency, directions=tuple(directions), transform="log")
    np.testing.assert_allclose(np.exp(logarithms) - 1, expected, atol=1e-13)


@given(multigraphs(), st.permutations(DIRECTIONS))
@settings(deadline=None, max_examples=40)
def test_a_sparse_graph_gives_the_same(adjacency, directions):
    for encoding in (
        Degree(tuple(directions)),
        Degree(tuple(directions), "log"),
        DegreeClass(2, tuple(directions)),
    ):
        assert isinstance(encoding, Scalable)
        found = encoding.sparse(sparse.csr_array(adjacency))
        for key, values in encoding(adjacency[None]).items():
            np.testing.assert_array_equal(found[key], values[0])
            assert found[key].dtype == values.dtype


def test_degrees_of_a_graph_too_large_for_a_dense_matrix():
    n = 100_000  # a star
    dataset = Dataset.from_columns(
        node_ptr=[0, n],
        edge_ptr=[0, n - 1],
        senders=np.arange(1, n),
        receivers=np.zeros(n - 1, int),
    )
    encoded = apply(dataset, [Degree(), DegreeClass(8)])
    assert encoded.nodes["degree"][:2, 0].tolist() == [n - 1, 0]
    assert encoded.nodes["degree_class"][:2].tolist() == [[9, 0], [0, 1]]


def test_degrees_beyond_the_largest_class_share_one_of_their_own():
    found = classes(star(6), 2, ("in",))
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, [[3], *[[1]] * 6])
    assert classes(star(2), 2, ("in",)).max() == 2  # the largest degree itself is no excess
    assert DegreeClass(2).columns() == {("node", "degree_class"): Categorical((4, 4))}
    assert Degree(("in", "out")).columns() == {("node", "degree"): Continuous(2)}


def test_in_and_out_have_a_class_each():
    adjacency = np.eye(3, k=-1)  # 0 -> 1 -> 2
    np.testing.assert_array_equal(classes(adjacency), [[0, 1], [1, 1], [1, 0]])


def test_sums_of_weights_are_rounded_to_classes():
    weights = np.array([[0.0, 1.4, 1.4], [1.4, 0.0, 0.0], [1.4, 0.0, 0.0]])
    np.testing.assert_array_equal(classes(weights, 5, ("in",)), [[3], [1], [1]])


def test_classes_are_categorical_columns_of_a_dataset():
    dataset = apply(dataset_of([star(6), np.zeros((2, 2))]), [DegreeClass(2, ("in",))])
    assert dataset.spec.nodes == {"degree_class": Categorical((4,))}
    assert dataset.nodes["degree_class"].dtype == np.int32
    np.testing.assert_array_equal(dataset.nodes["degree_class"][:, 0], [3] + [1] * 6 + [0, 0])


def test_degrees_move_with_their_nodes_and_a_fixed_order_would_be_caught():
    class Ordered(Degree):
        def __call__(self, adjacency, xp=np):
            ((key, values),) = super().__call__(adjacency, xp).items()
            return {key: values + np.arange(values.shape[1])[:, None]}

    check_symmetry(Degree(), star(4)[None])
    with pytest.raises(EncodingError, match="degree"):
        check_symmetry(Ordered(), star(4)[None])


@pytest.mark.parametrize("cls", [Degree, DegreeClass])
@pytest.mark.parametrize("directions", [(), ("sideways",)])
def test_unknown_directions_are_refused(cls, directions):
    with pytest.raises((ValueError, TypeError), match="directions"):
        cls(directions=directions)


def test_meaningless_arguments_are_refused():
    with pytest.raises((ValueError, TypeError), match="transform"):
        Degree(transform="square")
    with pytest.raises(ValueError, match="max_degree"):
        DegreeClass(-1)
