"""Adversarial graphs through every converter and reader: the same Dataset, or a clear refusal."""

import numpy as np
import pytest

from gtx.data import DatasetError
from gtx.graphs import GraphError
from tests.data.loaders import LOADERS, UNDIRECTED, Given

PLAIN = Given(3, [0, 1], [1, 2])

# Graphs that are right, however strange they are.
RIGHT = {
    "no nodes": [PLAIN, Given(0), PLAIN],
    "no edges": [PLAIN, Given(4), PLAIN],
    "no edges anywhere": [Given(4), Given(2)],
    "the last nodes isolated": [Given(6, [0], [1]), PLAIN],
    "one direction": [Given(3, [0, 1, 1], [1, 0, 2])],
    "a directed acyclic graph": [Given(4, [0, 1, 2, 0], [1, 2, 3, 3])],
    "loops": [Given(3, [0, 0, 1], [0, 1, 1])],
    "two components": [Given(6, [0, 1, 3, 4], [1, 2, 4, 5])],
    "single nodes": [Given(1), PLAIN, Given(1)],
    "a star": [Given(400, np.zeros(399, int), np.arange(1, 400))],
    "a clique": [Given(40, *np.nonzero(1 - np.eye(40, dtype=int)))],
    "a path": [Given(2000, np.arange(1999), np.arange(1, 2000))],
    "small integers": [Given(3, np.array([0, 1], np.uint8), np.array([1, 2], np.uint8))],
    "other bytes and gaps": [
        Given(3, np.array([0, 9, 1, 9], ">i8")[::2], [1, 2], x=np.arange(6, dtype=">f8")[::2])
    ],
    "constant features": [Given(3, [0, 1], [1, 2], x=[1.0, 1.0, 1.0])],
    "negative weights": [Given(3, [0, 1], [1, 2], w=[-1.0, -0.25])],
    "a missing label": [PLAIN, Given(3, [0, 1], [1, 2], y=np.nan)],
}
# Files that cannot hold a graph say so: a table has a row for each node, graph6 no loops.
NOT_IN = {
    ("csv", "no nodes"): "has no row in nodes.csv. Give it nodes, or leave it out",
    ("parquet", "no nodes"): "has no row in nodes.parquet. Give it nodes, or leave it out",
    ("ogb", "negative weights"): r"graph 0: edges\['w'\]\[0, 0\] is -4, outside the vocabulary",
}


def edges_of(dataset, number):
    """The edges of a graph with their weights, sorted."""
    one = dataset[number]
    weights = [array[:, 0].tolist() for name, array in one.edges.items() if name != "type"]
    rows = zip(one.senders.tolist(), one.receivers.tolist(), *weights, strict=True)
    return sorted(rows)


@pytest.mark.parametrize("name", LOADERS)
def test_strange_graphs_become_the_same_dataset(name, tmp_path):
    for place, (case, graphs) in enumerate(RIGHT.items()):
        (folder := tmp_path / str(place)).mkdir()
        if (name, case) in NOT_IN:
            with pytest.raises(DatasetError, match=NOT_IN[name, case]):
                LOADERS[name](graphs, folder)
            continue
        dataset = LOADERS[name](graphs, folder)
        dataset.check()
        assert dataset.num_nodes.tolist() == [graph.num_nodes for graph in graphs], case
        for number, graph in enumerate(graphs):
            senders, receivers, x, w = graph.arrays()
            weighted = zip(senders.tolist(), receivers.tolist(), w.tolist(), strict=True)
            if name not in UNDIRECTED:
                assert dataset.spec.edges or not len(dataset.senders), case
                assert edges_of(dataset, number) == sorted(weighted), case
            else:
                found = {row[:2] for row in edges_of(dataset, number)}
                ends = {(a, b) for a, b, _ in weighted if a != b or name == "ogb"}
                assert found == ends | {(b, a) for a, b in ends}, case
            if name not in ("graph6", "ogb"):
                (node,) = [key for key in dataset.nodes if key != "type"] or ["x"]
                np.testing.assert_array_equal(
                    dataset[number].nodes.get(node, np.zeros((0, 1)))[:, 0], x.astype(np.float32)
                )
            if name != "tu":
                np.testing.assert_array_equal(dataset.targets.labels[number, 0], graph.y)


ENDS = "senders|receivers|node|edge|A.txt"
# What is wrong, and what each refusal must name: the graph (or its file and row) and the field.
WRONG = {
    "an end beyond the nodes": (Given(3, [0, 3], [1, 0]), ENDS),
    "a negative end": (Given(3, [0, -1], [1, 0]), ENDS),
    "ends that are fractions": (Given(3, np.array([0.5, 1]), np.array([1.0, 2])), ENDS),
    "too few features": (Given(3, [0, 1], [1, 2], x=[1.0, 2.0]), "x|nod|feat"),
    "NaN": (Given(3, [0, 1], [1, 2], x=[0, np.nan, 1]), "x|feat"),
    "beyond float32": (Given(3, [0, 1], [1, 2], x=[0, 1e39, 1]), "x|feat"),
    "infinite weights": (Given(3, [0, 1], [1, 2], w=[1.0, -np.inf]), "w|edge"),
    "an infinite label": (Given(3, [0, 1], [1, 2], y=np.inf), "label|y"),
    "complex features": (Given(3, [0, 1], [1, 2], x=np.array([0, 1j, 1])), "x|feat"),
    "a feature that is None": (
        Given(3, [0, 1], [1, 2], x=np.array([0.5, None, 1])),
        "x|feat|node_attr",
    ),
}
# Cases that a file or a library cannot have, or in which it means something else.
SKIPPED = {
    "graph6": set(WRONG),  # tests/data/convert/test_graph6.py
    "ogb": {
        "NaN", "beyond float32", "infinite weights", "complex features", "a feature that is None"
    },
    "tu": {"infinite weights", "an infinite label"},
    "parquet": {"complex features"},  # pyarrow has none
    "scipy": {"an end beyond the nodes", "a negative end", "ends that are fractions"},  # scipy's
}  # fmt: skip


@pytest.mark.parametrize("name", LOADERS)
def test_what_is_wrong_is_refused_by_graph_and_field(name, tmp_path):
    for place, (case, (graph, field)) in enumerate(WRONG.items()):
        if case in SKIPPED.get(name, ()):
            continue
        (folder := tmp_path / str(place)).mkdir()
        with pytest.raises(GraphError) as error:
            LOADERS[name]([PLAIN, graph], folder)
        said = str(error.value)
        assert any(word in said for word in field.split("|")), (case, said)
        places = ("graph 1", "row ", "line ", "rows", "dtype", "dataset: nodes", "lines", "member")
        assert any(place in said for place in places), (case, said)
        assert said.endswith("."), (case, said)


@pytest.mark.parametrize("name", ["jraph", "scipy", "pyg", "dgl", "npz"])
def test_numbers_beyond_32_bits_are_refused_before_anything_of_that_size_is_made(name, tmp_path):
    with pytest.raises(GraphError, match="1099511627776|fit 32 bits|beyond 32 bits"):
        LOADERS[name]([Given(2**40, [5], [2**40 - 2], x=np.zeros(0))], tmp_path)


@pytest.mark.parametrize("name", ["networkx", "pyg", "dgl"])
def test_further_graphs_without_edges_have_the_columns_of_the_training_data(name, tmp_path):
    from gtx.data import convert

    spec = LOADERS[name]([PLAIN], tmp_path).spec
    if name == "networkx":
        import networkx

        (graph := networkx.DiGraph()).add_node(0, x=0.5)
        found = convert.from_networkx([graph], features=[], spec=spec)
    elif name == "pyg":
        from tests.data.convert.test_pyg import Data

        data = Data(x=np.array([0.5]), edge_index=np.zeros((2, 0), int))
        found = convert.from_pyg([data], spec=spec)
    else:
        from tests.data.convert.test_dgl import Graph

        none = np.zeros(0, int)
        found = convert.from_dgl([Graph(1, none, none, dict(x=np.array([0.5])))], spec=spec)
    assert found.spec.edges == spec.edges and found.edges["w"].shape == (0, 1)
