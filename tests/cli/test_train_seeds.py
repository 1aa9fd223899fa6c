"""The command that trains several seeds at once: scores of each, and over all of them."""

import csv
import json
import math
import pathlib

import numpy as np
import pytest

from gtx import Predictor
from gtx.cli import per_seed
from gtx.training import FitResult, ReplicaResult, TrainState
from tests.cli import commands

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
    assert not (finished / "predictions.csv").exists()


def test_the_folder_of_the_run_says_which_folders_to_give(finished, capsys):
    for name in ("evaluate", "predict"):
        more = () if name == "evaluate" else ("--smiles=CCO",)
        assert commands.run(name, f"--workdir={finished}", *more) == 2
        error = capsys.readouterr().err
        assert error.startswith("error: ") and "has several seeds" in error
        assert str(finished / "seed_0") in error and str(finished / "seed_4") in error


def test_the_command_shows_each_seed_and_goes_on_with_the_same_ones(finished, capsys):
    before = read(finished)
    lines = (finished / "metrics.jsonl").read_bytes()
    assert train(finished) == 0
    out = capsys.readouterr().out
    metric = before["main_metric"]
    for each in before["seeds"].values():
        assert f"{each['test'][metric]:.4f}" in out
    assert f"{before['test'][metric]:.4f} ± {before['deviations']['test'][metric]:.4f}" in out
    scores = [before["seeds"][str(seed)]["valid"][metric] for seed in SEEDS]
    best = SEEDS[int(np.argmax(scores) if before["mode"] == "max" else np.argmin(scores))]
    assert f"--workdir={finished / f'seed_{best}'} --split=test" in out
    after = read(finished)
    assert after["seeds"] == before["seeds"] and after["test"] == before["test"]
    assert (finished / "metrics.jsonl").read_bytes() == lines
    assert train(finished, (0, 5)) == 2
    assert "config.training.seeds: [0, 4] -> [0, 5]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seeds", "message"),
    [
        ("3", "(3,) is a single seed"),
        ("(1, 1)", "names a seed twice"),
        ("(0, -1)", "is not allowed"),
        ("(0, 0.5)", "is not allowed"),
    ],
)
def test_seeds_that_make_no_sense_are_refused(seeds, message, tmp_path, capsys):
    assert train(tmp_path / "run", seeds) == 2
    error = capsys.readouterr().err
    assert "config.training.seeds" in error and message in error


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
