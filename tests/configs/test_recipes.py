"""Every config builds, trains an epoch, and documents itself."""

import importlib
import pathlib

import pytest

from gtx import build, training
from tests.configs.recipes import RECIPES

CONFIGS = pathlib.Path(__file__).parents[2] / "configs"


def test_every_recipe_is_listed_here():
    files = {path.stem for path in CONFIGS.glob("*.py")} - {"__init__", "base"}
    assert files == set(RECIPES)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_says_how_to_run_it(name):
    doc = importlib.import_module(f"configs.{name}").__doc__
    assert f"python -m experiments.train --config=configs/{name}.py" in doc


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_trains_and_scores(name, tmp_path):
    pytest.importorskip("rdkit", reason="recipes of molecules need the extra `molecules`")
    config = RECIPES[name](tmp_path)
    graphs = build.prepare(config).dataset
    budget = build.budget(config, graphs)
    model, task = build.model(config, graphs.spec), build.task(config, graphs.spec)
    result = training.fit(
        model,
        task,
        graphs.part("train"),
        graphs.part("valid"),
        optimizer=build.optimizer(config, steps_per_epoch=3),
        num_epochs=1,
        workdir=tmp_path / "run",
        budget=budget,
    )
    assert result.history[0]["step"] == -(-len(graphs.part("train")) // config.batch.size)
    assert result.history[0]["valid"][task.main_metric] is not None
    assert result.num_compilations == {"train": 1, "evaluate": 1}
