"""`gtx predict --similarity`: how alike molecules and the training part are."""

import csv
import shutil

import numpy as np
import pytest

from gtx import Predictor
from gtx.cli import similarity
from gtx.uncertainty import distance
from tests import trained
from tests.cli import commands

pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.fixture(scope="module")
def folder(trained_run, tmp_path_factory):
    found = tmp_path_factory.mktemp("similar") / "run"
    shutil.copytree(trained_run.workdir, found)
    return found


def test_columns_say_how_alike_a_molecule_and_the_training_part_are(
    trained_run, folder, tmp_path, capsys
):
    train, valid = (trained_run.graphs.part(name) for name in ("train", "valid"))
    known = train.names[3]
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(f"smiles\n{known}\nC(C\n{trained.LARGE}\n[Xe]\n")
    arguments = [f"--workdir={folder}", f"--input={source}", f"--output={target}", "--similarity"]
    assert commands.run("predict", *arguments) == 3
    assert "reading the data of the run" in capsys.readouterr().err
    rows = list(csv.DictReader(target.read_text().splitlines()))
    columns = ["train_similarity", "train_nearest", "train_distance"]
    assert list(rows[0]) == ["smiles", "logS_predicted", *columns, "error"]
    assert rows[0]["train_similarity"] == "1.000" and rows[0]["train_nearest"] == known
    assert [rows[1][name] for name in columns] == ["", "", ""]
    assert float(rows[2]["train_similarity"]) < 0.5
    assert [rows[3][name] for name in columns[:2]] == ["0.000", ""]
    predictor = Predictor.load(folder)
    vectors = predictor.embed(train)
    of_valid = distance.to_nearest(predictor.embed(valid), vectors)
    for row in (rows[0], rows[2]):
        own = distance.to_nearest(predictor.embed([row["smiles"]]), vectors)
        assert float(row["train_distance"]) == pytest.approx(np.mean(of_valid <= own), abs=1e-3)
    assert commands.run("predict", f"--workdir={folder}", f"--smiles={known}", "--similarity") == 0
    printed = capsys.readouterr()
    assert "train_nearest" in printed.out and "reading" not in printed.err


def test_a_damaged_file_is_named(folder, capsys):
    path = folder / similarity.FILE
    before = path.read_bytes()
    path.write_bytes(before[: len(before) // 2])
    assert commands.run("predict", f"--workdir={folder}", "--smiles=C", "--similarity") == 2
    assert "is damaged" in capsys.readouterr().err
    path.write_bytes(before)
