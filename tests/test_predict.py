import json
import shutil

import jax
import jraph
import numpy as np
import pytest

import gtx
from gtx import Predictor, batching, graphs, recipes, training
from gtx.data import DatasetError
from gtx.graphs import GraphError
from gtx.training import CheckpointError, Checkpoints, CheckpointWarning, Evaluator, evaluation
from tests import trained
from tests.golden_checkpoints import make as golden

pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.fixture(scope="module")
def predictor(trained_run):
    return Predictor.load(trained_run.workdir)


@pytest.fixture(scope="module")
def expected(trained_run, predictor):
    """What the evaluator of training says about every molecule."""
    budget = recipes.budget(trained_run.config, trained_run.graphs)
    evaluator = Evaluator(predictor.model, predictor.task, budget)
    return evaluator(trained_run.result.variables, trained_run.graphs).predictions


@pytest.fixture(scope="module")
def nodes():
    """Graphs with labels at their nodes, and a predictor for them."""
    settings = trained.node_config()
    prepared = recipes.prepare(settings)
    return prepared.dataset, trained.invented(recipes.recipe(settings, prepared))


def apply(predictor, dataset):
    """The model itself, on one batch of all graphs, without padding rows."""
    batch = batching.batch_graphs(predictor.dataset(dataset))
    outputs = jax.jit(predictor.model.apply)(predictor.variables, batch)
    return np.asarray(predictor.task.predictions(outputs))[:-1]


def raw(dataset, index):
    """A graph without the columns that encodings have added."""
    graph = dataset[index]
    return graph._replace(nodes={"atom": graph.nodes["atom"]})


def test_predictions_equal_those_of_the_evaluator(trained_run, predictor, expected):
    assert expected.std() > 0
    np.testing.assert_array_equal(predictor(trained_run.graphs), expected)


def test_smiles_and_graphs_give_the_predictions_of_the_dataset(trained_run, predictor, expected):
    dataset = trained_run.graphs
    np.testing.assert_array_equal(predictor(list(dataset.names)), expected)
    several = [raw(dataset, index) for index in range(len(dataset))]
    np.testing.assert_array_equal(predictor(several), expected)
    np.testing.assert_array_equal(predictor(graphs.concatenate(several)), expected)
    np.testing.assert_array_equal(predictor([dataset[3]]), expected[3:4])
    np.testing.assert_array_equal(predictor(str(dataset.names[5])), expected[5:6])


def test_predictions_stand_in_the_order_given(trained_run, predictor, expected):
    order = np.random.default_rng(0).permutation(len(expected))
    names = trained_run.graphs.names[order].tolist()
    np.testing.assert_allclose(predictor(names), expected[order], atol=1e-5)


def test_padding_of_jraph_gets_no_prediction(trained_run, predictor, expected):
    dataset = trained_run.graphs
    whole = graphs.concatenate([raw(dataset, index) for index in range(3)])
    padded = jraph.pad_with_graphs(whole, 100, 200, 6)
    np.testing.assert_array_equal(predictor(padded), expected[:3])
    np.testing.assert_array_equal(predictor([padded], padded=True), expected[:3])
    with pytest.raises(GraphError, match="padded"):
        predictor(dataset, padded=True)


def test_one_molecule_is_one_batch(predictor, monkeypatch):
    made = []
    stack = evaluation.stack_batches

    def counted(dataset, budget, rows):
        made.append(len(rows))
        return stack(dataset, budget, rows)

    monkeypatch.setattr(evaluation, "stack_batches", counted)
    predictor(["CCO"])
    assert made == [1]


def test_two_spellings_of_a_molecule_have_one_prediction(trained_run, predictor):
    spectators = ["C[C@H](O)N", "N[C@@H](O)C", "[CH3:3][C@H:1](O)N", "[H]C([H])([H])[C@]([H])(O)N"]
    found = predictor([*spectators, "C[C@@H](O)N"])
    np.testing.assert_allclose(found[1:4], np.tile(found[:1], (3, 1)), rtol=1e-5)
    assert abs(found[4] - found[0]) > 1e-4  # the mirror image


def test_the_column_of_smiles_is_that_of_the_training_data(trained_run, predictor):
    assert predictor.smiles_column == "smiles"
    recipe = json.loads(json.dumps(trained_run.recipe))
    recipe["config"]["data"]["smiles"] = "mol"
    assert Predictor(recipes.read_recipe(recipe), {}).smiles_column == "mol"


def test_many_graphs_have_a_program_of_their_own_and_the_same_predictions(trained_run):
    predictor = Predictor.load(trained_run.workdir)
    smiles = ["CCO", "CCCN", "C1CC1", "C=C"] * 70  # more than 32 batches of 8
    one = predictor(smiles)
    assert predictor.num_compilations == 1
    few = predictor(smiles[:4])
    assert predictor.num_compilations == 2
    np.testing.assert_allclose(one.reshape(70, 4), np.tile(few[:, 0], (70, 1)), rtol=1e-5)


def test_no_graphs_give_no_predictions(predictor):
    assert predictor([]).shape == (0, 1)


def test_a_larger_molecule_compiles_once_more_and_equals_the_model(predictor, expected):
    predictor(["CCO"])
    before = predictor.num_compilations
    smiles = ["CCO", trained.LARGE, "CCN"]
    predictions = predictor(smiles)
    np.testing.assert_allclose(predictions, apply(predictor, smiles), rtol=1e-4, atol=1e-4)
    assert predictor.num_compilations == before + 1
    predictor(["c1ccccc1c1ccccc1", "CCOC"])  # 12 atoms: of the same power of two
    assert predictor.num_compilations == before + 1


def test_a_molecule_that_does_not_parse_is_an_error_or_a_reason(predictor):
    with pytest.raises(DatasetError, match=r"molecule 1 \('C\(C'\).*Predictor\.smiles"):
        predictor(["CCO", "C(C"])
    predictions, errors = predictor.smiles(["CCO", "C(C", "", "CCN"])
    assert list(errors) == [1, 2]
    assert errors[2] == "empty"
    assert np.isnan(predictions[[1, 2]]).all()
    np.testing.assert_allclose(predictions[[0, 3]], predictor(["CCO", "CCN"]), atol=1e-6)


def test_nothing_that_parses_gives_nothing_but_reasons(predictor):
    predictions, errors = predictor.smiles(["x"])
    assert np.isnan(predictions).all() and list(errors) == [0]


def test_an_unknown_category_names_graph_and_column(trained_run, predictor):
    wrong = raw(trained_run.graphs, 1)
    wrong.nodes["atom"] = wrong.nodes["atom"].copy()
    wrong.nodes["atom"][0, 0] = 500
    with pytest.raises(DatasetError, match=r"graph 1: nodes\['atom'\]\[0, 0\] is 500.*119"):
        predictor([raw(trained_run.graphs, 0), wrong])
    wrong.nodes["atom"][0, 0] = -1
    with pytest.raises(DatasetError, match=r"is -1, outside the vocabulary of 119"):
        predictor(wrong)


def test_a_feature_that_is_not_a_number_names_graph_and_column(trained_run, predictor):
    wrong = trained_run.graphs[1]
    wrong.nodes["rwse"] = np.full_like(wrong.nodes["rwse"], np.nan)
    with pytest.raises(GraphError, match=r"graph 1: nodes\['rwse'\]\[0\] holds NaN"):
        predictor([trained_run.graphs[0], wrong])


@pytest.mark.parametrize("change", ["missing", "other"])
def test_other_columns_than_in_training_are_refused(trained_run, predictor, change):
    graph = raw(trained_run.graphs, 0)
    if change == "missing":
        graph = graph._replace(edges={})
        with pytest.raises(DatasetError, match=r"edges have the columns \[\].*\['bond'\]"):
            predictor(graph)
    else:
        graph.nodes["charge"] = np.zeros((len(graph.nodes["atom"]), 1), np.float32)
        with pytest.raises(DatasetError, match=r"\['atom', 'charge'\].*trained on \['atom'\]"):
            predictor(graph)


def test_predictions_for_nodes_stand_node_by_node(nodes):
    dataset, predictor = nodes
    predictions = predictor(dataset)
    assert predictions.shape == (dataset.node_ptr[-1], 6)
    np.testing.assert_allclose(predictions.sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose(predictions, apply(predictor, dataset), atol=1e-5)


def test_nodes_of_larger_graphs_stand_between_those_of_others(nodes):
    dataset, predictor = nodes
    settings = trained.node_config()
    settings.data.num_graphs, settings.data.min_size, settings.data.max_size = 12, 4, 4
    large = recipes.prepare(settings).dataset
    mixed = [dataset[0], large[0], dataset[1], dataset[2]]
    assert large[0].n_node[0] > dataset.num_nodes.max()
    predictions = predictor(mixed)
    np.testing.assert_allclose(predictions, apply(predictor, mixed), atol=1e-5)


def test_a_model_for_other_graphs_refuses_smiles(nodes):
    with pytest.raises(DatasetError, match="'sbm_cluster', whose features are not made from"):
        nodes[1](["CCO"])
    with pytest.raises(DatasetError, match="predicts for nodes"):
        nodes[1].smiles(["CCO"])


def test_descriptors_are_computed_and_scaled_as_in_training(trained_run):
    settings = trained_run.config.copy_and_resolve_references()
    settings.data.descriptors = ("MolWt", "TPSA")
    prepared = recipes.prepare(settings)
    predictor = trained.invented(recipes.recipe(settings, prepared))
    smiles = prepared.dataset.names.tolist()
    found = predictor.dataset(smiles[:3])
    np.testing.assert_array_equal(
        found.graphs["descriptors"], prepared.dataset.graphs["descriptors"][:3]
    )
    with pytest.raises(DatasetError, match="names that are SMILES"):
        predictor(raw(trained_run.graphs, 0))


def test_a_folder_without_a_checkpoint_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=str(tmp_path)):
        Predictor.load(tmp_path)


def test_a_checkpoint_without_a_recipe_is_refused(trained_run, tmp_path):
    Checkpoints(tmp_path).save_best(trained_run.result.variables, {})
    with pytest.raises(CheckpointError, match="has no recipe.*restore_best"):
        Predictor.load(tmp_path)


def test_a_foreign_recipe_is_refused(trained_run, tmp_path):
    Checkpoints(tmp_path).save_best(trained_run.result.variables, {}, {"version": "0"})
    with pytest.raises(CheckpointError, match="written by gtx 0, cannot be loaded.*no recipe"):
        Predictor.load(tmp_path)


def test_parameters_of_another_model_are_refused(trained_run, tmp_path):
    recipe = json.loads(json.dumps(trained_run.recipe))
    recipe["config"]["model"]["dim"] = 16
    Checkpoints(tmp_path).save_best(trained_run.result.variables, {}, recipe)
    with pytest.raises(CheckpointError, match=r"is stored as float32\[8\], the model has"):
        Predictor.load(tmp_path)


def test_a_damaged_checkpoint_is_refused(trained_run, tmp_path):
    shutil.copytree(trained_run.workdir, tmp_path / "run")
    file = tmp_path / "run" / "checkpoints" / "best" / "recipe.json"
    file.write_text(file.read_text().replace("0", "1", 1))
    with pytest.raises(CheckpointError, match="damaged.*recipe.json"):
        Predictor.load(tmp_path / "run")


def test_a_checkpoint_of_another_version_warns(trained_run, tmp_path):
    recipe = {**trained_run.recipe, "version": "0.0.0"}
    Checkpoints(tmp_path).save_best(trained_run.result.variables, {}, recipe)
    with pytest.warns(CheckpointWarning, match=f"gtx 0.0.0 and is read by gtx {gtx.__version__}"):
        Predictor.load(tmp_path)


def test_each_seed_of_a_run_has_a_predictor_of_its_own(tmp_path):
    settings = golden.config()
    prepared = recipes.prepare(settings)
    graphs = prepared.dataset
    train, task = graphs.part("train"), recipes.task(settings, graphs.spec)
    model, budget = recipes.model(settings, graphs.spec), recipes.budget(settings, graphs)
    result = training.fit(
        model,
        task,
        recipes.batches(settings, train, budget),
        graphs.part("valid"),
        optimizer=recipes.optimizer(settings, -(-len(train) // settings.batch.size)),
        num_epochs=1,
        seeds=(1, 2),
        workdir=tmp_path,
        recipe=recipes.recipe(settings, prepared),
    )
    test = graphs.part("test")
    for replica in result.replicas:
        expected = training.evaluate(model, replica.variables, test, budget, task).predictions
        predicted = Predictor.load(tmp_path / f"seed_{replica.seed}")(test)
        np.testing.assert_allclose(predicted, expected, rtol=1e-5, atol=1e-6)
    one, other = (replica.variables["params"] for replica in result.replicas)
    assert not np.array_equal(jax.tree.leaves(one)[0], jax.tree.leaves(other)[0])
