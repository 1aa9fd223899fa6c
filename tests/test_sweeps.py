import dataclasses
import json
import os
import pathlib
import signal
import sys
import threading
import time

import numpy as np
import pytest
from ml_collections import ConfigDict

from gtx import sweeps
from gtx.recipes import files
from gtx.training.signals import Interrupted, StopAtOnce

# A stand-in for training: the score is (x - 3)^2, and x = 13 fails.
TRIAL = """
import json, pathlib, sys
x, folder = float(sys.argv[1]), pathlib.Path(sys.argv[2])
if x == 13:
    sys.exit("out of luck")
score = (x - 3) ** 2
metrics = {"main_metric": "mae", "mode": "min", "valid": {"mae": score}}
(folder / "metrics.json").write_text(json.dumps(metrics))
"""


def command(overrides, folder):
    return [sys.executable, "-c", TRIAL, str(overrides["x"]), str(folder)]


def test_a_grid_is_every_combination_in_order():
    trials = sweeps.grid({"a": [1, 2], "b": ["x", "y"]})
    assert trials == [
        {"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}, {"a": 2, "b": "y"},
    ]  # fmt: skip


def test_an_interrupted_sweep_ends_its_trial_and_starts_no_other(tmp_path):
    def sleeps(overrides, folder):
        write = f"import pathlib; pathlib.Path({str(folder)!r}, 'began').write_text('')"
        return [sys.executable, "-c", f"{write}; import time; time.sleep(60)"]

    def interrupt():
        while not list(tmp_path.glob("*/began")):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    start = time.monotonic()
    with pytest.raises(Interrupted), StopAtOnce():
        threading.Thread(target=interrupt, daemon=True).start()
        sweeps.run(sweeps.grid({"x": [1, 2, 3]}), tmp_path, sleeps)
    assert time.monotonic() - start < 30
    assert len(list(tmp_path.iterdir())) == 1


def test_an_empty_field_of_a_grid_is_refused():
    with pytest.raises(sweeps.SweepError, match="b has no values"):
        sweeps.grid({"a": [1], "b": []})


def test_random_search_draws_inside_its_limits_and_grows_without_changing():
    fields = {"rate": sweeps.Uniform(1e-4, 1e-2, log=True), "depth": [2, 4, 8]}
    trials = sweeps.sample(fields, 200, seed=1)
    assert trials[:50] == sweeps.sample(fields, 50, seed=1)
    assert trials != sweeps.sample(fields, 200, seed=2)
    assert all(1e-4 <= trial["rate"] <= 1e-2 for trial in trials)
    assert {trial["depth"] for trial in trials} == {2, 4, 8}
    below = sum(trial["rate"] < 1e-3 for trial in trials)
    assert 70 < below < 130  # half of the draws lie below the geometric mean


def test_trials_are_ranked_and_a_failed_one_is_recorded(tmp_path):
    trials = sweeps.grid({"x": [13, 5, 3, 4]})
    ended = sweeps.run(trials, tmp_path, command, workers=2)
    assert [trial.overrides["x"] for trial in ended] == [3, 4, 5, 13]
    assert [trial.status for trial in ended] == ["done", "done", "done", "failed"]
    assert "out of luck" in ended[-1].reason
    assert "out of luck" in (ended[-1].folder / "failed.txt").read_text()


def test_a_sweep_goes_on_where_it_stopped(tmp_path):
    first = sweeps.run([{"x": 4}], tmp_path, command)
    marker = first[0].folder / "metrics.json"
    metrics = json.loads(marker.read_text())
    metrics["valid"]["mae"] = 0.5  # would be overwritten if the trial ran again
    marker.write_text(json.dumps(metrics))
    ended = sweeps.run(sweeps.grid({"x": [3, 4]}), tmp_path, command)
    assert {trial.overrides["x"]: trial.score for trial in ended} == {3: 0.0, 4: 0.5}


def test_where_larger_is_better_the_largest_comes_first(tmp_path):
    trials = [
        sweeps.Trial({}, tmp_path, "done", {"main_metric": "r2", "mode": "max", "valid": {"r2": r}})
        for r in (0.1, None, 0.9)
    ]
    assert [trial.metrics["valid"]["r2"] for trial in sweeps.ranked(trials)] == [0.9, 0.1, None]


def test_the_best_config_is_the_recipe_with_the_overrides(tmp_path):
    metrics = {"main_metric": "mae", "mode": "min", "valid": {"mae": 0.25}}
    best = sweeps.Trial(
        {"model.num_layers": 3, "optimizer.learning_rate": 1e-4}, tmp_path, "done", metrics
    )
    group = sweeps.Group(best.overrides, (best,))
    source = sweeps.best_config_source("configs/zinc_gps.py", group)
    scope: dict = {}
    exec(compile(source, "best.py", "exec"), scope)
    config = scope["get_config"]()
    assert config.model.num_layers == 3
    assert config.optimizer.learning_rate == 1e-4
    assert config.data.name == "zinc"


def test_a_sweep_works_from_another_folder_and_so_does_its_best_config(tmp_path, monkeypatch):
    package = tmp_path / "clone" / "their_configs"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "small.py").write_text(
        "from configs import smoke\n\n\ndef get_config():\n    return smoke.get_config()\n"
    )
    (package / "many.py").write_text(
        "RECIPE = 'their_configs/small.py'\n\n\ndef get_sweep():\n    return [{'seed': 4}]\n"
    )
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.syspath_prepend(tmp_path)  # which gives the path back as it was
    recipe, trials = sweeps.load(package / "many.py")
    assert recipe == str(package / "small.py") and trials == [{"seed": 4}]
    metrics = {"main_metric": "mae", "mode": "min", "valid": {"mae": 0.25}}
    best = sweeps.Group(trials[0], (sweeps.Trial(trials[0], tmp_path, "done", metrics),))
    source = sweeps.best_config_source(recipe, best)
    (tmp_path / "elsewhere" / "best.py").write_text(source)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p != str(package.parent)])
    assert files.recipe("best.py").seed == 4


SHIPPED = {
    "csl": ("csl_gps", 15),
    "solubility": ("solubility_gps", 12),
    "solubility_settings": ("solubility_gps", 9),
    "zinc_encodings": ("zinc_encodings", 15),
}


def test_every_shipped_sweep_is_tested():
    folder = pathlib.Path(__file__).parents[1] / "configs" / "sweeps"
    assert sorted(path.stem for path in folder.glob("[!_]*.py")) == sorted(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_sweep_fits_its_recipe(name):
    recipe, count = SHIPPED[name]
    found, trials = sweeps.load(f"configs/sweeps/{name}.py")
    assert found == f"configs/{recipe}.py"
    assert len(trials) == count


def test_trials_that_differ_in_seed_or_fold_are_one_experiment(tmp_path):
    def trial(overrides, score, status="done"):
        metrics = {"main_metric": "mae", "mode": "min", "valid": {"mae": score}}
        return sweeps.Trial(overrides, tmp_path, status, metrics if status == "done" else {})

    groups = sweeps.grouped(
        [
            trial({"x": 1, "seed": 0}, 1.0),
            trial({"x": 2, "seed": 0}, 5.0),
            trial({"x": 1, "seed": 1}, 2.0),
            trial({"x": 1, "seed": 2}, 6.0),
            trial({"x": 2, "seed": 1}, None, "failed"),
        ]
    )
    assert [(group.overrides, len(group.trials)) for group in groups] == [
        ({"x": 1}, 3),
        ({"x": 2}, 1),
    ]
    assert groups[0].summary("valid") == (3.0, pytest.approx(np.sqrt(7.0)))
    mean, deviation = groups[1].summary("valid")
    assert mean == 5.0 and np.isnan(deviation)


def test_an_unknown_field_is_refused_with_the_nearest():
    config = ConfigDict({"model": {"num_layers": 3}})
    with pytest.raises(sweeps.SweepError, match="num_layer"):
        sweeps.check(config, {"model.num_layer": 4})
    with pytest.raises(sweeps.SweepError, match="num_layers"):
        sweeps.check(config, {"model.num_layers": "many"})


@pytest.mark.parametrize(("mode", "wanted"), [("min", 2), ("max", 3)])
def test_the_best_is_so_on_average_and_no_lucky_seed(mode, wanted, tmp_path):
    scores = {(1, 0): 0.0, (1, 1): 10.0, (2, 0): 4.0, (2, 1): 4.0, (3, 0): 9.0, (3, 1): 5.0}
    trials = [
        sweeps.Trial(
            {"x": (x, 0), "data.split_seed": seed}, tmp_path, "done",
            {"main_metric": "mae", "mode": mode, "valid": {"mae": score}},
        )
        for (x, seed), score in scores.items()
    ]  # fmt: skip
    best = sweeps.best(sweeps.ranked(trials))
    assert best.overrides == {"x": (wanted, 0)}
    assert "the mean of 2 runs" in sweeps.best_config_source("configs/zinc_gps.py", best)
    without = [
        dataclasses.replace(trial, metrics={**trial.metrics, "valid": {"mae": None}})
        for trial in trials
    ]
    assert sweeps.best(without) is None


def test_numbers_of_numpy_are_pythons_own_in_a_recipe():
    rates = list(np.logspace(-4, -2, 3))
    for trials in (sweeps.grid({"rate": rates}), sweeps.sample({"rate": rates}, 2)):
        assert all(type(trial["rate"]) is float for trial in trials)


def test_finished_trials_of_another_recipe_are_refused(tmp_path, monkeypatch):
    recipe, trial = "configs/smoke.py", {"model.dim": 8}
    config = files.recipe(recipe)
    folder = tmp_path / sweeps.trial_name(trial)
    folder.mkdir()
    then = json.loads(json.dumps(sweeps.check(config, trial).to_dict()))
    del then["optimizer"]["clip_norm"]  # a field of which gtx knew nothing then

    def finished(then):
        (folder / "metrics.json").write_text(json.dumps({"config": then}))
        sweeps.check_finished(recipe, [trial, {"model.dim": 16}], tmp_path)

    finished(then)
    then["training"]["num_epochs"] += 1
    with pytest.raises(sweeps.SweepError, match=r"another recipe: config\.training\.num_epochs: "):
        finished(then)
