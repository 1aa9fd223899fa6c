"""The table of targets: rows, order, splits, and what is refused."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gtx import structures
from gtx.data import Dataset, DatasetError, Label, packed, splits
from gtx.graphs import from_arrays
from tests.data.test_dataset import SEEDS, SIZES, assert_equal_tables, random_dataset

LEVELS = st.sampled_from(["graph", "node", "edge", "pair"])


def random_targets(dataset, level, rng) -> Dataset:
    """Some rows of the level in any order, with labels that name them and any split."""
    if level == "pair":
        nodes = np.arange(dataset.node_ptr[-1])
        graph = np.searchsorted(dataset.node_ptr, nodes, side="right")
        pairs = np.array([(a, b) for a in nodes for b in nodes if graph[a] == graph[b]])
        index = rng.permutation(pairs.reshape(-1, 2))[: rng.integers(0, 9)]
        labels = index.sum(axis=1, keepdims=True)
    else:
        rows = dataset.num_rows(level)
        index = rng.permutation(rows)[: rng.integers(0, rows + 1)]
        labels = index[:, None]
    labels = labels.astype(np.float32)
    label = Label(level, "regression", 1)
    split = rng.integers(-1, 3, len(index))
    return dataset.without_labels().with_targets(level, index, labels, split, label=label)


def places(dataset):
    """What each target stands for, in words that survive a selection."""
    table, graph = dataset.targets, dataset.target_graph
    start = dataset.edge_ptr if table.level == "edge" else dataset.node_ptr
    if table.level == "graph":
        start = np.arange(len(dataset))
    axes = 2 if table.level == "pair" else 1
    local = table.index.reshape(len(table), axes) - start[graph][:, None]
    names = (tuple(row) for row in local.tolist())
    return list(zip(dataset.ids[graph].tolist(), names, strict=True))


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, sizes=SIZES, level=LEVELS)
def test_parts_hold_their_targets_in_the_order_of_the_table(seed, sizes, level):
    dataset = random_targets(
        random_dataset(seed, sizes, "node"), level, np.random.default_rng(seed)
    )
    known = places(dataset)
    for code, name in enumerate(("train", "valid", "test")):
        part = dataset.part(name)
        rows = np.flatnonzero(dataset.targets.split == code)
        assert places(part) == [known[row] for row in rows]
        np.testing.assert_array_equal(part.targets.labels, dataset.targets.labels[rows])
        np.testing.assert_array_equal(part.ids, np.unique(dataset.ids[dataset.target_graph[rows]]))
        if len(part.targets):
            part.check()


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, sizes=SIZES, level=LEVELS, data=st.data())
def test_targets_go_with_their_graphs(seed, sizes, level, data):
    dataset = random_targets(
        random_dataset(seed, sizes, "node"), level, np.random.default_rng(seed)
    )
    chosen = data.draw(st.lists(st.integers(0, len(dataset) - 1), max_size=6))
    found, known = dataset.select(chosen), places(dataset)
    rows = [np.flatnonzero(dataset.target_graph == graph) for graph in chosen]
    if sorted(set(chosen)) == chosen:
        rows = [np.flatnonzero(np.isin(dataset.target_graph, chosen))]
    rows = np.concatenate([*rows, np.zeros(0, int)]).astype(int)
    assert places(found) == [known[row] for row in rows]
    np.testing.assert_array_equal(found.targets.labels, dataset.targets.labels[rows])
    np.testing.assert_array_equal(found.targets.split, dataset.targets.split[rows])


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, sizes=SIZES, level=LEVELS)
def test_packed_files_keep_the_table(tmp_path_factory, seed, sizes, level):
    dataset = random_targets(
        random_dataset(seed, sizes, "node"), level, np.random.default_rng(seed)
    )
    if not len(dataset.targets):
        return
    path = tmp_path_factory.mktemp("packed") / "graphs.npz"
    packed.save(dataset, path)
    again = packed.load(path)
    assert_equal_tables(again.targets, dataset.targets)
    assert again.spec == dataset.spec


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, sizes=SIZES, level=LEVELS)
def test_added_nodes_and_edges_leave_targets_what_they_are(seed, sizes, level):
    dataset = random_dataset(seed, sizes, "node")
    spec = dataset.spec.replace(pairs={}, nodes={"feat": dataset.spec.nodes["feat"]})
    nodes = {"feat": dataset.nodes["feat"]}
    dataset = dataclasses.replace(dataset, nodes=nodes, pairs={}, spec=spec)
    dataset = random_targets(dataset, level, np.random.default_rng(seed))
    made = structures.apply(dataset, [structures.VirtualNodes(2), structures.KHop(2)])
    assert made.num_nodes.tolist() == (dataset.num_nodes + 2).tolist()
    assert places(made) == places(dataset)
    np.testing.assert_array_equal(made.targets.labels, dataset.targets.labels)
    np.testing.assert_array_equal(made.targets.split, dataset.targets.split)


def path_of(num_nodes):
    ends = np.arange(num_nodes - 1)
    graph = from_arrays(ends, ends + 1, n_node=num_nodes, nodes={"x": np.ones((num_nodes, 2))})
    return Dataset.from_graphs(graph)


def test_splits_of_the_targets_of_one_graph_share_its_arrays():
    dataset = path_of(5).with_targets("node", labels=np.arange(5.0))
    for fold in range(3):
        split = np.roll([0, 0, 1, 2, -1], fold)
        parted = dataset.with_split(split)
        train = parted.part("train")
        assert train.nodes["x"] is parted.nodes["x"] is dataset.nodes["x"]
        assert train.senders is dataset.senders
        np.testing.assert_array_equal(train.targets.index, np.flatnonzero(split == 0))


def test_labels_of_edges_follow_them_when_they_are_sorted():
    label = Label("edge", "regression", 1)
    dataset = Dataset.from_columns(
        node_ptr=[0, 3], edge_ptr=[0, 3], senders=[0, 1, 2], receivers=[2, 0, 1],
        labels=[20.0, 10.0, 21.0], split=["train", "test", "valid"],
        spec=dataclasses.replace(path_of(2).spec, nodes={}, label=label),
    )  # fmt: skip
    ends = dataset.senders[dataset.targets.index] * 10 + dataset.receivers[dataset.targets.index]
    np.testing.assert_array_equal(ends, [2, 10, 21])
    np.testing.assert_array_equal(dataset.targets.labels[:, 0], [20, 10, 21])
    np.testing.assert_array_equal(dataset.targets.split, [0, 2, 1])


def test_new_targets_have_the_part_of_their_graph():
    dataset = Dataset.from_graphs([path_of(2)[0], path_of(3)[0]], split=["test", "train"])
    found = dataset.with_targets("node", [4, 0], [1.0, 2.0])
    np.testing.assert_array_equal(found.targets.split, [0, 2])
    again = found.with_targets("node", [4, 0], [3.0, 4.0])
    np.testing.assert_array_equal(again.targets.split, [0, 2])
    with pytest.raises(DatasetError, match="does not tell that of other targets"):
        found.with_targets("node", [4, 1], [3.0, 4.0])
    with pytest.raises(DatasetError, match="graph 1 are in several parts"):
        splits.graph_split(found.with_targets("node", [2, 3], [1.0, 2.0], [0, 2]))


NODES = [0, 1]
REFUSED = {
    "fewer labels": (("node", NODES, [1.0]), r"labels has shape \(1, 1\) for 2 targets"),
    "more labels": (("node", NODES, [1.0, 2.0, 3.0]), r"shape \(3, 1\) for 2 targets"),
    "one label for all": (("node", None, [[1.0, 2.0]]), r"shape \(1, 2\) for 5 targets"),
    "fewer parts": (("node", NODES, [1.0, 2.0], [0]), r"split has shape \(1,\) for 2 targets"),
    "a node twice": (("node", [3, 3], [1.0, 2.0]), "node 3 has two targets.*columns"),
    "no such node": (("node", [0, 5], [1.0, 2.0]), "target 1 is of node 5, but .* 5 nodes"),
    "a negative one": (("node", [-1], [1.0]), r"index of targets\[0\] is -1"),
    "no such edge": (("edge", [4], [1.0]), "target 0 is of edge 4, but the dataset has 4 edges"),
    "half a pair": (("pair", [0, 1], [1.0, 2.0]), r"\[targets, 2\], sender and receiver"),
    "pairs of nothing": (("pair",), "pairs need an index"),
    "fractions": (("node", [0.5]), "index of targets is float64"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_table_that_does_not_fit_is_refused(case):
    arguments, message = REFUSED[case]
    with pytest.raises(DatasetError, match=message):
        path_of(5).with_targets(*arguments)


def test_pairs_across_graphs_are_refused():
    dataset = Dataset.from_graphs([path_of(2)[0], path_of(3)[0]])
    with pytest.raises(DatasetError, match=r"nodes \[1, 2\], which stand in different graphs"):
        dataset.with_targets("pair", [[0, 1], [1, 2]])


def test_labels_at_two_levels_are_refused():
    dataset = Dataset.from_graphs([path_of(5)[0]], [[1.0]])
    with pytest.raises(DatasetError, match="labels of each graph already.*without_labels"):
        dataset.with_targets("node", labels=np.ones(5))
    dataset.without_labels().with_targets("node", labels=np.ones(5))
    with pytest.raises(DatasetError, match="level 'node' and the label is one of each graph"):
        path_of(5).with_targets("node", labels=np.ones(5), label=Label("graph", "regression", 1))
    with pytest.raises(DatasetError, match="labels"):
        Dataset.from_graphs([path_of(5)[0]], {"graph": [1.0], "node": np.ones(5)})


def test_a_split_that_may_mean_two_things_is_refused():
    graphs = [from_arrays([], [], n_node=count) for count in (0, 2)]
    spec = dataclasses.replace(path_of(2).spec, nodes={}, label=Label("node", "regression", 1))
    with pytest.raises(DatasetError, match="that of the graphs or that of as many targets"):
        Dataset.from_graphs(graphs, np.array([1.0, 2.0]), split=[0, 2], spec=spec)
    bare = Dataset.from_graphs(graphs)
    found = bare.with_targets("node", labels=[1.0, 2.0], split=[0, 2])
    np.testing.assert_array_equal(found.targets.split, [0, 2])
