"""CSL: the graphs of the benchmark, whatever their numbering."""

import networkx as nx
import numpy as np
import pytest

from gtx.data import Categorical, DatasetError
from gtx.data.sources import CSL, csl
from tests.data.files import data_folder


def spectrum(graph):
    adjacency = np.zeros((41, 41))
    adjacency[graph.receivers, graph.senders] = 1
    return np.linalg.eigvalsh(adjacency)


def theory(skip):
    """Eigenvalues of a circulant matrix: 2 cos(2 pi j / n) + 2 cos(2 pi skip j / n)."""
    angle = 2 * np.pi * np.arange(41) / 41
    return np.sort(2 * np.cos(angle) + 2 * np.cos(skip * angle))


def test_there_are_fifteen_copies_of_each_class_with_the_spectrum_of_its_skip():
    dataset = CSL().load()
    assert len(dataset) == 150 and (dataset.num_nodes == 41).all()
    assert (dataset.num_edges == 164).all()
    assert dataset.spec.nodes == {"type": Categorical((1,))}
    np.testing.assert_array_equal(dataset.targets.labels, np.repeat(np.arange(10), 15))
    for graph, label in zip(dataset, dataset.targets.labels, strict=True):
        np.testing.assert_allclose(spectrum(graph), theory(csl.SKIPS[label]), atol=1e-10)


def test_copies_are_isomorphic_and_numbered_otherwise():
    dataset = CSL(copies=3, num_folds=3).load()
    first, second = (
        nx.from_edgelist(zip(g.senders, g.receivers, strict=True)) for g in (dataset[0], dataset[1])
    )
    assert nx.is_isomorphic(first, second) and set(first.edges) != set(second.edges)
    assert nx.is_isomorphic(first, nx.circulant_graph(41, [1, 2]))


def test_a_fold_has_three_graphs_of_each_class_and_every_graph_is_tested_once():
    tested = np.zeros(150, int)
    for fold in range(5):
        dataset = CSL(fold=fold).load()
        for part, count in (("train", 9), ("valid", 3), ("test", 3)):
            assert (np.bincount(dataset.part(part).targets.labels, minlength=10) == count).all()
        tested[dataset.part("test").ids] += 1
    assert (tested == 1).all()


def test_graphs_follow_seed_and_number():
    one, again, other = CSL().load(), CSL(fold=2).load(), CSL(split_seed=1).load()
    np.testing.assert_array_equal(one.senders, again.senders)
    assert not np.array_equal(one.senders, other.senders)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (dict(fold=5), "no fold 5 of num_folds 5"),
        (dict(fold=-1), "fold: -1 .*at least 0"),
        (dict(num_folds=2), "num_folds: 2 .*at least 3"),
        (dict(num_folds=16), "15 copies of each"),
    ],
)
def test_folds_that_do_not_exist_are_refused(wrong, says):
    with pytest.raises(DatasetError, match=says):
        CSL(**wrong)


def test_the_published_file_has_the_same_ten_classes():
    with np.load(data_folder() / "expressivity" / "csl.npz", allow_pickle=False) as data:
        data = dict(data)
    np.testing.assert_array_equal(data["y"], CSL().load().targets.labels)
    assert sorted(data["fold_test"].reshape(-1)) == list(range(150))
    assert [len(data[f"fold_{part}"][0]) for part in ("train", "val", "test")] == [90, 30, 30]
    for number, label in enumerate(data["y"]):
        edges = data["edge_index"][:, data["edge_ptr"][number] : data["edge_ptr"][number + 1]]
        adjacency = np.zeros((41, 41))
        adjacency[edges[0], edges[1]] = 1
        found = np.linalg.eigvalsh(adjacency)
        np.testing.assert_allclose(found, theory(csl.SKIPS[label]), atol=1e-10)
