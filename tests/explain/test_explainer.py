"""Explanations of a trained run: a GPS model of molecules."""

import dataclasses

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

from gtx import Predictor, recipes
from gtx.batching import batch_graphs
from gtx.explain import Explainer, ExplainError, Mean
from gtx.explain.items import batches
from gtx.graphs import from_arrays
from tests import trained
from tests.configs import small
from tests.variables import random_variables

pytestmark = pytest.mark.usefixtures("quick_compilation")

SMILES = ["CCO", "c1ccccc1CC(=O)N", "C"]


@pytest.fixture(scope="module")
def predictor(trained_run):
    return Predictor.load(trained_run.workdir)


@pytest.fixture(scope="module")
def explainer(predictor):
    return Explainer.of(predictor)


def test_contributions_add_up_to_what_the_predictor_says(trained_run, predictor, explainer):
    says = predictor(SMILES)[:, 0]
    mean = explainer.mean(trained_run.graphs.part("train"))
    unknown = {"nodes": {"atom": [118, *[0] * 8]}, "edges": {"bond": [4, 0, 0]}}
    for baseline in ("zero", mean, unknown):
        found = explainer.integrated_gradients(SMILES, "logS", baseline=baseline)
        assert [each.num_nodes for each in found] == [3, 10, 1]
        for each, said in zip(found, says, strict=True):
            assert each.prediction == pytest.approx(said, rel=1e-5)
            difference = each.prediction - each.baseline
            assert abs(each.nodes.sum() - difference) <= 0.01 * abs(difference) + 1e-5
            assert each.total == pytest.approx(each.nodes.sum())
        ring = found[1].nodes[:5]  # its atoms 0 and 4, 1 and 3 look alike
        np.testing.assert_allclose(ring[:2], ring[[4, 3]], rtol=1e-3, atol=1e-6)


def test_an_atom_is_left_out_with_its_bonds_and_encodings_are_kept(predictor, explainer):
    (found,) = explainer.leave_one_out("CC(=O)N")
    whole = predictor.dataset("CC(=O)N")
    says = predictor("CC(=O)N")[0, 0]
    for node in range(4):
        keep = np.flatnonzero(np.arange(4) != node)
        number = {old: new for new, old in enumerate(keep)}
        edges = [e for e, ends in enumerate(zip(whole.senders, whole.receivers, strict=True))
                 if node not in ends]  # fmt: skip
        less = from_arrays(
            [number[whole.senders[edge]] for edge in edges],
            [number[whole.receivers[edge]] for edge in edges],
            n_node=[3],
            nodes={name: values[keep] for name, values in whole.nodes.items()},
            edges={name: values[edges] for name, values in whole.edges.items()},
        )
        assert found.nodes[node] == pytest.approx(says - predictor(less)[0, 0], rel=1e-4, abs=1e-5)
    np.testing.assert_allclose(
        explainer.leave_out("CC(=O)N", [[0], [3]]), found.nodes[[0, 3]], rtol=1e-4, atol=1e-5
    )


def test_rollout_is_the_attention_of_the_only_layer(predictor, explainer):
    (found,) = explainer.rollout("CC(=O)N", message_passing=False)
    (part,) = batches(predictor.dataset("CC(=O)N"), dense=True, most=32)
    sown = explainer.programs.weights(predictor.variables, part.batch)
    weights = np.asarray(sown["block_0"]["attention"]["weights"][0])
    matrix = weights.reshape(4, 4, 2).mean(axis=-1)
    np.testing.assert_allclose(found.nodes, (matrix + np.eye(4)).mean(axis=0) / 2, rtol=1e-5)
    assert found.total == pytest.approx(1) and found.unit == "share"
    (beside,) = explainer.rollout("CC(=O)N")
    assert not np.allclose(beside.nodes, found.nodes) and beside.total == pytest.approx(1)


def test_a_baseline_of_another_model_is_refused(explainer):
    with pytest.raises(ExplainError, match="it is of another model"):
        explainer.integrated_gradients("CCO", baseline=Mean({"nodes": np.zeros(8)}))


# Of each name whether the layers of its model give weights of attention among nodes.
MODELS = {
    "zinc_exphormer": False,
    "zinc_graphormer": True,
    "zinc_grit": True,
    "zinc_gt": True,
    "zinc_gps": True,
    "zinc_sat": True,
    "zinc_egt": True,
    "zinc_lspe": False,
    "zinc_gin_plus": False,
    "zinc_esa": True,
    "zinc_edge_transformer": False,
    "molpcba_gps": True,
    "sbm_nodes": True,
    "cora_gcn": False,
    "cora_nagphormer": False,
    "pcqm_contact_floydnet": False,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_every_kind_of_model_is_explained(name):
    config = small.shrink(small.config_of(name))
    graphs = small.graphs_of(config)
    model, task = recipes.model(config, graphs.spec), recipes.task(config, graphs.spec)
    dense = recipes.budget(config, graphs).dense
    batch = batch_graphs(graphs.without_labels(), dense=dense)
    shapes = jax.eval_shape(lambda key: model.init(key, batch, train=False), jax.random.key(0))
    variables = random_variables({"batch_stats": {}, **shapes})
    explainer = Explainer(model, variables, task, dense=dense)
    part = graphs.part("test").without_labels()
    part = dataclasses.replace(part, targets=part.targets.take(np.arange(len(part.targets))[:2]))
    for found in explainer.integrated_gradients(part, baseline=explainer.mean(graphs)):
        difference = found.prediction - found.baseline
        assert abs(found.total - difference) <= 0.01 * abs(difference) + 1e-4
        assert np.abs(found.nodes).max() > 0
    for found in explainer.leave_one_out(part):
        known = np.isfinite(found.nodes)
        assert known.any() and np.abs(found.nodes[known]).max() > 0
    if MODELS[name]:
        for found in explainer.rollout(part):
            assert found.nodes.min() >= 0 and found.total == pytest.approx(1, rel=1e-3)
    else:
        with pytest.raises(ExplainError, match="attention"):
            explainer.rollout(part)


@pytest.mark.slow
def test_nodes_that_structures_add_are_no_nodes_of_the_graph(trained_run):
    config = trained_run.config.copy_and_resolve_references()
    with config.unlocked():
        config.structures.virtual_nodes = ConfigDict(dict(num_nodes=2))
    prepared = recipes.prepare(config)
    predictor = trained.invented(recipes.recipe(config, prepared))
    explainer = Explainer.of(predictor)
    (found,) = explainer.integrated_gradients("CCO", baseline="zero")
    assert len(found.nodes) == 3 and len(found.node_features) > 3
    assert found.nodes.sum() + found.rest == pytest.approx(found.total)
    assert abs(found.total - (found.prediction - found.baseline)) <= 0.01 * abs(found.prediction)
    (lost,) = explainer.leave_one_out("CCO")
    assert np.isfinite(lost.nodes).all() and len(lost.nodes) == 3
