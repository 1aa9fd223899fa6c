"""Graphs of networkx come in and go out; what a Dataset cannot hold is refused."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings

from gtx.data import Categorical, Continuous, Dataset, DatasetError, Label
from gtx.data.convert import from_networkx, to_networkx
from tests.data.convert.drawn_datasets import CASES, assert_same, plain_dataset


@settings(max_examples=30, deadline=None)
@given(**CASES)
def test_a_dataset_goes_out_and_comes_back(seed, sizes, kind):
    dataset = plain_dataset(seed, sizes, kind)
    level = dataset.targets.level
    graphs = to_networkx(dataset)
    if len({graph.is_multigraph() for graph in graphs}) == 2:
        graphs = [nx.MultiDiGraph(graph) for graph in graphs]
    if not len(dataset.targets):
        return  # labels of no nodes have no attribute
    back = from_networkx(
        graphs, nodes=["kind", "feat"], edges=["bond"], features=["u"], target="y", level=level,
        split="split" if np.any(dataset.targets.split != -1) else None, multi_edges=True,
        spec=dataset.spec,
    )  # fmt: skip
    assert_same(back, dataset)


def molecule(**changes):
    graph = nx.Graph(label="toxic", part="train")
    graph.add_node("c", atom="C", charge=0.5, ring=True)
    graph.add_node("o", atom="O", charge=-1, ring=False)
    graph.add_node("alone", atom="C", charge=0.25, ring=False)
    graph.add_edge("c", "o", bond="double")
    graph.add_edge("o", "o", bond="loop")
    graph.nodes["o"].update(changes)
    return graph


def test_texts_are_categories_with_names_and_undirected_edges_go_both_ways():
    other = molecule()
    other.graph.update(label="safe", part="val")
    dataset = from_networkx([molecule(), other], target="label", split="part")
    assert dataset.spec.nodes == {
        "atom": Categorical((2,), names=(("C", "O"),)),
        "charge": Continuous(1),
        "ring": Categorical((2,)),
    }
    np.testing.assert_array_equal(dataset.nodes["atom"][:3, 0], [0, 1, 0])
    np.testing.assert_array_equal(dataset.nodes["ring"][:3, 0], [1, 0, 0])
    np.testing.assert_allclose(dataset.nodes["charge"][:3, 0], [0.5, -1, 0.25])
    assert dataset.num_nodes.tolist() == [3, 3]
    edges = list(zip(dataset.senders[:3].tolist(), dataset.receivers[:3].tolist(), strict=True))
    assert edges == [(1, 0), (0, 1), (1, 1)]  # the self-loop once
    names = dataset.spec.edges["bond"].names[0]
    assert [names[code] for code in dataset.edges["bond"][:3, 0]] == ["double", "double", "loop"]
    assert dataset.spec.label == Label("graph", "multiclass", 2, ("safe", "toxic"))
    np.testing.assert_array_equal(dataset.targets.labels, [1, 0])
    np.testing.assert_array_equal(dataset.targets.split, [0, 1])


def test_further_graphs_get_the_categories_of_the_training_data():
    trained = from_networkx([molecule(), molecule(atom="N")], target="label").spec
    new = from_networkx(molecule(), features=[], nodes=None, spec=trained)
    assert new.spec.nodes["atom"].names == (("C", "N", "O"),)
    np.testing.assert_array_equal(new.nodes["atom"][:, 0], [0, 2, 0])
    with pytest.raises(DatasetError, match="graph 0, node 'o': .*'Xe', which the training data do"):
        from_networkx(molecule(atom="Xe"), spec=trained)


def test_an_empty_graph_and_one_without_edges_stay():
    one = nx.Graph([(0, 1)])
    nx.set_node_attributes(one, 1.0, "x")
    lonely = nx.Graph()
    lonely.add_node(7, x=2.0)
    dataset = from_networkx([one, nx.Graph(), lonely])
    assert dataset.num_nodes.tolist() == [2, 0, 1] and dataset.num_edges.tolist() == [2, 0, 0]


def test_labels_of_nodes_may_be_missing_and_stay_classes():
    graph = nx.path_graph(4)
    for node, (label, part) in enumerate([(2, "train"), (None, None), (0, "test"), (1, "val")]):
        graph.nodes[node].update({"y": label, "part": part} if part else {})
    dataset = from_networkx(graph, target="y", level="node", split="part")
    assert dataset.spec.label == Label("node", "multiclass", 3)
    np.testing.assert_array_equal(dataset.targets.labels, [2, -1, 0, 1])
    np.testing.assert_array_equal(dataset.targets.split, [0, -1, 2, 1])
    again = from_networkx(graph, nodes=[], target="y", level="node", kind="regression")
    np.testing.assert_array_equal(again.targets.labels[:, 0], [2, np.nan, 0, 1])


def of_edges():
    graph = nx.DiGraph()
    graph.add_edge("a", "b", w=1.5)
    graph.add_edge("b", "a", w=-1.0)
    graph.add_edge("c", "a", w=3.0)
    return graph


def test_labels_of_edges_follow_their_edges():
    dataset = from_networkx(of_edges(), target="w", level="edge")
    ends = zip(dataset.senders.tolist(), dataset.receivers.tolist(), strict=True)
    found = dict(
        zip(ends, dataset.targets.labels[np.argsort(dataset.targets.index), 0], strict=True)
    )
    assert found == {(0, 1): 1.5, (1, 0): -1.0, (2, 0): 3.0}


REFUSED = {
    "missing attribute": (lambda: molecule_without("ring"), {}, "node 'o': ring is missing"),
    "None": (lambda: molecule(charge=None), {}, "node 'o': charge is None"),
    "NaN": (lambda: molecule(charge=float("nan")), {}, "nodes.'charge'.*is nan"),
    "Inf": (lambda: molecule(charge=float("inf")), {}, "is inf"),
    "beyond float32": (lambda: molecule(charge=1e39), {}, "is inf"),
    "complex": (lambda: molecule(charge=1j), {}, "node 'o': charge is 1j, a complex"),
    "text among numbers": (lambda: molecule(charge="1"), {}, "charge is '1', of type text"),
    "bool among numbers": (lambda: molecule(charge=True), {}, "charge is True, of type bool"),
    "integer among bools": (lambda: molecule(ring=1), {}, "ring is 1, of type integer"),
    "empty text": (lambda: molecule(atom=""), {}, "node 'o': nodes.'atom'. is empty"),
    "NUL": (lambda: molecule(atom="C\0"), {}, "with a NUL"),
    "a dict": (lambda: molecule(atom={}), {}, "a dict. Give a bool"),
    "ragged": (lambda: ragged([1.0, 2.0], [1.0]), {}, r"node 1: x has shape \(1,\)"),
    "nested": (lambda: ragged([[1.0]], [[1.0]]), {}, "with one axis"),
    "64 bits": (lambda: ragged(2**40, 1), {}, r"node 0: nodes.'x'.\[0\] is 1099511627776"),
    "beyond 64 bits": (lambda: ragged(2**70, 1), {}, "beyond 64 bits"),
    "a float that cannot hold it": (lambda: ragged(2**60 + 1, 0.5), {}, "hold it exactly"),
    "negative category": (lambda: ragged(-1, 1), {}, r"is -1. Integers are categories"),
    "no text as a name": (lambda: numbered(), {}, "attribute 0 has no text as its name"),
    "unknown attribute": (molecule, dict(nodes=["mass"]), "no row has the attribute 'mass'"),
    "unknown target": (molecule, dict(target="y"), "no row of the graphs has the attribute 'y'"),
    "unknown part": (molecule, dict(split="label"), "split is 'toxic'"),
    "unknown level": (molecule, dict(level="pair"), "level: 'pair' is not possible"),
    "no graph": (list, {}, "there are none to convert"),
    "not networkx": (lambda: [3], {}, "graph 0: is a int"),
    "both": (lambda: [molecule(), nx.DiGraph()], {}, "graph 1: is directed, and graph 0 is not"),
    "keys": (lambda: nx.MultiGraph([(0, 1), (1, 0)]), {}, "nodes 0 and 1 have several edges"),
}  # fmt: skip


def molecule_without(name):
    graph = molecule()
    del graph.nodes["o"][name]
    return graph


def ragged(one, other):
    graph = nx.path_graph(2)
    graph.nodes[0]["x"], graph.nodes[1]["x"] = one, other
    return graph


def numbered():
    graph = nx.path_graph(2)
    nx.set_node_attributes(graph, {0: {0: 1}, 1: {0: 2}})
    return graph


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_place_is_refused_with_its_graph_and_field(case):
    make, settings, message = REFUSED[case]
    with pytest.raises(DatasetError, match=message):
        from_networkx(make(), **settings)


def test_a_multigraph_without_parallel_edges_is_a_graph():
    assert from_networkx(nx.MultiGraph([(0, 1), (1, 2)])).num_edges.tolist() == [4]
    keys = nx.MultiGraph([(0, 1), (0, 1)])
    assert from_networkx(keys, multi_edges=True).num_edges.tolist() == [4]


def test_names_that_differ_in_every_row_are_no_categories():
    graph = nx.empty_graph(1500)
    nx.set_node_attributes(graph, {node: f"n{node}" for node in graph}, "name")
    with pytest.raises(DatasetError, match=r"nodes\['name'\] has 1500 different texts in 1500"):
        from_networkx(graph)


def test_what_networkx_has_no_place_for_is_refused():
    dataset = from_networkx(molecule())
    pairs = dataset.with_columns("pair", {"d": np.zeros((9, 1))})
    with pytest.raises(DatasetError, match="columns of pairs"):
        to_networkx(pairs)
    with pytest.raises(DatasetError, match="targets of each pair"):
        to_networkx(Dataset.from_columns(
            node_ptr=[0, 2], edge_ptr=[0, 0], senders=[], receivers=[]
        ).with_targets("pair", [[0, 1]]))  # fmt: skip
    with pytest.raises(DatasetError, match="named 'ring'"):
        labelled = from_networkx(molecule(), target="charge", level="node")
        to_networkx(labelled, target="ring")
