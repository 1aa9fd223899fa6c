"""Labels of every level and kind follow from the graphs."""

import numpy as np
import pytest

from gtx.data import packed
from gtx.data.sources import LabelledGraphs


@pytest.mark.parametrize("level", ["graph", "node", "edge", "pair"])
def test_labels_follow_from_the_graphs(level):
    dataset = LabelledGraphs(level, "mixed", 6, split_seed=3).load()
    table, labels = dataset.targets, dataset.targets.labels
    start = dataset.node_ptr[dataset.target_graph]
    for row in range(len(table)):
        graph = dataset[int(dataset.target_graph[row])]
        adjacency = np.zeros((graph.n_node[0],) * 2, int)
        adjacency[graph.receivers, graph.senders] = 1
        np.testing.assert_array_equal(adjacency, adjacency.T)
        color = graph.nodes["color"][:, 0]
        own = (adjacency * (color[:, None] == color)).sum(axis=1)
        common = adjacency @ adjacency
        if level == "graph":
            value = own.mean()
        elif level == "node":
            value = own[table.index[row] - start[row]]
        elif level == "pair":
            value = common[tuple(table.index[row] - start[row])]
        else:
            edge = table.index[row]
            value = common[dataset.senders[edge], dataset.receivers[edge]]
        expected = [value, value > 0.9, int(value > 0.9) + int(value > 1.9)]
        np.testing.assert_allclose(labels[row], expected, rtol=1e-6)


def test_weights_and_missing_labels_survive_a_packed_file(tmp_path):
    dataset = LabelledGraphs("pair", "mixed", 6, missing=0.3, weighted=True).load()
    assert 0.1 < np.isnan(dataset.targets.labels).mean() < 0.5
    packed.save(dataset, tmp_path / "a.npz")
    again = packed.load(tmp_path / "a.npz")
    assert again.spec == dataset.spec
    for name in ("index", "labels", "weights", "split"):
        np.testing.assert_array_equal(getattr(again.targets, name), getattr(dataset.targets, name))


def test_weights_that_are_none_are_refused():
    dataset = LabelledGraphs("node", num_graphs=3).load()
    count = len(dataset.targets)
    for wrong in (-1.0, np.nan, np.inf):
        weights = np.ones(count)
        weights[4] = wrong
        with pytest.raises(ValueError, match="weight"):
            dataset.with_targets("node", None, dataset.targets.labels, weights=weights)
    with pytest.raises(ValueError, match=r"targets.weights has shape"):
        dataset.with_targets("node", None, dataset.targets.labels, weights=np.ones(count - 1))
