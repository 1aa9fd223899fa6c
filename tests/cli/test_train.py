"""The command that trains: what a run leaves behind, and what it says to bad input."""

import csv
import json
import pathlib
import shutil

import numpy as np
import pytest

from gtx import Predictor
from tests import trained
from tests.cli import commands
from tests.configs.shrunk import write_csv
from tests.report.pages import Page, scores_of

pytest.importorskip("rdkit", reason="the recipes of these tests need the extra `molecules`")

SMALL = (
    "--config=configs/csv_molecules.py",
    "--config.data.target=logS",
    "--config.data.descriptors=()",
    "--config.data.valid_fraction=0.2",
    "--config.data.test_fraction=0.2",
    "--config.model.dim=8",
    "--config.model.num_layers=1",
    "--config.model.num_heads=2",
    "--config.model.encoding_dim=3",
    "--config.batch.size=4",
    "--config.batch.num_tiers=1",
    "--config.training.num_epochs=2",
    "--config.training.evaluate_every=1",
    "--config.training.checkpoint_every=1",
)


def train(path: pathlib.Path, workdir: pathlib.Path, *more: str) -> int:
    return commands.run(
        "train", *SMALL, f"--config.data.path={path}", *more, f"--workdir={workdir}"
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory, quick_compilation):
    folder = tmp_path_factory.mktemp("train")
    path = write_csv(folder / "mine.csv")
    assert train(path, folder / "run", "--config.baseline=True") == 0
    return path, folder / "run"


def test_a_run_leaves_figures_that_a_program_can_read(finished):
    _, workdir = finished
    metrics = json.loads((workdir / "metrics.json").read_text())
    for split in ("train", "valid", "test"):
        assert metrics[split]["rmse"] >= metrics[split]["mae"] > 0
    assert metrics["baseline"]["test"]["rmse"] > 0 and metrics["repeats_in_test"] == 0
    assert metrics["compilations"] == {"train": 1, "evaluate": 1}
    assert {each["implementation"] for each in metrics["attention"]} == {"dense"}
    assert metrics["epochs"] == 2 and metrics["steps"] == 4
    assert metrics["resumed_from"] == 0
    assert metrics["padding_waste"]["pairs"] >= 1
    assert metrics["config"]["model"]["dim"] == 8
    assert len(metrics["params_sha256"]) == len(metrics["config_hash"]) == 64
    assert metrics["parameters"] == sum(
        leaf.size for leaf in _leaves(Predictor.load(workdir).variables["params"])
    )
    for name in ("learning_curve.png", "predictions.png"):
        assert (workdir / name).stat().st_size > 5000


def test_a_run_leaves_a_page_with_its_scores(finished):
    _, workdir = finished
    found = Page((workdir / "report.html").read_text())
    metrics = json.loads((workdir / "metrics.json").read_text())
    assert found.scores == scores_of(metrics)
    known = sum(1 for text in found.texts if ": measured" in text)
    assert known >= 3 and f"{known} known values in the test part" in found.text
    assert metrics["config_hash"] in found.text and "num_graphs" in found.text
    # Two curves, predictions, perhaps calibration, and each molecule.
    assert found.tags.count("svg") >= 3 + min(known, 10)


def test_the_test_predictions_are_those_of_the_saved_model(finished):
    _, workdir = finished
    with (workdir / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    said = np.array([[float(row["logS_predicted"])] for row in rows], np.float32)
    again = Predictor.load(workdir)([row["name"] for row in rows])
    np.testing.assert_allclose(said, again, rtol=1e-5)
    metrics = json.loads((workdir / "metrics.json").read_text())
    known = np.array([float(row["logS_measured"]) for row in rows])
    error = np.sqrt(np.nanmean((said[:, 0] - known) ** 2))
    assert error == pytest.approx(metrics["test"]["rmse"], rel=1e-5)


def test_the_same_command_again_changes_nothing(finished, capsys):
    path, workdir = finished
    before = json.loads((workdir / "metrics.json").read_text())
    lines = (workdir / "metrics.jsonl").read_bytes()
    assert train(path, workdir, "--config.baseline=True") == 0
    sizes = f"{before['parameters']:,} parameters; graphs: "
    assert sizes in capsys.readouterr().err
    after = json.loads((workdir / "metrics.json").read_text())
    assert after["resumed_from"] == after["steps"] == before["steps"]
    assert after["params_sha256"] == before["params_sha256"]
    assert after["test"] == before["test"]
    assert (workdir / "metrics.jsonl").read_bytes() == lines


def test_another_config_or_seed_in_the_folder_of_a_run_is_refused(finished, capsys):
    path, workdir = finished
    assert train(path, workdir, "--config.baseline=True", "--config.seed=5") == 2
    assert "seed: 0 -> 5" in capsys.readouterr().err
    assert train(path, workdir, "--config.baseline=True", "--config.model.dim=12") == 2
    message = capsys.readouterr().err
    assert "model.dim: 8 -> 12" in message and "workdir" in message


def test_a_damaged_checkpoint_is_passed_over_loudly(finished, tmp_path):
    path, workdir = finished
    copy = tmp_path / "run"
    shutil.copytree(workdir, copy)
    latest = sorted((copy / "checkpoints").glob("step_*"))[-1]
    target = max(latest.rglob("*"), key=lambda file: file.stat().st_size if file.is_file() else 0)
    target.write_bytes(target.read_bytes()[:-7])
    with pytest.warns(UserWarning, match=f"{latest.name} is damaged"):
        assert train(path, copy, "--config.baseline=True") == 0
    before, after = (json.loads((run / "metrics.json").read_text()) for run in (workdir, copy))
    assert after["resumed_from"] == before["steps"] // 2  # the checkpoint of the epoch before
    assert after["params_sha256"] == before["params_sha256"]


def test_an_unwritable_workdir_is_an_error_of_one_line(finished, tmp_path, capsys):
    path, _ = finished
    (tmp_path / "file").write_text("in the way")
    assert train(path, tmp_path / "file" / "run") == 2
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.parametrize(
    ("content", "flags", "message"),
    [
        ("", (), "is empty"),
        ("smiles,logS\n", (), "header and no rows"),
        ("smiles,logS\nxx,1\nyy,2\n", (), "none of 2 molecules"),
        ("smiles,solubility\nCCO,1\n", (), "no column 'logS'"),
        ("smiles,logS\nCCO,high\n", (), "row 2, column 'logS' holds 'high'"),
        ("smiles,logS\nCCO,\nCC,\n", (), "no molecule has a label"),
        ("smiles,logS\nCCO,1\nCC,inf\n", (), "row 3, column 'logS' holds 'inf'"),
        ("smiles,logS\nCCO,1\nCC,2\n", ("--config.data.kind=binary",), "must be 0 or 1"),
        ("smiles,logS\nCCO,1\nCC,2\n", ("--config.data.name=cvs",), "did you mean 'csv'"),
        ("smiles,logS\nCCO,1\nCC,2\n", (), "valid is empty"),
        ("smiles,logS\n" + "CC,2\n" * 10, ("--config.model.local=gime",), "did you mean 'gine'"),
    ],
    ids=lambda value: value.replace("\n", "|")[:30] if isinstance(value, str) else None,
)
def test_bad_input_is_one_line_that_says_what_and_where(content, flags, message, tmp_path, capsys):
    path = tmp_path / "bad.csv"
    path.write_text(content)
    assert train(path, tmp_path / "run", *flags) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error


def test_a_missing_file_is_one_line(tmp_path, capsys):
    assert train(tmp_path / "nowhere.csv", tmp_path / "run") == 2
    assert "nowhere.csv" in capsys.readouterr().err


def test_an_unknown_field_is_named_with_the_nearest(tmp_path, capsys):
    assert train(tmp_path / "x.csv", tmp_path / "run", "--config.model.num_layer=3") == 2
    assert "num_layers" in capsys.readouterr().err


def _leaves(tree):
    return (
        [leaf for value in tree.values() for leaf in _leaves(value)]
        if isinstance(tree, dict)
        else [tree]
    )


KINDS = {
    "binary": ("contains_oxygen", ["contains_oxygen_predicted"]),
    "multiclass": ("colour", ["blue_probability", "class_predicted", "red_probability"]),
    "multilabel": ("contains_oxygen,long", ["contains_oxygen_predicted", "long_predicted"]),
    "regression": ("size,weight", ["size_predicted", "weight_predicted"]),
}


@pytest.mark.parametrize(
    ("kind", "split"),
    [
        ("binary", "random"),
        ("multiclass", "scaffold"),
        pytest.param("multilabel", "random", marks=pytest.mark.slow),  # each as a binary one
        # tests/test_readme.py trains and predicts a regression.
        pytest.param("regression", "scaffold", marks=pytest.mark.slow),
    ],
)
def test_every_kind_of_label_trains_and_predicts(kind, split, tmp_path, quick_compilation):
    path = tmp_path / "kinds.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["smiles", "contains_oxygen", "colour", "long", "size", "weight"])
        for row, smiles in enumerate(trained.SMILES):
            missing = "" if row % 7 == 3 else len(smiles)
            oxygen, colour = int("O" in smiles), ("red", "blue")[row % 2]
            writer.writerow([smiles, oxygen, colour, int(len(smiles) > 4), missing, 0.5 * row])
    target, columns = KINDS[kind]
    names = target.split(",")
    flags = (f"--config.data.kind={kind}", f"--config.data.split={split}")
    flags += ("--config.baseline=True",) if kind == "regression" else ()  # several targets
    assert train(path, tmp_path / "run", f"--config.data.target={target}", *flags) == 0
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    if kind == "regression":
        assert metrics["baseline"]["test"]["rmse"] > 0
    each = {key.rpartition("/")[0] for key in metrics["test"] if "/" in key}
    classes = {"red", "blue"} if kind == "multiclass" else set()
    assert each == (set(names) if len(names) > 1 else classes)
    for place, name in enumerate(names if kind == "regression" else ()):
        assert metrics["main_metric"] == "scaled_mae"
        assert metrics["test"][f"{name}/rmse"] >= metrics["test"][f"{name}/mae"] > 0
        assert (tmp_path / "run" / f"predictions_{place}.png").exists()
    output = tmp_path / "predictions.csv"
    code = commands.run(
        "predict", f"--workdir={tmp_path / 'run'}", f"--input={path}", f"--output={output}"
    )
    assert code == 0
    with output.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["smiles"] for row in rows] == list(trained.SMILES)
    new = set(rows[0]) - {"smiles", "contains_oxygen", "colour", "long", "size", "weight", "error"}
    assert sorted(new) == columns
    assert all(row[name] != "" for row in rows for name in new)


def test_a_loss_that_does_not_fit_the_kind_is_refused(finished, tmp_path, capsys):
    path, _ = finished
    assert train(path, tmp_path / "run", "--config.task.loss=cross_entropy") == 2
    assert "task.loss: loss='cross_entropy' does not fit a regression" in capsys.readouterr().err


def test_nodes_that_are_hidden_in_training_alone_have_no_score(tmp_path):
    small = ["--config.data.num_graphs=20", "--config.training.num_epochs=1"]
    small += ["--config.model.dim=8", "--config.model.num_layers=1", "--config.task.masked=0.3"]
    arguments = ["--config=configs/tasks.py", *small, f"--workdir={tmp_path / 'run'}"]
    assert commands.run("train", *arguments) == 0
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert "train" not in metrics and {"valid", "test"} <= set(metrics)
