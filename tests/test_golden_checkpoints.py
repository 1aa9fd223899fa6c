"""Checkpoints of every version and format that ever was are read, and predict what they did."""

import dataclasses
import json
import pathlib
import shutil
import warnings

import jax
import numpy as np
import pytest

from gtx import Predictor, recipes
from gtx.batching import Streamed, evaluation_plan
from gtx.data import packed
from gtx.recipes.older import LATER_FIELDS
from gtx.training import CheckpointError, Checkpoints, CheckpointWarning
from gtx.training import checkpoint as module
from gtx.training.manifest import write_directory
from gtx.training.progress import Progress
from gtx.training.state import init_state
from gtx.training.step import blank_batch

ARCHIVES = sorted(pathlib.Path(__file__).with_name("golden_checkpoints").glob("*.zip"))
pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.fixture(params=ARCHIVES, ids=lambda path: path.stem)
def workdir(request, tmp_path):
    shutil.unpack_archive(request.param, tmp_path)
    return tmp_path


@pytest.fixture
def latest(tmp_path):
    shutil.unpack_archive(ARCHIVES[-1], tmp_path)
    return tmp_path


def load(workdir) -> Predictor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CheckpointWarning)  # that another version wrote it
        return Predictor.load(workdir)


def test_a_golden_checkpoint_predicts_what_it_did(workdir):
    graphs = packed.load(workdir / "graphs.npz")
    expected = np.load(workdir / "predictions.npy", allow_pickle=False)
    np.testing.assert_allclose(load(workdir)(graphs), expected, atol=1e-5)


def test_the_state_of_a_golden_checkpoint_is_taken_up(workdir):
    predictor = load(workdir)
    recipe = predictor.recipe
    graphs = packed.load(workdir / "graphs.npz")
    encoded = dataclasses.replace(
        predictor.dataset(graphs), targets=graphs.targets, spec=recipe.spec
    )
    rows = evaluation_plan(encoded, recipe.budget)
    batch = blank_batch(Streamed(encoded, recipe.budget), None, rows)
    optimizer = recipes.optimizer(recipe.config, 3)
    template = jax.eval_shape(lambda: init_state(predictor.model, optimizer, batch, 0))
    restored = Checkpoints(workdir).restore(template)
    assert int(restored.arrays.step) == 6
    progress = Progress.from_json(restored.field("progress"))
    assert (progress.epoch, progress.position, len(progress.history)) == (2, 0, 2)
    assert restored.field("identity")["batch_size"] == 4 and restored.field("environment")


def rewritten(workdir, change, name="best", file="recipe.json"):
    """The checkpoint with another recipe or other host data, as if it had been saved with them."""
    path = workdir / "checkpoints" / name
    before = path.rename(workdir / "before")

    def write(folder):
        shutil.copytree(before, folder, dirs_exist_ok=True)
        (folder / "manifest.json").unlink()
        data = json.loads((folder / file).read_text())
        (folder / file).write_text(json.dumps(change(data)))

    write_directory(path, write)


def without(data, path):
    *parents, name = path.split(".")
    inner = data
    for parent in parents:
        inner = inner[parent]
    inner.pop(name, None)  # which it may be too old to have
    return data


def test_fields_that_configs_got_later_have_what_was_so_before(latest):
    data = module.read(latest / "checkpoints" / "best").recipe
    expected = recipes.read_recipe(data)
    old = json.loads(json.dumps(data))
    for path in LATER_FIELDS:
        without(old["config"], path)
    found = recipes.read_recipe(old)
    assert found.config.to_dict() == expected.config.to_dict()
    assert found.spec == expected.spec and "structures" not in old["config"]
    graphs = packed.load(latest / "graphs.npz")
    rewritten(latest, lambda _: old)
    expected = np.load(latest / "predictions.npy", allow_pickle=False)
    np.testing.assert_allclose(load(latest)(graphs), expected, atol=1e-5)


@pytest.mark.parametrize("stratified", [True, False])
def test_the_config_says_what_plan_the_budget_of_an_older_recipe_is_for(latest, stratified):
    data = json.loads(json.dumps(module.read(latest / "checkpoints" / "best").recipe))
    assert "stratified" not in data["budget"]
    data["config"]["batch"]["stratified"] = stratified
    assert recipes.read_recipe(data).budget.stratified == stratified


RECIPES = {
    "no spec": (lambda data: without(data, "spec"), r"recipe lacks \['spec'\]"),
    "no scaler": (lambda data: without(data, "scaler"), r"recipe lacks \['scaler'\]"),
    "no config": (lambda data: without(data, "config"), r"recipe lacks \['config'\]"),
    "no part of the config": (lambda data: without(data, "config.data"), "KeyError.*data"),
    "no width": (lambda data: without(data, "config.model.dim"), "cannot be loaded"),
    "no dim of a column": (lambda data: without(data, "spec.nodes.rwse.dim"), "rwse lacks"),
    "no budget": (lambda data: without(data, "budget.tiers"), "tiers"),
    "a later field": (lambda data: {**data, "plugin": "x"}, r"unknown fields \['plugin'\].*later"),
    "config as list": (lambda data: {**data, "config": []}, "recipe"),
    "spec as text": (lambda data: {**data, "spec": "x"}, "spec is 'x'"),
    "width as text": (
        lambda data: {**data, "config": {**data["config"], "model": {"dim": "x"}}},
        "cannot be loaded",
    ),
    "a list": (lambda data: [data], "holds list instead of a dict"),
}


@pytest.mark.parametrize("case", RECIPES)
def test_a_recipe_of_another_format_is_refused_by_the_name_of_its_field(latest, case):
    change, message = RECIPES[case]
    rewritten(latest, change)
    with pytest.raises(CheckpointError, match=message):
        load(latest)


def test_a_checkpoint_that_lacks_host_data_or_has_more_says_so(latest):
    path = latest / "checkpoints" / "step_00000006"
    for field in ("identity", "environment", "progress"):
        rewritten(latest, lambda data, field=field: without(data, field), path.name, "host.json")
        with pytest.raises(CheckpointError, match=rf"has no '{field}' among its host data"):
            module.read(path).field(field)
        shutil.rmtree(path)
        (latest / "before").rename(path)
    rewritten(latest, lambda data: {**data, "later": 1}, path.name, "host.json")
    assert module.read(path).field("later") == 1
