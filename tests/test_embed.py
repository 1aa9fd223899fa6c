"""Vectors of graphs and nodes inside a trained model."""

import flax.linen as nn
import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

from gtx import Predictor, batching, recipes
from gtx.data import DatasetError
from gtx.models.vectors import Vectors
from tests import trained

pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.fixture(scope="module")
def predictor(trained_run):
    return Predictor.load(trained_run.workdir)


def headed(predictor, vectors):
    """What a head of one linear map makes of vectors, in the label's unit."""
    head = predictor.variables["params"]["head"]["linear_0"]
    label = predictor.task.label
    outputs = vectors @ head["kernel"] + head["bias"]
    return outputs * (label.std or 1) + (label.mean or 0)


def test_the_head_makes_the_predictions_of_the_vectors(trained_run, predictor):
    graphs = trained_run.graphs
    vectors = predictor.embed(graphs)
    assert vectors.shape == (len(graphs), 8) and vectors.dtype == np.float32
    np.testing.assert_allclose(headed(predictor, vectors), predictor(graphs), rtol=1e-4, atol=1e-5)
    names = graphs.names.tolist()
    np.testing.assert_allclose(predictor.embed(names[::-1])[::-1], vectors, rtol=1e-5, atol=1e-6)


def test_the_vector_of_a_graph_is_the_pool_of_its_nodes(trained_run, predictor):
    names = [trained.LARGE, "C", *trained.SMILES[:9]]  # one of a larger batch
    nodes = predictor.embed(names, level="node")
    dataset = predictor.dataset(names)
    assert len(nodes) == dataset.node_ptr[-1]
    reduce = {"sum": np.sum, "mean": np.mean}[trained_run.config.model.pool]
    pooled = [reduce(part, axis=0) for part in np.split(nodes, dataset.node_ptr[1:-1])]
    np.testing.assert_allclose(predictor.embed(names), pooled, rtol=1e-4, atol=1e-5)


def test_models_of_nodes_and_pairs_have_vectors_of_nodes(trained_run):
    settings = trained.node_config()
    settings.structures = ConfigDict(dict(virtual_nodes=dict(num_nodes=2)))
    prepared = recipes.prepare(settings)
    of_nodes = trained.invented(recipes.recipe(settings, prepared))
    graphs = prepared.dataset
    head = of_nodes.variables["params"]["head"]["linear_0"]
    head["kernel"] = head["kernel"] * 1e-3  # so that no probability is 1
    vectors, predictions = of_nodes.embed(graphs), of_nodes(graphs)
    assert len(vectors) == len(predictions) == len(graphs.targets)
    expected = jax.nn.softmax(headed(of_nodes, vectors))
    assert expected.max() < 0.99 and expected.std(axis=0).max() > 1e-4
    np.testing.assert_allclose(predictions, expected, rtol=1e-3)
    with pytest.raises(DatasetError, match="no vectors of graphs"):
        of_nodes.embed(graphs, level="graph")


def test_virtual_nodes_have_no_vector(trained_run):
    settings = ConfigDict(trained_run.config.to_dict())
    settings.structures = ConfigDict(dict(virtual_nodes=dict(num_nodes=1)))
    predictor = trained.invented(recipes.recipe(settings, recipes.prepare(settings)))
    names = ["CCO", "c1ccccc1"]
    nodes = predictor.embed(names, level="node")
    assert len(nodes) == 9
    reduce = {"sum": np.sum, "mean": np.mean}[settings.model.pool]
    pooled = [reduce(part, axis=0) for part in np.split(nodes, [3])]
    np.testing.assert_allclose(predictor.embed(names), pooled, rtol=1e-4, atol=1e-5)


def test_an_ensemble_and_a_model_without_a_head_are_refused(predictor):
    variables = predictor.variables
    several = Predictor(predictor.recipe, variables, others=[variables])
    with pytest.raises(ValueError, match="an ensemble of 2 members"):
        several.embed(["CCO"])
    expected = np.stack([predictor.embed(["CCO", "C"])] * 2)
    np.testing.assert_array_equal(several.embed_by_member(["CCO", "C"]), expected)
    with pytest.raises(ValueError, match="is no GraphTransformer"):
        Vectors(nn.Dense(3))


def test_rows_of_padding_are_finite(trained_run, predictor):
    batch = batching.batch_graphs(predictor.dataset(["CCO", "C"]))
    model = Vectors(predictor.model, of_nodes=True)
    assert np.isfinite(jax.jit(model.apply)(predictor.variables, batch)).all()
