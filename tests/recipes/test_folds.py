"""Folds of a recipe: their data, their scales, and their models as one predictor."""

import dataclasses

import jax
import numpy as np
import pytest

from configs import csv_molecules
from gtx import Predictor, recipes
from gtx.batching import plan
from gtx.data import DatasetError, smiles
from gtx.data.content import content
from gtx.recipes.folds import of_all
from gtx.recipes.together import together
from tests.trained import SMILES, shrink

pytest.importorskip("rdkit", reason="molecules need RDKit (extra: molecules)")
pytestmark = pytest.mark.usefixtures("quick_compilation")


def write(path):
    """Rings have values about 1000, chains about 0, so that the folds have other scales."""
    rng, rows = np.random.default_rng(0), ["smiles,y,flag,T,solvent"]
    for number, text in enumerate((*SMILES, *SMILES[:8])):
        y = rng.normal(1000, 200) if "1" in text else rng.normal()
        cell = "" if number % 7 == 3 else f"{y:.3f}"
        solvent = ("water", "DMSO", "hexane")[number % 3 if number < 40 else 0]
        rows.append(f"{text},{cell},{number % 2},{rng.uniform(280, 320):.2f},{solvent}")
    path.write_text("\n".join(rows) + "\n")


def config(path, **data):
    found = shrink(csv_molecules.get_config())
    found.batch.size, found.batch.num_tiers = 8, 1
    found.encodings.random_walk.walk_length = 3
    found.baseline = False
    found.data.path, found.data.target = str(path), "y"
    found.data.update({"folds": 3, "split": "scaffold", "valid_fraction": 0.1, **data})
    return found


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("folds") / "mine.csv"
    write(path)
    return path


@pytest.fixture(scope="module")
def each(path):
    """The folds of a recipe with every scale that there is."""
    fields = dict(columns="T,solvent", target="y,flag", kind="mixed", kinds="regression,binary")
    return recipes.prepare_folds(config(path, **fields))


def test_the_recipe_of_a_fold_prepares_what_all_folds_together_do(each):
    own, wanted = each[1]
    found = recipes.prepare(own)
    assert own.data.test_fold == 1 and of_all(own).to_dict() == of_all(each[0][0]).to_dict()
    assert found.dataset.spec == wanted.dataset.spec and found.scaler == wanted.scaler
    assert recipes.recipe(own, found) == recipes.recipe(own, wanted)
    np.testing.assert_array_equal(found.dataset.nodes["rwse"], wanted.dataset.nodes["rwse"])
    columns = [prepared.dataset.graphs["T"] for _, prepared in each]
    assert np.abs(columns[0] - columns[1]).max() > 1e-3


def test_every_row_is_tested_once_and_scales_are_those_of_train(each):
    splits = np.stack([prepared.dataset.targets.split for _, prepared in each])
    np.testing.assert_array_equal((splits == 2).sum(axis=0), 1)
    for _, prepared in each:
        graphs = prepared.dataset
        scaffolds = np.array(smiles.scaffolds(graphs.names.tolist()))
        for part in (0, 1, 2):
            inside = scaffolds[graphs.targets.split == part]
            assert not set(inside) & set(scaffolds[graphs.targets.split != part])
        labels = graphs.targets.labels[graphs.targets.split == 0, 0]
        label = graphs.spec.label.parts[0]
        assert label.mean[0] == pytest.approx(np.nanmean(labels), rel=1e-6)
        assert label.std[0] == pytest.approx(np.nanstd(labels), rel=1e-5)
        train = graphs.graphs["T"][graphs.targets.split == 0]
        np.testing.assert_allclose([train.mean(), train.std()], [0, 1], atol=1e-5)
    means = [prepared.dataset.spec.label.parts[0].mean[0] for _, prepared in each]
    assert max(means) > 300 > 100 > min(means)  # rings or chains
    one, two, _ = (prepared.scaler for _, prepared in each)
    assert one.names == two.names and one.center != two.center


def test_batches_of_all_folds_have_one_shape_and_fit(each):
    configs = [own for own, _ in each]
    parts = [prepared.dataset for _, prepared in each]
    budget = recipes.shared_budget(configs, parts)
    for own, graphs in zip(configs, parts, strict=True):
        train = graphs.part("train")
        assert budget.covers(graphs)
        rows = plan(train, budget, seed=0)
        assert len(rows) == -(-len(train) // 8)  # the bound of stratified batches holds
        source, task = recipes.fold_batches(own, graphs, budget, recipes.task(own, graphs.spec))
        assert source.constants.targets.labels.shape == (len(graphs), 2)
        labels = source.constants.targets.labels[source.places, 0]
        np.testing.assert_allclose([np.nanmean(labels), np.nanstd(labels)], [0, 1], atol=1e-4)
        assert task.label == graphs.spec.label


def stored(each):
    configs = [own for own, _ in each]
    parts = [prepared.dataset for _, prepared in each]
    budget = recipes.shared_budget(configs, parts, num_shards=1)
    return [recipes.read_recipe(recipes.recipe(own, made, budget)) for own, made in each]


@pytest.fixture(scope="module")
def predictors(each):
    """Predictors of single folds with invented parameters, and that of all."""
    found = stored(each)
    rng = np.random.default_rng(0)
    shapes = Predictor(found[0], variables={}).shapes()
    variables = [
        jax.tree.map(lambda leaf: rng.uniform(0.1, 0.8, leaf.shape).astype(leaf.dtype), shapes)
        for _ in found
    ]
    alone = [Predictor(recipe, own) for recipe, own in zip(found, variables, strict=True)]
    several = together(found)
    first, *others = variables
    return Predictor(several.reading, first, others=others, several=several), alone


def test_members_read_graphs_and_predict_on_their_own_scales(predictors):
    ensemble, alone = predictors
    columns = {"T": [290.0, 300.0, 310.0, None], "solvent": ["water", "DMSO", "hexane", "water"]}
    texts = ["CCO", "c1ccoc1", "CCCCC", "CCN"]  # of the sizes of training
    found, errors = ensemble.smiles_by_member(texts, columns=columns)
    assert errors == {3: "column 'T' is empty"} and ensemble.num_compilations == 1
    for member, single in enumerate(alone):
        expected, _ = single.smiles(texts, columns=columns)
        np.testing.assert_allclose(found[member], expected, rtol=1e-5, atol=1e-4)
    assert np.ptp(found[:, :3, 0], axis=0).min() > 10
    mean, _ = ensemble.smiles(texts, columns=columns)
    np.testing.assert_allclose(mean, found.mean(axis=0), rtol=1e-6)
    assert [each.config.data.test_fold for each in ensemble.each_recipe] == [0, 1, 2]
    assert "test_fold" not in ensemble.recipe.config.data


def test_edge_sets_are_made_once_for_all_folds(path):
    own = config(path, columns="T")
    own.structures = {"virtual_nodes": {}, "k_hop": {"hops": 2}, "expander": {}}
    found = recipes.prepare_folds(own)
    wanted = recipes.prepare(found[1][0]).dataset
    several = together(stored(found))
    predictor = Predictor(several.reading, {}, others=[{}, {}], several=several)
    raw, _ = predictor.molecules([wanted.names[0]], columns={"T": [300.0]})
    views = list(several.views(predictor.dataset(raw)))
    alone = wanted.select([0])
    for graphs, expected in ((found[1][1].dataset, wanted), (views[1], alone)):
        assert content(graphs)["nodes.rwse"] == content(expected)["nodes.rwse"]
        for name in ("virtual", "k_hop", "expander"):
            key = f"edge_sets.{name}"
            assert content(graphs)[key] == content(expected)[key]
    for name in ("k_hop", "expander"):
        for graphs in ([made.dataset for _, made in found], views):
            assert len({id(each.edge_sets[name]) for each in graphs}) == 1


def test_graphs_that_are_on_a_scale_already_are_refused(predictors, each):
    ensemble, _ = predictors
    with pytest.raises(DatasetError, match="descriptors|standardised by other means"):
        ensemble(each[0][1].dataset.part("test"))


def test_recipes_that_differ_in_more_than_scales_are_none_of_an_ensemble(each):
    first, second, _ = stored(each)
    other = dataclasses.replace(second, config=second.config.copy_and_resolve_references())
    other.config.model.num_heads = 1
    with pytest.raises(DatasetError, match=r"config.model.num_heads: 2 -> 1"):
        together([first, other])
    scaler = second.scaler.only(second.scaler.names[1:])
    with pytest.raises(DatasetError, match="members 0 and 1 differ in more than scales"):
        together([first, dataclasses.replace(second, scaler=scaler)])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"data.folds": 1}, "1 is not a number of folds from 2 to 100"),
        ({"data.folds": 101}, "not a number of folds"),
        ({"data.folds": -1}, "data.folds: -1"),
        ({"data.split": "column"}, "'column' reads the parts of a column. Give --config.data.spl"),
        ({"data.split": "given", "data.test_path": "t.csv"}, "'given' says itself which part is"),
        ({"data.num_train": 9}, "data.num_train"),
        ({"training.seeds": (0, 1)}, '3 folds are 3 models already.*seeds="\\(\\)"'),
        ({"task.masked": 0.1}, "config.task.masked asks for other targets. Give 0"),
        ({"data.test_fold": 3}, "no fold 3 among 3"),
        ({"data.folds": 0, "data.test_fold": 0}, "there are no folds"),
    ],
)
def test_folds_that_do_not_go_with_the_recipe_are_refused(fields, message, path):
    found = config(path)
    for name, value in fields.items():
        inner = found
        *groups, last = name.split(".")
        for group in groups:
            inner = inner[group]
        inner[last] = value
    with pytest.raises(recipes.ConfigError, match=message):
        recipes.check(found)


def test_a_fold_that_cannot_be_trained_on_is_named(tmp_path):
    path = tmp_path / "few.csv"
    rows = [f"{text},{1.0 if '1' in text else ''}" for text in SMILES]
    path.write_text("\n".join(["smiles,y", *rows]) + "\n")
    with pytest.raises(DatasetError, match=r"fold [01]: .*(no label|label)"):
        recipes.prepare_folds(config(path))
