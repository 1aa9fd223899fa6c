"""The command that trains folds: scores, predictions for every row, an ensemble, and resuming."""

import csv
import json
import os
import shutil
import signal

import numpy as np
import pytest

from configs import csv_molecules
from gtx import Predictor, recipes
from gtx.cli import calibration, per_fold
from gtx.training import CheckpointWarning, JsonLines
from gtx.uncertainty import Calibration
from tests.cli import commands
from tests.recipes.test_folds import write
from tests.report.pages import Page

pytest.importorskip("rdkit", reason="molecules need RDKit (extra: molecules)")
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quick_compilation")]

FOLDS = range(3)
SMALL = (
    "--config=configs/csv_molecules.py",
    "--config.data.target=y",
    "--config.data.folds=3",
    "--config.data.split=random",
    "--config.data.valid_fraction=0.2",
    "--config.encodings_used=none",
    "--config.model.dim=8",
    "--config.model.num_layers=1",
    "--config.model.num_heads=2",
    "--config.batch.size=8",
    "--config.batch.num_tiers=1",
    "--config.optimizer.ema_decay=0.0",
    "--config.optimizer.warmup_epochs=1.0",
    "--config.training.num_epochs=4",
    "--config.training.checkpoint_every=2",
)


def train(folder, *more):
    file = f"--config.data.path={folder / 'mine.csv'}"
    return commands.run("train", *SMALL, file, f"--workdir={folder / 'run'}", *more)


@pytest.fixture(scope="module")
def run(tmp_path_factory, quick_compilation):
    folder = tmp_path_factory.mktemp("folds")
    write(folder / "mine.csv")
    assert train(folder) == 0
    return folder / "run"


def read(folder, name="metrics.json"):
    return json.loads((folder / name).read_text())


def rows_of(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def test_scores_are_means_over_folds_and_one_program_trains_them_all(run):
    metrics = read(run)
    assert metrics["compilations"] == {"train": 1, "evaluate": 1}
    assert list(metrics["folds"]) == ["0", "1", "2"]
    for part in ("train", "valid", "test"):
        for metric, mean in metrics[part].items():
            scores = [each[part][metric] for each in metrics["folds"].values()]
            assert mean == pytest.approx(np.mean(scores))
            assert metrics["deviations"][part][metric] == pytest.approx(np.std(scores, ddof=1))
    for number, each in metrics["folds"].items():
        own = read(run / f"fold_{number}")
        assert own["test"] == each["test"] and own["params_sha256"] == each["params_sha256"]
        assert own["config"]["data"]["test_fold"] == int(number)
    assert "test_fold" not in metrics["config"]["data"]


def test_every_row_is_predicted_by_the_model_that_did_not_see_it(run):
    rows = rows_of(run / "predictions.csv")
    assert [int(row["id"]) for row in rows] == list(range(len(rows)))
    fold = np.array([int(row["fold"]) for row in rows])
    measured, said = (
        np.array([float(row[f"y_{name}"] or "nan") for row in rows])
        for name in ("measured", "predicted")
    )
    for number in FOLDS:
        predictor = Predictor.load(run / f"fold_{number}")
        own = [row["name"] for row in rows if row["fold"] == str(number)]
        np.testing.assert_allclose(said[fold == number], predictor(own)[:, 0], rtol=1e-4, atol=1e-3)
        seen = recipes.prepare(predictor.recipe.config).dataset
        inside = seen.part("train").names.tolist() + seen.part("valid").names.tolist()
        assert not set(own) & set(inside)
    error = (said - measured)[~np.isnan(measured)]
    together = read(run)["out_of_fold"]["test"]
    assert together["rmse"] == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-5)
    assert together["mae"] == pytest.approx(np.abs(error).mean(), rel=1e-5)


def test_the_folder_is_an_ensemble_whose_members_have_scales_of_their_own(run):
    texts = ["CCO", "Cc1ccccc1", "OCCCN"]
    ensemble, alone = Predictor.load(run), [Predictor.load(run / f"fold_{k}") for k in FOLDS]
    each = np.stack([single(texts) for single in alone])
    np.testing.assert_allclose(ensemble.by_member(texts), each, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(ensemble(texts), each.mean(axis=0), rtol=1e-4, atol=1e-3)
    assert ensemble.num_compilations == alone[0].num_compilations
    labels = [single.recipe.spec.label for single in alone]
    assert len({label.mean for label in labels}) == 3


def test_each_fold_has_vectors_of_its_own(run, tmp_path):
    (tmp_path / "new.csv").write_text("smiles\nCCO\nC(C\nCc1ccccc1\n")
    alone = [Predictor.load(run / f"fold_{k}") for k in FOLDS]
    for level, expected in (("graph", 3), ("node", 10)):
        files = [f"--input={tmp_path / 'new.csv'}", f"--output={tmp_path / 'v.npz'}"]
        assert commands.run("embed", f"--workdir={run}", *files, f"--level={level}") == 3
        found = np.load(tmp_path / "v.npz")
        names = [f"vectors_fold_{k}" for k in FOLDS]
        assert {*names} == {name for name in found if name.startswith("vectors")}
        for name, single in zip(names, alone, strict=True):
            vectors = found[name]
            assert len(vectors) == expected
            known = vectors[~np.isnan(vectors).any(axis=1)]
            own = single.embed(["CCO", "Cc1ccccc1"], level=level)
            np.testing.assert_allclose(known, own, rtol=1e-4, atol=1e-4)
        assert not np.allclose(found[names[0]], found[names[1]], equal_nan=True)


def test_predictions_have_a_deviation_and_intervals_of_all_folds(run, tmp_path, capsys):
    (tmp_path / "new.csv").write_text("smiles\nCCO\nCc1ccccc1\n")
    files = [f"--input={tmp_path / 'new.csv'}", f"--output={tmp_path / 'out.csv'}"]
    assert commands.run("predict", f"--workdir={run}", *files, "--interval=0.8") == 0
    each = Predictor.load(run).by_member(["CCO", "Cc1ccccc1"])[:, :, 0]
    kept = Calibration.load(run)
    assert kept.model == calibration.digest(Predictor.load(run).members)
    low, high = kept.targets[0].interval(each, 0.8)
    for place, row in enumerate(rows_of(tmp_path / "out.csv")):
        assert float(row["y_predicted"]) == pytest.approx(each[:, place].mean(), rel=1e-3)
        assert float(row["y_std"]) == pytest.approx(each[:, place].std(ddof=1), rel=1e-2)
        assert float(row["y_lower"]) == pytest.approx(low[place], rel=1e-3)
        assert float(row["y_upper"]) == pytest.approx(high[place], rel=1e-3)
    errors = [abs(float(r["y_predicted"]) - float(r["y_measured"])) for r in
              rows_of(run / "predictions.csv") if r["y_measured"]]  # fmt: skip
    np.testing.assert_allclose(kept.targets[0].scores, np.sort(errors), rtol=1e-3)


def test_the_page_has_the_scores_of_each_fold_and_of_all_rows(run):
    metrics, page = read(run), Page((run / "report.html").read_text())
    found, main = page.scores, metrics["main_metric"]
    for part in ("train", "valid", "test"):
        for key, value in metrics[part].items():
            assert found[f"{part}/{key}"] == value
        for number, each in metrics["folds"].items():
            assert found[f"fold {number}/{part}/{main}"] == each[part][main]
    assert found[f"out_of_fold/test/{main}"] == metrics["out_of_fold"]["test"][main]
    text = (run / "report.html").read_text()
    assert "standard deviation over folds" in text and "fold 2, epoch 4" in text
    assert (run / "fold_1" / "report.html").exists()


@pytest.mark.parametrize(
    ("command", "more", "message"),
    [
        ("evaluate", [], "metrics.json has the scores of all folds"),
        ("explain", ["--smiles=CCO"], "read features on scales of their own"),
        ("predict", ["--smiles=CCO", "--similarity"], "the training part of one model"),
        ("export", ["--output=exported"], "is an ensemble, and a model is exported alone"),
    ],
)
def test_what_folds_cannot_do_together_names_the_folder_of_one(run, command, more, message, capsys):
    assert commands.run(command, f"--workdir={run}", *more) == 2
    error = capsys.readouterr().err
    assert message in error and str(run / "fold_0") in error and error.count("\n") == 1


def test_a_run_with_folds_and_one_without_do_not_mix(run, tmp_path, capsys):
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    shutil.copy(run.parent / "mine.csv", tmp_path)
    assert train(tmp_path, "--config.data.folds=0") == 2
    assert "holds a run with folds. Give --config.data.folds as before" in capsys.readouterr().err
    assert train(tmp_path, "--config.data.folds=2") == 2
    assert "config.data.folds: 3 -> 2" in capsys.readouterr().err
    assert train(tmp_path, f"--config.init_from={folder}", f"--workdir={tmp_path / 'o'}") == 2
    assert "several folds" in capsys.readouterr().err
    for number in FOLDS:
        shutil.rmtree(folder / f"fold_{number}")
    shutil.copytree(run / "fold_0" / "checkpoints", folder / "checkpoints")
    assert train(tmp_path) == 2
    assert "holds a run without folds" in capsys.readouterr().err


def test_the_folder_names_the_recipe_of_all_folds(run, tmp_path, capsys):
    shutil.copy(run.parent / "mine.csv", tmp_path)
    before = read(run)
    assert commands.run("train", f"--config={run}", f"--workdir={run}") == 0
    after = read(run)
    assert after["config_hash"] == before["config_hash"] and after["folds"] != {}
    assert after["test"] == before["test"] and after["compilations"]["train"] == 0
    for number, each in after["folds"].items():
        assert each["params_sha256"] == before["folds"][number]["params_sha256"]


def stop_when(monkeypatch, place, name, calls):
    """SIGTERM at the call of this number; the function itself is called too."""
    function, counted = getattr(place, name), []

    def called(*arguments):
        counted.append(1)
        if len(counted) == calls:
            os.kill(os.getpid(), signal.SIGTERM)
        return function(*arguments)

    monkeypatch.setattr(place, name, called)


@pytest.mark.parametrize(
    ("place", "name", "calls", "finished"),
    [(JsonLines, "epoch", 7, 1), (per_fold, "line", 2, 2)],
    ids=["inside a fold", "between folds"],
)
def test_a_run_that_was_stopped_goes_on_and_ends_with_the_same_bits(
    run, tmp_path, monkeypatch, place, name, calls, finished
):
    shutil.copy(run.parent / "mine.csv", tmp_path)
    with monkeypatch.context() as patched:
        stop_when(patched, place, name, calls)
        assert train(tmp_path) == 143
    folder = tmp_path / "run"
    assert not (folder / "metrics.json").exists()
    assert len(list(folder.glob("fold_*/metrics.json"))) == finished
    with pytest.warns(CheckpointWarning, match=r"holds \d of 3 folds, and is not finished"):
        Predictor.load(folder)
    done = sorted((folder / "fold_0" / "checkpoints").rglob("manifest.json"))
    times = [path.stat().st_mtime_ns for path in done]
    assert train(tmp_path) == 0
    assert [path.stat().st_mtime_ns for path in done] == times  # fold 0 was not trained again
    wanted, found = read(run)["folds"], read(folder)["folds"]
    for number in wanted:
        assert found[number]["params_sha256"] == wanted[number]["params_sha256"]
        assert found[number]["test"] == wanted[number]["test"]
    assert (folder / "predictions.csv").read_bytes() == (run / "predictions.csv").read_bytes()
    assert (folder / "metrics.jsonl").read_text().count('"fold": 1') == 4
    resumed = [each["resumed_from"] > 0 for each in found.values()]
    assert resumed == ([True, True, False] if finished == 1 else [True, True, False])


def test_folds_start_from_another_run_and_may_differ_in_size(run, tmp_path, capsys):
    """Folds of scaffolds, one of them much larger than the others, from the model of one fold."""
    shutil.copy(run.parent / "mine.csv", tmp_path)
    plain = ["--config.data.descriptors=()", "--config.training.num_epochs=1"]
    first = tmp_path / "first"
    assert train(tmp_path, *plain, "--config.data.folds=0", f"--workdir={first}") == 0
    capsys.readouterr()
    flags = [*plain, f"--config.init_from={first}", "--config.data.split=scaffold"]
    assert train(tmp_path, *flags) == 0
    printed = capsys.readouterr()
    assert printed.err.count(f"starting from {first}") == 3 and "3 folds" in printed.out
    metrics = read(tmp_path / "run")
    assert sum(each["graphs"] for each in metrics["folds"].values()) == 48
    assert max(each["graphs"] for each in metrics["folds"].values()) > 24
    assert 1 < metrics["compilations"]["train"] <= 3 and metrics["compilations"]["evaluate"] == 1
    ensemble = Predictor.load(tmp_path / "run")
    assert ensemble.by_member(["CCO", "C1CC1"]).shape == (3, 2, 1)
    assert len({each.spec.label.mean for each in ensemble.each_recipe}) == 1  # that of the first


def test_rows_of_scaffolds_are_in_one_fold_by_the_flag(run):
    config = csv_molecules.get_config()
    config.data.path, config.data.target = str(run.parent / "mine.csv"), "y"
    config.data.folds, config.data.split, config.data.descriptors = 3, "scaffold", ()
    config.encodings_used = "none"
    folds = recipes.prepare_folds(config)
    chains = np.array(["1" not in name for name in folds[0][1].dataset.names.tolist()])
    tested = [prepared.dataset.targets.split == 2 for _, prepared in folds]
    assert sorted(int((part & chains).sum()) for part in tested) == [0, 0, chains.sum()]
