"""Recipes whose targets are nodes, edges or pairs: kinds of labels, splits, and predictions."""

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

from gtx import recipes
from gtx.data import Dataset, DatasetError, Label
from gtx.data.sources import SOURCES, DataSource
from gtx.graphs import from_arrays
from gtx.tasks import Binary, Link, Multiclass
from tests.configs import shrunk
from tests.trained import invented

pytestmark = pytest.mark.usefixtures("quick_compilation")


def test_two_classes_are_binary_or_classes_as_the_config_says(tmp_path):
    config = shrunk.RECIPES["minesweeper"](tmp_path)
    as_binary = recipes.prepare(config).dataset
    task = recipes.task(config, as_binary.spec)
    assert type(task) is Binary and task.main_metric == "roc_auc"
    assert recipes.model(config, as_binary.spec).head().num_outputs == 1
    config.task.kind = "auto"
    classes = recipes.prepare(config).dataset
    assert type(recipes.task(config, classes.spec)) is Multiclass
    np.testing.assert_array_equal(as_binary.targets.labels[:, 0], classes.targets.labels)
    np.testing.assert_array_equal(as_binary.targets.split, classes.targets.split)


def test_more_than_two_classes_cannot_be_binary(tmp_path):
    config = shrunk.RECIPES["cora_gcn"](tmp_path)
    config.task.kind = "binary"
    with pytest.raises(recipes.ConfigError, match="config.task.kind.*multiclass label with 7"):
        recipes.check(config)


def test_the_nodes_of_one_graph_are_split_at_random(tmp_path):
    config = shrunk.RECIPES["cora_gcn"](tmp_path)
    config.data.split, config.data.test_fraction = "random", 0.25
    config.data.valid_fraction = 0.25
    dataset = recipes.prepare(config).dataset
    np.testing.assert_array_equal(np.bincount(dataset.targets.split), [12, 6, 6])
    assert dataset.part("test").senders is dataset.senders


def predictor_of(config):
    return invented(recipes.recipe(config, recipes.prepare(config)))


def test_links_are_predicted_in_the_order_of_the_pairs(tmp_path):
    config = shrunk.RECIPES["cora_links"](tmp_path)
    dataset = recipes.prepare(config).dataset
    assert type(recipes.task(config, dataset.spec)) is Link
    predictor = predictor_of(config)
    # Of the size of initial values, or every probability would be 1.
    predictor.variables["params"] = jax.tree.map(
        lambda values: 0.2 * values, predictor.variables["params"]
    )
    every, pairs = predictor(dataset), dataset.targets.index
    assert every.shape == (96, 1) and len(np.unique(every)) > 10
    order = np.random.default_rng(0).permutation(96)
    np.testing.assert_allclose(predictor(dataset[0], targets=pairs[order]), every[order], rtol=1e-5)
    np.testing.assert_allclose(predictor(dataset[0], targets=pairs[:, ::-1]), every, rtol=1e-5)
    np.testing.assert_allclose(
        predictor([dataset[0]] * 2, targets=[pairs[3], pairs[4] + 24, pairs[5]]),
        every[[3, 4, 5]],
        rtol=1e-5,
    )
    with pytest.raises(DatasetError, match=r"pairs of nodes.*targets=\[\[sender, receiver\]"):
        predictor(dataset[0])
    with pytest.raises(DatasetError, match="target 0 is of node 24"):
        predictor(dataset[0], targets=[[0, 24]])
    config.model.ends = "concatenate"
    assert recipes.model(config, dataset.spec).readout().ends == "concatenate"


class Weights(DataSource):
    """Graphs whose edges are labelled with the sum of what stands at their ends."""

    label = Label("edge", "regression", 1)

    def load(self) -> Dataset:
        rng, graphs, labels = np.random.default_rng(0), [], []
        for _ in range(9):
            x = rng.normal(size=(5, 2)).astype(np.float32)
            senders, receivers = rng.integers(0, 5, (2, 7))
            graphs.append(from_arrays(senders, receivers, n_node=5, nodes={"x": x}))
            labels.append(x[senders, 0] + x[receivers, 1])
        split = ["train"] * 5 + ["valid"] * 2 + ["test"] * 2
        return Dataset.from_graphs(graphs, np.concatenate(labels), split=split, level="edge")


def test_edges_are_predicted_in_the_order_in_which_they_are_given(tmp_path, monkeypatch):
    monkeypatch.setitem(SOURCES, "weights", Weights)
    config = shrunk.RECIPES["smoke"](tmp_path)
    config.data = ConfigDict(dict(name="weights", split="given", split_seed=0, valid_fraction=0.1))
    config.encodings, config.task.loss, config.model.local = ConfigDict(), "auto", "gin"
    config.model.attention = "none"
    predictor = predictor_of(config)
    rng = np.random.default_rng(1)
    senders, receivers = rng.integers(0, 5, (2, 8))
    x = rng.normal(size=(5, 2)).astype(np.float32)
    graph = from_arrays(senders, receivers, n_node=5, nodes={"x": x})
    found = predictor(graph)
    order = rng.permutation(8)
    again = predictor(graph._replace(senders=senders[order], receivers=receivers[order]))
    np.testing.assert_allclose(again, found[order], rtol=1e-5)
    np.testing.assert_allclose(predictor(graph, targets=[6, 1]), found[[6, 1]], rtol=1e-5)
    dataset = Weights().load().part("test")
    assert predictor(dataset).shape == (14, 1)
