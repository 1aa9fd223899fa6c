"""Nodes and edge sets that a config adds, in training and in prediction on raw graphs."""

import functools

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

from gtx import Predictor, describe, recipes, structures, training
from gtx.batching import batch_graphs
from gtx.data import Categorical, DatasetError, Label
from gtx.data.sources import SOURCES, DataSource
from gtx.training import Evaluator
from tests.configs.shrunk import RECIPES, random_graphs
from tests.trained import invented
from tests.variables import random_variables

pytestmark = pytest.mark.usefixtures("quick_compilation")

GIVEN = dict(
    expander=dict(degree=2, method="hamiltonian", seed=1),
    k_hop=dict(hops=2),
    self_loops=dict(),
    virtual_nodes=dict(num_nodes=2),
)
EVERYWHERE = ("graph", "virtual", "k_hop", "expander", "self_loops")


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
    config.structures = ConfigDict({name: GIVEN[name] for name in names})
    config.encodings = ConfigDict(dict(random_walk=dict(walk_length=3)))
    set_model(config, attention="none", num_layers=1)
    return config


def set_model(config, **fields):
    """Replace fields of the model, by values of another type too."""
    settings = {name: value for name, value in config.model.to_dict().items() if name != "name"}
    config.model = recipes.model_config("gps", **settings | fields)


def test_structures_are_applied_in_a_fixed_order_after_encodings(tmp_path, monkeypatch):
    config = recipe(tmp_path, monkeypatch, rings(), *GIVEN)
    found = recipes.prepare(config)
    encoded = recipes.encode(rings(), config)
    by_hand = structures.apply(
        encoded,
        [
            structures.VirtualNodes(2),
            structures.SelfLoops(),
            structures.KHop(2),
            structures.Expander(2, method="hamiltonian", seed=1),
        ],
    )
    assert found.dataset.spec == by_hand.spec and found.raw_spec == encoded.spec
    assert list(found.dataset.edge_sets) == ["virtual", "self_loops", "k_hop", "expander"]
    for name, edges in by_hand.edge_sets.items():
        np.testing.assert_array_equal(found.dataset.edge_sets[name].senders, edges.senders)
    own = structures.own_nodes(found.dataset)
    assert found.dataset.nodes["rwse"][own].tobytes() == encoded.nodes["rwse"].tobytes()


def test_without_structures_nothing_changes(tmp_path, monkeypatch):
    config = recipe(tmp_path, monkeypatch, rings())
    found = recipes.prepare(config)
    assert found.raw_spec is None and not found.dataset.edge_sets
    assert recipes.recipe(config, found)["raw_spec"] is None
    assert "edge_sets" not in recipes.recipe(config, found)["budget"]


def test_a_setting_that_a_structure_does_not_have_is_answered_with_its_place(tmp_path, monkeypatch):
    config = recipe(tmp_path, monkeypatch, rings())
    config.structures = ConfigDict(dict(k_hop=dict(k=2)))
    with pytest.raises(recipes.ConfigError, match=r"config\.structures\.k_hop: .*'(k|hops)'"):
        recipes.prepare(config)


def test_a_structure_that_does_not_exist_is_answered_with_those_that_do(tmp_path, monkeypatch):
    config = recipe(tmp_path, monkeypatch, rings())
    config.structures = ConfigDict(dict(virtual_node={}))
    with pytest.raises(
        recipes.ConfigError, match="config.structures.*did you mean 'virtual_nodes'"
    ):
        recipes.prepare(config)


def test_an_edge_set_that_no_structure_adds_is_refused_before_training(tmp_path, monkeypatch):
    for field, name in (("local", "gine"), ("attention", "edges")):
        config = recipe(tmp_path, monkeypatch, rings(), "k_hop")
        set_model(config, **{field: dict(name=name, edges=("graph", "expander"))})
        with pytest.raises(recipes.ConfigError, match="config.model.*'expander'.*k_hop"):
            recipes.prepare(config)


def test_a_recipe_that_added_topology_before_its_encodings_is_refused(tmp_path, monkeypatch):
    config = recipe(tmp_path, monkeypatch, rings())
    data = recipes.recipe(config, recipes.prepare(config))
    del data["config"]["structures"]
    data["config"]["data"]["topology"] = {}
    assert recipes.read_recipe(data).config.structures.to_dict() == {}
    data["config"]["data"]["topology"] = {"self_loops": {}}
    with pytest.raises(recipes.ConfigError, match="data.topology.*before its encodings"):
        recipes.read_recipe(data)


def test_message_passing_over_the_graph_stands_beside_attention_over_an_expander(
    tmp_path, monkeypatch
):
    config = recipe(tmp_path, monkeypatch, rings(), "expander")
    set_model(config, local="gated_gcn", attention=dict(name="edges", edges=("expander",)))
    dataset = recipes.prepare(config).dataset
    model = recipes.model(config, dataset.spec)
    batch = batch_graphs(dataset.select([0, 1, 2]), dense=False)
    block = model.block().copy(name="block")
    assert block.local(dim=8).edges == ("graph",)
    assert block.attention(dim=8).edges == ("expander",)
    init = functools.partial(model.init, train=False)
    variables = random_variables(jax.eval_shape(init, jax.random.key(0), batch))

    @functools.partial(jax.jit, static_argnames="mutable")
    def predict(batch, mutable=()):
        return model.apply(variables, batch, train=False, mutable=mutable)

    _, kept = predict(batch, mutable=("intermediates",))
    weights = kept["intermediates"]["block_0"]["attention"]["weights"][0]
    assert weights.shape[0] == len(batch.edge_sets["expander"].mask)
    before, _ = predict(batch)
    # Both halves are heard: without its edges each one changes the prediction.
    no_bonds, _ = predict(batch.replace(edge_mask=batch.edge_mask & False))
    expander = batch.edge_sets["expander"]
    none = dict(expander=expander.replace(mask=expander.mask & False))
    no_expander, _ = predict(batch.replace(edge_sets=none))
    real = np.asarray(batch.graph_mask)
    for other in (no_bonds, no_expander):
        assert np.abs(np.asarray(before - other))[real].min() > 1e-4


def test_sets_that_a_layer_runs_over_as_one_have_encoders_of_their_own(tmp_path, monkeypatch):
    config = recipe(tmp_path, monkeypatch, rings(), *GIVEN)
    set_model(config, local=dict(name="gine", edges=EVERYWHERE))
    spec = recipes.prepare(config).dataset.spec
    embed = recipes.model(config, spec).embed()
    assert set(embed.edges) == {"bond"}
    assert {name: list(columns) for name, columns in embed.edge_sets.items()} == dict(
        virtual=["kind"], k_hop=["hop"], expander=["constant"], self_loops=["constant"]
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A model over every edge set, trained and loaded again."""
    folder = tmp_path_factory.mktemp("structures")
    with pytest.MonkeyPatch.context() as patch:
        config = recipe(folder, patch, rings(), *GIVEN)
        set_model(config, local=dict(name="gine", edges=EVERYWHERE))
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


def test_categories_that_only_structures_write_are_refused_in_raw_graphs(run):
    predictor, graphs, _ = run
    assert graphs.spec.nodes["atom"].sizes == (6,)
    graph = rings()[0]
    graph.nodes["atom"][0] = 5
    with pytest.raises(DatasetError, match=r"nodes\['atom'\]\[0, 0\] is 5, outside .* of 5"):
        predictor(graph)


def test_raw_graphs_with_encodings_get_their_structures(run):
    predictor, _, expected = run
    encoded = recipes.encode(rings(), predictor.recipe.config)
    np.testing.assert_array_equal(predictor(encoded), expected)


def test_graphs_with_other_edge_sets_are_refused(run):
    predictor, _, _ = run
    other = structures.Complete()(rings())
    with pytest.raises(DatasetError, match=r"edge sets \['complete'\], the model was trained on"):
        predictor(other)


def test_a_graph_that_is_larger_than_all_in_training_is_predicted(run):
    predictor, _, _ = run
    large = random_graphs(2, (5,), (4,), Label("graph", "regression", 1), lengths=(70, 90))
    both = predictor(large)
    np.testing.assert_allclose(predictor(large.select([1])), both[1:], atol=1e-4)
    assert np.isfinite(both).all()


def test_virtual_nodes_are_not_pooled(run):
    predictor, graphs, _ = run
    assert not predictor.model.readout().virtual_nodes
    config = predictor.recipe.config.copy_and_resolve_references()
    del config.structures["virtual_nodes"]
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
    own = np.append(structures.own_nodes(predictor.dataset(graphs)), False)
    expected = np.asarray(predictor.task.predictions(outputs))[own]
    np.testing.assert_allclose(predictions, expected, rtol=1e-5)


def test_a_description_counts_what_structures_added(tmp_path, monkeypatch):
    config = recipe(tmp_path, monkeypatch, rings(), "virtual_nodes")
    found = describe.describe(config)
    assert found["data"]["columns"]["nodes"]["kind"] == "categories 3"
    assert found["data"]["columns"]["virtual"]["kind"] == "categories 2"
    assert found["data"]["splits"]["train"]["nodes"]["max"] == rings().num_nodes.max() + 2


def test_molecules_get_structures_too(tmp_path):
    pytest.importorskip("rdkit")
    config = RECIPES["csv_molecules"](tmp_path)
    config.structures = ConfigDict(dict(virtual_nodes=dict(num_nodes=1)))
    prepared = recipes.prepare(config)
    assert prepared.dataset.spec.nodes["kind"] == Categorical((2,))
    predictor = invented(recipes.recipe(config, prepared))
    given = predictor(list(prepared.dataset.names))
    np.testing.assert_allclose(predictor(prepared.dataset), given, atol=1e-6)
