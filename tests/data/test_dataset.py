"""The columnar Dataset: conversions, selection, and what it refuses."""

import dataclasses

import jax
import jraph
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gtx.data import Categorical, Continuous, Dataset, DatasetError, GraphSpec, Label
from gtx.graphs import GraphError, from_arrays

ARRAYS = ("nodes", "edges", "pairs", "graphs")


def assert_equal_datasets(left, right):
    for field in dataclasses.fields(Dataset):
        a, b = getattr(left, field.name), getattr(right, field.name)
        if field.name == "spec":
            assert a == b
        elif field.name == "targets":
            assert_equal_tables(a, b)
        else:
            assert jax.tree.structure(a) == jax.tree.structure(b), field.name
            for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
                np.testing.assert_array_equal(x, y, err_msg=field.name)
                assert x.dtype == y.dtype, field.name


def assert_equal_tables(left, right):
    assert left.level == right.level
    for name in ("index", "labels", "split"):
        a, b = getattr(left, name), getattr(right, name)
        np.testing.assert_array_equal(a, b, err_msg=name)
        assert a is None or a.dtype == b.dtype, name


SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.lists(st.integers(0, 5), min_size=1, max_size=6)
KINDS = st.sampled_from(["regression", "multiclass", "node"])


def random_dataset(seed, sizes, kind):
    """Every kind of column; empty graphs, self-loops and duplicates occur."""
    rng = np.random.default_rng(seed)
    num_graphs, n_node = len(sizes), np.array(sizes)
    n_edge = np.where(n_node > 0, rng.integers(0, 9, num_graphs), 0)
    total = int(n_node.sum()), int(n_edge.sum()), int((n_node**2).sum())
    limits = np.maximum(np.repeat(n_node, n_edge), 1)
    labels = {
        "regression": rng.normal(size=(num_graphs, 2)),
        "multiclass": rng.integers(0, 3, num_graphs),
        "node": rng.integers(0, 3, total[0]),
    }[kind]
    label = {
        "regression": Label("graph", "regression", 2, ("a", "b")),
        "multiclass": Label("graph", "multiclass", 3),
        "node": Label("node", "multiclass", 3),
    }[kind]
    parts = rng.integers(-1, 3, num_graphs)
    dataset = Dataset.from_columns(
        nodes={"kind": rng.integers(0, 4, (total[0], 2)), "feat": rng.normal(size=(total[0], 3))},
        edges={"bond": rng.integers(0, 3, total[1])},
        pairs={"distance": rng.integers(0, 9, total[2])},
        graphs={"u": rng.normal(size=(num_graphs, 1))},
        node_ptr=np.concatenate([[0], np.cumsum(n_node)]),
        edge_ptr=np.concatenate([[0], np.cumsum(n_edge)]),
        senders=rng.integers(0, limits),
        receivers=rng.integers(0, limits),
        names=[f"graph {number}" for number in range(num_graphs)],
        spec=GraphSpec(
            nodes={"kind": Categorical((4, 4)), "feat": Continuous(3)},
            edges={"bond": Categorical((3,))},
            pairs={"distance": Categorical((9,))},
            graphs={"u": Continuous(1)},
        ),
    )
    split = np.repeat(parts, n_node) if kind == "node" else parts
    return dataset.with_targets(label.level, labels=labels, split=split, label=label)


def triangle(**features):
    return from_arrays([0, 1, 2], [1, 2, 0], n_node=3, **features)


@settings(max_examples=50, deadline=None)
@given(seed=SEEDS, sizes=SIZES, kind=KINDS)
def test_graphs_go_out_and_come_back(seed, sizes, kind):
    dataset = random_dataset(seed, sizes, kind)
    graphs = [dataset[number] for number in range(len(dataset))]
    spec = dataset.spec.replace(pairs={})
    table = dataset.targets
    again = Dataset.from_graphs(graphs, spec=spec.replace(label=None))
    again = again.with_targets(
        table.level, labels=table.labels, split=table.split, label=dataset.spec.label
    )
    bare = dataclasses.replace(dataset, pairs={}, names=None, spec=spec)
    assert_equal_datasets(again, bare)


@settings(max_examples=50, deadline=None)
@given(seed=SEEDS, sizes=SIZES, kind=KINDS, data=st.data())
def test_select_takes_every_row_of_the_chosen_graphs(seed, sizes, kind, data):
    dataset = random_dataset(seed, sizes, kind)
    places = st.integers(-len(dataset), len(dataset) - 1)
    indices = data.draw(st.lists(places, max_size=8))
    chosen = dataset.select(indices)
    assert len(chosen) == len(indices)
    for new, old in enumerate(indices):
        for a, b in zip(jax.tree.leaves(chosen[new]), jax.tree.leaves(dataset[old]), strict=True):
            np.testing.assert_array_equal(a, b)
        old %= len(dataset)
        assert chosen.ids[new] == dataset.ids[old] == old
        assert chosen.names[new] == dataset.names[old]
        rows = slice(chosen.pair_ptr[new], chosen.pair_ptr[new + 1])
        original = slice(dataset.pair_ptr[old], dataset.pair_ptr[old + 1])
        np.testing.assert_array_equal(
            chosen.pairs["distance"][rows], dataset.pairs["distance"][original]
        )
        if dataset.spec.label.level == "node":
            rows = slice(chosen.node_ptr[new], chosen.node_ptr[new + 1])
            original = slice(dataset.node_ptr[old], dataset.node_ptr[old + 1])
        else:
            rows, original = new, old
        np.testing.assert_array_equal(chosen.targets.labels[rows], dataset.targets.labels[original])


def test_edges_are_sorted_by_receiver_with_their_features_and_ties_keep_their_order():
    graph = from_arrays([0, 1, 2, 0], [2, 0, 0, 1], n_node=3, edges={"w": [0.0, 1.0, 2.0, 3.0]})
    dataset = Dataset.from_graphs([graph, graph])
    np.testing.assert_array_equal(dataset.receivers, [0, 0, 1, 2] * 2)
    np.testing.assert_array_equal(dataset.senders, [1, 2, 0, 0] * 2)
    np.testing.assert_array_equal(dataset.edges["w"][:, 0], [1, 2, 3, 0] * 2)


def test_integers_are_categories_and_floats_are_continuous():
    graph = triangle(nodes={"t": [0, 4, 1], "x": np.ones((3, 2))}, globals={"flag": [True]})
    dataset = Dataset.from_graphs([graph])
    assert dataset.spec.nodes == {"t": Categorical((5,)), "x": Continuous(2)}
    assert dataset.spec.graphs == {"flag": Categorical((2,))}
    assert dataset.nodes["t"].dtype == np.int32 and dataset.nodes["t"].shape == (3, 1)
    assert dataset.nodes["x"].dtype == np.float32


@pytest.mark.parametrize(
    ("labels", "label"),
    [
        ([0.5, 1.0], Label("graph", "regression", 1)),
        ([[0.5, 1.0], [np.nan, 2.0]], Label("graph", "regression", 2)),
        ([0, 2], Label("graph", "multiclass", 3)),
        ([True, False], Label("graph", "binary", 1)),
        ([[0, 1], [1, 1]], Label("graph", "multilabel", 2)),
        ([0, 1, 1, 0, 0, 1], Label("node", "multiclass", 2)),
    ],
)
def test_the_label_is_inferred_from_dtype_and_shape(labels, label):
    dataset = Dataset.from_graphs([triangle(), triangle()], labels)
    assert dataset.spec.label == label
    assert dataset.targets.labels.dtype == (np.int32 if label.kind == "multiclass" else np.float32)


def test_labels_of_nodes_may_come_as_a_list_of_arrays():
    spec = GraphSpec(label=Label("node", "multiclass", 2))
    dataset = Dataset.from_graphs([triangle(), triangle()], [[0, 1, 1], [0, 0, 0]], spec=spec)
    np.testing.assert_array_equal(dataset.targets.labels, [0, 1, 1, 0, 0, 0])
    with pytest.raises(DatasetError, match="several lengths.*np.concatenate"):
        Dataset.from_graphs([triangle(), triangle()], [[0, 1, 1], [0, 0]])


def test_an_array_alone_becomes_the_column_feat():
    dataset = Dataset.from_graphs([triangle(nodes=np.ones((3, 2)))])
    assert dataset.spec.nodes == {"feat": Continuous(2)}


def test_one_graphs_tuple_of_several_graphs_is_a_dataset():
    whole = from_arrays([0, 2], [1, 2], n_node=[2, 1, 0])
    dataset = Dataset.from_graphs(whole)
    np.testing.assert_array_equal(dataset.num_nodes, [2, 1, 0])
    np.testing.assert_array_equal(dataset[1].senders, [0])


def test_padding_of_jraph_is_no_graph_of_the_dataset():
    graphs = [triangle(nodes={"x": np.full((3, 1), value)}) for value in (1.0, 2.0)]
    padded = jraph.pad_with_graphs(jraph.batch_np(graphs), 10, 20, 5)
    expected = Dataset.from_graphs(graphs, [1.0, 2.0], split=["train", "test"])
    found = Dataset.from_graphs(padded, [1.0, 2.0], split=["train", "test"])
    assert_equal_datasets(found, expected)
    assert_equal_datasets(Dataset.from_graphs([padded] * 2), Dataset.from_graphs(graphs * 2))
    assert len(Dataset.from_graphs(padded, padded=False)) == 5
    with pytest.raises(DatasetError, match="5"):
        Dataset.from_graphs(padded, np.arange(5.0))


def test_parts_follow_the_split():
    graphs = [triangle() for _ in range(4)]
    dataset = Dataset.from_graphs(graphs, split=["train", "test", "train", "none"])
    np.testing.assert_array_equal(dataset.part("train").ids, [0, 2])
    np.testing.assert_array_equal(dataset.part("test").ids, [1])
    assert len(dataset.part("valid")) == 0
    with pytest.raises(DatasetError, match="no part 'val'"):
        dataset.part("val")
    with pytest.raises(DatasetError, match=r"\['dev'\] are unknown"):
        dataset.with_split(["dev"] * 4)
    with pytest.raises(DatasetError, match="graph 0: split is 3"):
        dataset.with_split([3] * 4)


def test_a_missing_label_is_no_error_but_all_missing_is():
    graphs = [triangle(), triangle()]
    dataset = Dataset.from_graphs(graphs, [1.0, np.nan])
    assert np.isnan(dataset.targets.labels[1, 0])
    with pytest.raises(DatasetError, match="every label is missing"):
        Dataset.from_graphs(graphs, [np.nan, np.nan])
    with pytest.raises(DatasetError, match="every label is missing"):
        Dataset.from_graphs(graphs, [-1, -1])


def test_columns_are_added_at_every_level():
    dataset = Dataset.from_graphs([triangle(), triangle()])
    rows = dict(node=6, edge=6, pair=18, graph=2)
    for level, field in zip(rows, ARRAYS, strict=True):
        values = np.arange(rows[level], dtype=np.float64)
        dataset = dataset.with_columns(level, {"c": values}, {"c": Continuous(1)})
        np.testing.assert_array_equal(getattr(dataset, field)["c"][:, 0], values)
        assert getattr(dataset.spec, field)["c"] == Continuous(1)
        with pytest.raises(DatasetError, match=rf"{field}\['d'\] has shape \(1, 1\)"):
            dataset.with_columns(level, {"d": [0.0]})
    np.testing.assert_array_equal(dataset.select([1]).pairs["c"][:, 0], np.arange(9, 18))
    with pytest.raises(DatasetError, match="level 'nodes' is unknown"):
        dataset.with_columns("nodes", {"c": np.zeros(6)})


def test_the_original_is_untouched():
    dataset = Dataset.from_graphs([triangle(nodes={"t": [0, 1, 2]})], [1.0])
    dataset.with_columns("node", {"x": np.zeros((3, 1))})
    dataset.with_targets("graph", labels=[2.0])
    assert set(dataset.nodes) == {"t"} and dataset.targets.labels[0, 0] == 1.0


def test_places_outside_are_refused():
    dataset = Dataset.from_graphs([triangle(), triangle()])
    assert len(list(dataset)) == 2
    with pytest.raises(IndexError, match="no graph 2"):
        dataset[2]
    with pytest.raises(IndexError, match="graphs 0 to 5"):
        dataset.select([0, 5])
    with pytest.raises(DatasetError, match="one bool per graph"):
        dataset.select([True])
    with pytest.raises(DatasetError, match="cannot select by float64"):
        dataset.select([0.0])


def test_a_bad_graph_among_many_is_named():
    graphs = [triangle(nodes={"f": np.zeros((3, 1))}) for _ in range(4)]
    graphs[2].nodes["f"][1] = np.nan
    with pytest.raises(GraphError, match=r"graph 2: nodes\['f'\]\[1\] holds NaN"):
        Dataset.from_graphs(graphs)
    graphs[2] = graphs[2]._replace(receivers=np.array([0, 1, 3]))
    with pytest.raises(GraphError, match=r"graph 2: receivers\[2\] is 3"):
        Dataset.from_graphs(graphs)


def test_nested_features_are_refused():
    with pytest.raises(DatasetError, match=r"nodes\['a'\] is a dict.*flat dict"):
        Dataset.from_graphs([triangle(nodes={"a": {"b": np.zeros((3, 1))}})])


def test_floats_too_large_for_float32_are_refused_with_their_place():
    graphs = [triangle(nodes={"f": np.array([1.0, 1e300, 1.0])})]
    with pytest.raises(DatasetError, match=r"graph 0: nodes\['f'\]\[1, 0\] is inf"):
        Dataset.from_graphs(graphs)
