"""The command that trains several seeds at once: scores of each, and over all of them."""

import csv
import json
import math
import pathlib
import shutil

import numpy as np
import pytest

from configs import smoke
from gtx import Predictor, recipes
from gtx.cli import calibration, per_seed
from gtx.training import CheckpointError, FitResult, ReplicaResult, TrainState
from gtx.uncertainty import Calibration
from tests.cli import commands
from tests.report.pages import Page

SEEDS = (0, 4)
SMALL = (
    "--config=configs/smoke.py",
    "--config.data.num_graphs=12",
    "--config.data.min_size=1",
    "--config.data.max_size=3",
    "--config.batch.size=4",
    "--config.batch.num_tiers=1",
    "--config.encodings.laplacian.num_vectors=2",
    "--config.model.dim=8",
    "--config.model.num_layers=1",
    "--config.model.num_heads=2",
    "--config.model.encoding_dim=3",
    "--config.training.num_epochs=2",
)


def train(workdir, seeds=SEEDS):
    flag = f"--config.training.seeds={seeds}"
    return commands.run("train", *SMALL, flag, f"--workdir={workdir}")


@pytest.fixture(scope="module")
def finished(tmp_path_factory, quick_compilation):
    workdir = tmp_path_factory.mktemp("seeds") / "run"
    assert train(workdir) == 0
    return workdir


def read(workdir):
    return json.loads((workdir / "metrics.json").read_text())


def test_scores_are_those_of_each_seed_with_their_mean_and_deviation(finished):
    metrics = read(finished)
    assert metrics["compilations"] == {"train": 1, "evaluate": 1}
    assert list(metrics["seeds"]) == ["0", "4"] and "seed" not in metrics
    for part in ("train", "valid", "test"):
        for metric, mean in metrics[part].items():
            scores = [each[part][metric] for each in metrics["seeds"].values()]
            if None in scores:  # precision of a class that a seed never predicts
                assert mean is None
                continue
            assert mean == pytest.approx(np.mean(scores))
            deviation = metrics["deviations"][part][metric]
            assert deviation == pytest.approx(abs(scores[0] - scores[1]) / math.sqrt(2))
    hashes = {each["params_sha256"] for each in metrics["seeds"].values()}
    assert len(hashes) == len(SEEDS)
    for each in metrics["seeds"].values():
        assert each["diverged"] is None and each["epochs"] == 2 and each["steps"] > 0


def test_the_folder_of_a_seed_is_that_of_a_run(finished, capsys):
    metrics = read(finished)
    for seed in SEEDS:
        folder = finished / f"seed_{seed}"
        assert (folder / "learning_curve.png").stat().st_size > 5000
        assert commands.run("evaluate", f"--workdir={folder}", f"--json={folder / 'new'}") == 0
        scores = json.loads((folder / "new").read_text())["test"]
        for metric, value in metrics["seeds"][str(seed)]["test"].items():
            same = scores[metric] is value is None
            assert same or scores[metric] == pytest.approx(value, rel=1e-5)
        with (folder / "predictions.csv").open() as file:
            rows = list(csv.DictReader(file))
        right = [row["class_measured"] == row["class_predicted"] for row in rows]
        assert np.mean(right) == pytest.approx(metrics["seeds"][str(seed)]["test"]["accuracy"])
        params = Predictor.load(folder).variables["params"]
        assert per_seed.params_sha256(params) == metrics["seeds"][str(seed)]["params_sha256"]


def test_the_folder_of_the_run_is_an_ensemble(finished, capsys):
    ensemble = Predictor.load(finished)
    members = [Predictor.load(finished / f"seed_{seed}") for seed in SEEDS]
    graphs = recipes.load(ensemble.recipe.config).dataset
    each = ensemble.by_member(graphs)
    np.testing.assert_array_equal(each, [member(graphs) for member in members])
    assert np.abs(each[0] - each[1]).max() > 1e-3
    np.testing.assert_allclose(ensemble(graphs), each.mean(axis=0), rtol=1e-6)
    assert ensemble.num_compilations <= members[0].num_compilations
    with pytest.raises(ValueError, match="an ensemble of 2 members"):
        ensemble.variables  # noqa: B018


def test_the_ensemble_is_scored_beside_its_members(finished, capsys):
    metrics = read(finished)
    path = finished / "ensemble_scores"
    assert commands.run("evaluate", f"--workdir={finished}", f"--json={path}") == 0
    assert "Scores of the ensemble" in capsys.readouterr().out
    scores = json.loads(path.read_text())
    for metric, value in metrics["test"].items():
        for found, wanted in (
            (scores["test"], metrics["ensemble"]["test"]),
            (scores["members"]["test"], metrics["test"]),
            (scores["deviations"]["test"], metrics["deviations"]["test"]),
        ):
            if value is not None and wanted[metric] is not None:
                assert found[metric] == pytest.approx(wanted[metric], rel=1e-5, abs=1e-6)
    with (finished / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    right = [row["class_measured"] == row["class_predicted"] for row in rows]
    assert np.mean(right) == pytest.approx(metrics["ensemble"]["test"]["accuracy"])
    assert all(float(row["class_disagreement"]) >= 0 for row in rows)
    stds = [name for name in rows[0] if name.endswith("_std")]
    assert len(stds) == len([name for name in rows[0] if name.endswith("_probability")]) > 1


def test_the_page_has_the_scores_of_each_seed_and_of_the_ensemble(finished):
    found = Page((finished / "report.html").read_text()).scores
    metrics = read(finished)
    for part in ("train", "valid", "test"):
        for key, value in metrics[part].items():
            assert found[f"{part}/{key}"] == value
        for seed, each in metrics["seeds"].items():
            assert (
                found[f"seed {seed}/{part}/{metrics['main_metric']}"]
                == (each[part][metrics["main_metric"]])
            )
    assert found["ensemble/test/accuracy"] == metrics["ensemble"]["test"]["accuracy"]


def test_the_run_keeps_what_its_validation_part_says(finished):
    ensemble = Predictor.load(finished)
    kept = Calibration.load(finished)
    assert kept.model == calibration.digest(ensemble.members)
    (target,) = kept.targets
    graphs = recipes.prepare(ensemble.recipe.config).dataset
    valid = graphs.part("valid")
    said, labels = ensemble(valid), valid.targets.labels
    scores = 1 - said[np.arange(len(labels)), labels]
    np.testing.assert_allclose(target.scores, np.sort(scores), rtol=1e-4, atol=1e-5)
    sets = ensemble.by_member(graphs.part("test"))
    right = graphs.part("test").targets.labels
    found = target.classes(sets, 0.9)
    assert found[np.arange(len(right)), right].mean() > 0.6  # nine in ten of graphs like these


def test_members_are_those_that_training_named(finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    path = folder / "members.json"
    assert json.loads(path.read_text()) == {"seeds": [0, 4]}
    path.write_text('{"seeds": [4]}')  # seed 0 diverged
    alone = Predictor.load(folder)
    assert (
        per_seed.params_sha256(alone.variables["params"])
        == (read(folder)["seeds"]["4"]["params_sha256"])
    )
    path.write_text('{"seeds": [4, 7]}')
    with pytest.raises(CheckpointError, match=r"lacks .*seed_7\. Restore"):
        Predictor.load(folder)
    path.unlink()  # as in a run that is not finished
    assert len(Predictor.load(folder).members) == 2
    path.write_text("{}")
    with pytest.raises(CheckpointError, match=r"members\.json cannot be read"):
        Predictor.load(folder)


def test_the_command_shows_each_seed_and_goes_on_with_the_same_ones(finished, capsys):
    before = read(finished)
    lines = (finished / "metrics.jsonl").read_bytes()
    assert train(finished) == 0
    out, err = capsys.readouterr()
    assert f"{before['parameters']:,} parameters; " in err  # of one seed
    metric = before["main_metric"]
    for each in before["seeds"].values():
        assert f"{each['test'][metric]:.4f}" in out
    assert f"{before['test'][metric]:.4f} ± {before['deviations']['test'][metric]:.4f}" in out
    assert f"--workdir={finished} --split=test" in out
    after = read(finished)
    assert after["seeds"] == before["seeds"] and after["test"] == before["test"]
    assert (finished / "metrics.jsonl").read_bytes() == lines
    assert train(finished, (0, 5)) == 2
    assert "config.training.seeds: [0, 4] -> [0, 5]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seeds", "message"),
    [
        ("1", "(1,) is not a number of seeds from 2 to 100"),
        ("(123,)", "(123,) is not a number of seeds"),
        ("(1, 1)", "names a seed twice"),
        ("(0, -1)", "is not allowed"),
        ("(0, 0.5)", "is not allowed"),
    ],
)
def test_seeds_that_make_no_sense_are_refused(seeds, message, tmp_path, capsys):
    assert train(tmp_path / "run", seeds) == 2
    error = capsys.readouterr().err
    assert "config.training.seeds" in error and message in error


def test_a_number_of_seeds_counts_from_the_seed_of_the_recipe():
    config = smoke.get_config()
    config.training.seeds = (3,)
    assert recipes.seeds(config) == (0, 1, 2)
    config.seed = 7
    assert recipes.seeds(config) == (7, 8, 9)


def ended(*replicas):
    return FitResult(replicas, resumed_from=0, num_compilations={}, compile_seconds={})


def replica(seed, diverged=None):
    params = {"w": np.float32(seed)}
    return ReplicaResult(
        seed=seed,
        state=TrainState(np.int32(7), params, {}, ()),
        variables={"params": params, "batch_stats": {}},
        history=[{}],
        best_score=0.1 * seed,
        best_epoch=1,
        stopped=diverged,
        diverged=diverged,
        workdir=pathlib.Path("run"),
    )


def test_a_diverged_seed_is_named_and_has_no_score(capsys):
    bad = replica(3, "seed 3: the loss is not finite at step 7.")
    result = ended(replica(1), replica(2), bad)
    scores = {seed: {"test": {"mae": 0.25 * seed}} for seed in (1, 2)}
    figures = per_seed.figures(result, scores)
    assert math.isnan(figures["test"]["mae"]) and math.isnan(figures["deviations"]["test"]["mae"])
    assert figures["seeds"][2]["test"] == {"mae": 0.5} and "test" not in figures["seeds"][3]
    assert figures["seeds"][3]["diverged"].startswith("seed 3: the loss")
    per_seed.print_scores(result, scores, None, "mae")
    printed = capsys.readouterr()
    assert "0.2500" in printed.out and "0.5000" in printed.out
    assert (
        "seed 3: the loss is not finite" in printed.err and "without a score: seed 3" in printed.err
    )


def test_the_best_seed_is_that_of_the_best_validation_score():
    result = ended(replica(3), replica(1), replica(0, "diverged"))
    assert per_seed.best(result, "min").seed == 1
    assert per_seed.best(result, "max").seed == 3
