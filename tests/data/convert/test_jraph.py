"""GraphsTuples with a column of labels."""

import jraph
import numpy as np
import pytest
from hypothesis import given, settings

from gtx.data import DatasetError
from gtx.data.convert import from_jraph, to_jraph
from gtx.graphs import from_arrays
from tests.data.convert.drawn_datasets import CASES, assert_same, plain_dataset


@settings(max_examples=30, deadline=None)
@given(**CASES)
def test_a_dataset_goes_out_and_comes_back(seed, sizes, kind):
    dataset = plain_dataset(seed, sizes, kind)
    table = dataset.targets
    if not len(table):
        return
    back = from_jraph(
        to_jraph(dataset), target="y", level=table.level, split=table.split, padded=False,
        spec=dataset.spec,
    ) if kind != "node" else from_jraph(
        to_jraph(dataset), target="y", level="node", padded=False, spec=dataset.spec
    )  # fmt: skip
    assert_same(back, dataset, split=kind != "node")


def triangle(**features):
    return from_arrays([0, 1, 2], [1, 2, 0], n_node=3, **features)


def test_padding_of_jraph_is_left_out():
    graph = triangle(nodes={"x": np.ones((3, 1))}, globals={"y": np.array([0.5])})
    padded = jraph.pad_with_graphs(graph, 8, 8, 3)
    dataset = from_jraph(padded, target="y")
    assert len(dataset) == 1 and dataset.targets.labels.tolist() == [[0.5]]


def test_missing_labels_of_graphs_are_nan():
    graphs = [triangle(globals={"y": np.array([value])}) for value in (0.5, 1.5)]
    graphs[0] = graphs[0]._replace(globals={"y": np.array([np.nan])})
    assert np.isnan(from_jraph(graphs, target="y").targets.labels[0, 0])


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (triangle, dict(target="y"), "graphs have no column 'y'"),
        (triangle, dict(target="y", level="pair"), "the pair have no column"),
        (lambda: triangle()._replace(senders=np.array([0, 1, 3])), {}, r"senders\[2\] is 3"),
        (list, {}, "there are none"),
        (lambda: [triangle(nodes=np.ones((3, 1))), triangle()], {}, "graph 1: nodes"),
        (lambda: triangle()._replace(nodes={"x": np.full((3, 1), np.nan)}), {}, "is nan"),
    ],
)
def test_what_is_wrong_is_refused(make, arguments, message):
    with pytest.raises(ValueError, match=message):
        from_jraph(make(), **arguments)


def test_what_a_graphs_tuple_has_no_place_for_is_refused():
    dataset = from_jraph(triangle(nodes={"y": np.ones((3, 1))}))
    some = dataset.with_targets("node", [1], [0.5])
    with pytest.raises(DatasetError, match="only some nodes are targets"):
        to_jraph(some)
    with pytest.raises(DatasetError, match="a column 'y' already"):
        to_jraph(dataset.with_targets("node", None, [0.5, 1, 2]))
