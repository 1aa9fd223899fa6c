"""Intervals, sets of classes and calibrated probabilities of `gtx predict`."""

import csv
import json
import shutil

import numpy as np
import pytest

from gtx import Predictor
from gtx.cli import calibration
from gtx.cli.predicted_columns import Asked, columns
from gtx.data import Label
from gtx.uncertainty import Calibration
from gtx.uncertainty.calibration import FILE
from tests.cli import commands

pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.fixture(scope="module")
def folder(trained_run, tmp_path_factory):
    """A run whose folder has no calibration, as one that was trained in Python."""
    found = tmp_path_factory.mktemp("calibrated") / "run"
    shutil.copytree(trained_run.workdir, found)
    return found


def test_an_interval_is_fitted_to_the_validation_part_and_kept(
    trained_run, folder, tmp_path, capsys
):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("smiles\nCCO\nC(C\nCCN\n")
    arguments = [f"--workdir={folder}", f"--input={source}", f"--output={target}"]
    assert commands.run("predict", *arguments, "--interval=0.75") == 3
    assert "reading the data of the run" in capsys.readouterr().err
    rows = list(csv.DictReader(target.read_text().splitlines()))
    assert list(rows[0]) == ["smiles", "logS_predicted", "logS_lower", "logS_upper", "error"]
    assert rows[1]["logS_lower"] == rows[1]["logS_upper"] == ""
    valid = trained_run.graphs.part("valid")
    errors = np.abs(Predictor.load(folder)(valid) - valid.targets.labels)[:, 0]
    assert len(errors) == 4  # so that the bound is the ceil(5 * 0.75) = 4th
    for row in (rows[0], rows[2]):
        middle, low, high = (float(row[f"logS_{n}"]) for n in ("predicted", "lower", "upper"))
        assert high - middle == pytest.approx(errors.max(), rel=1e-4)
        assert middle - low == pytest.approx(errors.max(), rel=1e-4)
    assert commands.run("predict", *arguments, "--interval=0.75") == 3
    assert "reading" not in capsys.readouterr().err
    kept = Calibration.load(folder)
    # That of other parameters is made anew.
    (folder / FILE).write_text(json.dumps({**kept.to_json(), "model": "another"}))
    assert commands.run("predict", *arguments, "--interval=0.75") == 3
    assert "reading" in capsys.readouterr().err and Calibration.load(folder) == kept


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        ("--interval=0.9", "needs 9 labels that were not trained on, and there are 4"),
        ("--interval=90", "--interval=90 is not above 0 and below 1"),
        ("--interval=nan", "--interval=nan is not above 0 and below 1"),
        ("--calibrated", "--calibrated is for probabilities, and this model predicts none"),
    ],
)
def test_what_cannot_be_had_is_refused(folder, flag, says, capsys):
    assert commands.run("predict", f"--workdir={folder}", "--smiles=CCO", flag) == 2
    error = capsys.readouterr().err
    assert says in error and "error: " in error


def test_columns_of_classes_and_of_targets_without_enough_labels():
    label = Label("graph", "multilabel", 2, ("toxic", "active"))
    members = np.array([[[0.9, 0.5]], [[0.7, 0.5]]], np.float32)
    labels = np.array([[0, 1]] * 3 + [[1, np.nan]] * 9, np.float32)
    known = np.tile(np.float32([[[0.2, 0.4]]]), (2, 12, 1))
    known[:, 3:, 0] = 0.7
    targets = Calibration.fit(label, known, labels).targets
    cells = columns(label, members, Asked(targets, 0.9, calibrated=True))
    assert list(cells) == [
        f"{name}_{suffix}"
        for name in ("toxic", "active")
        for suffix in ("predicted", "std", "calibrated", "set")
    ]
    assert cells["toxic_set"] == ["1"] and cells["active_set"] == [""]
    assert float(cells["toxic_calibrated"][0]) > 0.8 and cells["active_calibrated"] == [""]
    assert list(columns(label, members[:1])) == ["toxic_predicted", "active_predicted"]


def test_sets_of_several_classes_name_them_or_none():
    label = Label("graph", "multiclass", 3, ("red", "green", "blue"))
    known = np.array([[[0.6, 0.3, 0.1]] * 12], np.float32)
    members = np.array([[[0.6, 0.4, 0.0], [0.7, 0.1, 0.2], [0.35, 0.34, 0.31]]], np.float32)
    (target,) = Calibration.fit(label, known, np.array([0] * 12, np.int32)).targets
    cells = columns(label, members, Asked((target,), 0.9, calibrated=True))
    assert cells["class_set"] == ["red", "red", "none"]
    (target,) = Calibration.fit(label, known, np.array([0] * 6 + [1] * 6, np.int32)).targets
    cells = columns(label, members, Asked((target,), 0.9, calibrated=True))
    assert cells["class_set"] == ["red|green", "red", "red|green|blue"]
    total = sum(float(cells[f"{name}_calibrated"][0]) for name in label.names)
    assert total == pytest.approx(1, abs=1e-6)


def test_a_label_without_calibration_has_none(trained_run):
    valid = trained_run.graphs.part("valid")
    no_labels = valid.without_labels()
    said = np.zeros((1, len(valid), 1), np.float32)
    assert calibration.fit([], valid, no_labels, said, said) is None
    assert calibration.fit([], valid, valid.select([]), said, said[:, :0]) is None
