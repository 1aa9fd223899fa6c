"""Nodes and edges that a config adds, in training and in prediction on raw graphs."""

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

from gtx import Predictor, describe, recipes, training
from gtx.batching import batch_graphs
from gtx.data import Categorical, DatasetError, Label, topology
from gtx.data.sources import SOURCES, DataSource
from gtx.training import Evaluator
from tests.configs.shrunk import RECIPES, random_graphs
from tests.trained import invented

pytestmark = pytest.mark.usefixtures("quick_compilation")

MAKERS = dict(
    virtual_nodes=dict(num_nodes=2),
    expander=dict(degree=2, method="hamiltonian", seed=1),
    k_hop=dict(hops=2),
    self_loops=dict(),
)


def rings():
    """Long enough for expanders that do not join all nodes."""
    label = Label("graph", "regression", 1)
    return random_graphs(20, (5,), (4,), label, lengths=(11, 14))


def recipe(folder, monkeypatch, source, *names):
    facts = dict(label=source.spec.label, load=lambda self: source)
    monkeypatch.setitem(SOURCES, "rings", type("Rings", (DataSource,), facts))
    config = RECIPES["smoke"](folder)
    config.task.loss = "auto"
    for field in ("num_graphs", "num_communities", "min_size", "max_size", "inside", "across"):
        del config.data[field]
    config.data.name = "rings"
    config.data.topology = ConfigDict({name: MAKERS[name] for name in names})
    config.encodings = ConfigDict(dict(random_walk=dict(walk_length=3)))
    config.model.attention, config.model.num_layers = "none", 1
    return config


def test_makers_run_in_a_fixed_order_before_encodings(tmp_path, monkeypatch):
    config = recipe(tmp_path, monkeypatch, rings(), *MAKERS)
    found = recipes.prepare(config)
    by_hand = topology.virtual_nodes(rings(), 2)
    by_hand = topology.k_hop(topology.self_loops(by_hand), 2)
    by_hand = topology.expander(by_hand, 2, method="hamiltonian", seed=1)
    by_hand = recipes.encode(by_hand, config)
    assert found.dataset.spec == by_hand.spec and found.raw_spec == rings().spec
    for field in ("senders", "receivers", "node_ptr"):
        np.testing.assert_array_equal(getattr(found.dataset, field), getattr(by_hand, field))
    for name in ("rwse", "kind", "atom"):
        np.testing.assert_array_equal(found.dataset.nodes.get(name), by_hand.nodes.get(name))
    np.testing.assert_array_equal(found.dataset.edges["hop"], by_hand.edges["hop"])


def test_without_makers_nothing_changes(tmp_path, monkeypatch):
    found = recipes.prepare(recipe(tmp_path, monkeypatch, rings()))
    assert found.raw_spec is None and set(found.dataset.edges) == {"bond"}
    assert recipes.recipe(recipe(tmp_path, monkeypatch, rings()), found)["raw_spec"] is None


def test_a_setting_that_a_maker_does_not_have_is_answered_with_its_place(tmp_path, monkeypatch):
    config = recipe(tmp_path, monkeypatch, rings())
    config.data.topology = ConfigDict(dict(k_hop=dict(k=2)))
    with pytest.raises(recipes.ConfigError, match=r"config\.data\.topology\.k_hop: .*'(k|hops)'"):
        recipes.prepare(config)


def test_a_maker_that_does_not_exist_is_answered_with_those_that_do(tmp_path, monkeypatch):
    config = recipe(tmp_path, monkeypatch, rings())
    config.data.topology = ConfigDict(dict(virtual_node={}))
    with pytest.raises(recipes.ConfigError, match="data.topology.*did you mean 'virtual_nodes'"):
        recipes.prepare(config)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A model of graphs with virtual nodes and an expander, trained and loaded again."""
    folder = tmp_path_factory.mktemp("topology")
    with pytest.MonkeyPatch.context() as patch:
        config = recipe(folder, patch, rings(), *MAKERS)
        prepared = recipes.prepare(config)
    graphs = prepared.dataset
    budget = recipes.budget(config, graphs)
    result = training.fit(
        recipes.model(config, graphs.spec),
        recipes.task(config, graphs.spec),
        recipes.batches(config, graphs.part("train"), budget),
        graphs.part("valid"),
        optimizer=recipes.optimizer(config, steps_per_epoch=3),
        num_epochs=1,
        workdir=folder / "run",
        recipe=recipes.recipe(config, prepared),
    )
    predictor = Predictor.load(folder / "run")
    evaluator = Evaluator(predictor.model, predictor.task, budget)
    return predictor, graphs, evaluator(result.variables, graphs).predictions


def test_predictions_on_raw_graphs_equal_evaluation(run):
    predictor, graphs, expected = run
    assert np.ptp(expected) > 1e-3
    np.testing.assert_array_equal(predictor(graphs), expected)
    raw = rings()
    np.testing.assert_array_equal(predictor(raw), expected)
    np.testing.assert_array_equal(predictor([raw[n] for n in range(len(raw))]), expected)
    enlarged = predictor.dataset(raw)
    assert enlarged.spec.replace(label=graphs.spec.label) == graphs.spec


def test_a_prediction_does_not_depend_on_the_place_of_a_graph(run):
    predictor, _, expected = run
    raw = rings()
    np.testing.assert_allclose(predictor(raw[7]), expected[7:8], atol=1e-5)
    np.testing.assert_allclose(predictor([raw[9], raw[3]]), expected[[9, 3]], atol=1e-5)


def test_categories_that_only_makers_write_are_refused_in_raw_graphs(run):
    predictor, graphs, _ = run
    assert graphs.spec.nodes["atom"].sizes == (6,)
    graph = rings()[0]
    graph.nodes["atom"][0] = 5
    with pytest.raises(DatasetError, match=r"nodes\['atom'\]\[0, 0\] is 5, outside .* of 5"):
        predictor(graph)


def test_raw_graphs_with_encodings_of_their_own_are_refused(run):
    predictor, _, _ = run
    graph = rings()[0]
    graph.nodes["rwse"] = np.zeros((len(graph.nodes["atom"]), 3), np.float32)
    with pytest.raises(DatasetError, match=r"\['atom', 'rwse'\].*trained on \['atom'\]"):
        predictor(graph)


def test_virtual_nodes_are_not_pooled(run):
    predictor, graphs, _ = run
    assert not predictor.model.readout().virtual_nodes
    config = predictor.recipe.config.copy_and_resolve_references()
    del config.data.topology["virtual_nodes"]
    assert recipes.model(config, graphs.spec).readout().virtual_nodes


def test_predictions_for_nodes_leave_virtual_nodes_out(tmp_path, monkeypatch):
    graphs = rings()
    label = Label("node", "regression", 1)
    values = np.arange(graphs.node_ptr[-1], dtype=np.float32)[:, None]
    source = graphs.without_labels().with_targets("node", labels=values, label=label)
    config = recipe(tmp_path, monkeypatch, source, "virtual_nodes")
    prepared = recipes.prepare(config)
    predictor = invented(recipes.recipe(config, prepared))
    predictions = predictor(graphs)
    assert predictions.shape == (graphs.node_ptr[-1], 1)
    batch = batch_graphs(predictor.dataset(graphs))
    outputs = jax.jit(predictor.model.apply)(predictor.variables, batch)
    own = np.append(topology.own_nodes(predictor.dataset(graphs)), False)
    expected = np.asarray(predictor.task.predictions(outputs))[own]
    np.testing.assert_allclose(predictions, expected, rtol=1e-5)


def test_a_description_counts_what_makers_added(tmp_path, monkeypatch):
    config = recipe(tmp_path, monkeypatch, rings(), "virtual_nodes")
    found = describe.describe(config)
    assert found["data"]["columns"]["nodes"]["kind"] == "categories 3"
    assert found["data"]["splits"]["train"]["nodes"]["max"] == rings().num_nodes.max() + 2


def test_molecules_are_enlarged_too(tmp_path):
    pytest.importorskip("rdkit")
    config = RECIPES["csv_molecules"](tmp_path)
    config.data.topology = ConfigDict(dict(virtual_nodes=dict(num_nodes=1)))
    prepared = recipes.prepare(config)
    assert prepared.dataset.spec.nodes["kind"] == Categorical((2,))
    predictor = invented(recipes.recipe(config, prepared))
    given = predictor(list(prepared.dataset.names))
    np.testing.assert_allclose(predictor(prepared.dataset), given, atol=1e-6)
