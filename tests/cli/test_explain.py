import csv
import xml.etree.ElementTree as ElementTree

import jax
import numpy as np
import pytest

from gtx import Predictor
from gtx.cli import explanations
from tests.cli import commands

pytestmark = pytest.mark.usefixtures("quick_compilation")

PNG = b"\x89PNG\r\n\x1a\n"


def rows(path):
    return list(csv.DictReader(path.read_text().splitlines()))


@pytest.fixture(scope="module")
def pair(trained_run, tmp_path_factory):
    """The folder of a pair of molecules, and what was printed."""
    folder = tmp_path_factory.mktemp("explained") / "pair"
    arguments = ["--smiles=OCCO", "--smiles=c1ccoc1", "--baseline=mean"]
    arguments += [f"--workdir={trained_run.workdir}", f"--output={folder}"]
    assert commands.run("explain", *arguments) == 0
    return folder


def test_a_row_of_each_atom_adds_up_to_the_row_of_its_molecule(pair, trained_run):
    atoms, whole = rows(pair / "atoms.csv"), rows(pair / "molecules.csv")
    assert [row["symbol"] for row in atoms] == [*"OCCO", *"CCCOC"]
    says = Predictor.load(trained_run.workdir)(["OCCO", "c1ccoc1"])[:, 0]
    for molecule in (1, 2):
        own = [row for row in atoms if row["molecule"] == str(molecule)]
        assert [int(row["atom"]) for row in own] == list(range(len(own)))
        (row,) = [row for row in whole if row["molecule"] == str(molecule)
                  and row["method"] == "gradients"]  # fmt: skip
        total = sum(float(atom["gradients"]) for atom in own)
        assert total == pytest.approx(float(row["sum_of_nodes"]), rel=1e-3, abs=1e-5)
        difference = float(row["prediction"]) - float(row["baseline"])
        assert total + float(row["rest"]) == pytest.approx(difference, rel=0.011, abs=1e-4)
        assert float(row["prediction"]) == pytest.approx(says[molecule - 1], rel=1e-4)
        assert row["unit"] == "prediction" and row["prediction_deviation"] == ""
        (lost,) = [row for row in whole if row["molecule"] == str(molecule)
                   and row["method"] == "leave_one_out"]  # fmt: skip
        assert lost["prediction"] == row["prediction"]
        assert lost["sum_of_nodes"] == lost["rest"] == lost["gap"] == ""
        assert all(atom["leave_one_out"] and not atom["gradients_deviation"] for atom in own)


def test_pictures_are_png_and_svg_of_their_own(pair):
    for name in ("molecule_1_logS", "molecule_2_logS", "pair_logS"):
        assert (pair / f"{name}.png").read_bytes().startswith(PNG)
        text = (pair / f"{name}.svg").read_text()
        root = ElementTree.fromstring(text)
        assert root.tag.endswith("svg") and "href" not in text
        assert "logS" in "".join(root.itertext()) or "<path" in text


def test_a_pair_has_its_core_and_what_differs(pair):
    table = rows(pair / "pair_logS.csv")
    assert (
        sum(row["part"] == "first" for row in table) + sum(row["part"] == "both" for row in table)
        == 4
    )
    atoms = rows(pair / "atoms.csv")
    values = [float(row["gradients"]) for row in atoms]
    expected = sum(values[4:]) - sum(values[:4])
    total = sum(float(row["difference"]) for row in table)
    assert total == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_a_molecule_that_does_not_parse_is_one_line_and_exit_code_three(
    trained_run, tmp_path, capsys
):
    arguments = [f"--workdir={trained_run.workdir}", f"--output={tmp_path}", "--baseline=zero"]
    arguments += ["--method=leave_one_out", "--smiles=OCCO", "--smiles=C(C"]
    assert commands.run("explain", *arguments) == 3
    captured = capsys.readouterr()
    assert captured.err.startswith("error: --smiles 2 ('C(C'): ")
    assert "1 of 2 molecules explained" in captured.out
    assert len(rows(tmp_path / "atoms.csv")) == 4
    assert not (tmp_path / "pair_logS.svg").exists()
    assert commands.run("explain", *arguments[:4], "--smiles=C(C") == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--smiles=CC", "--target=logP"], "there is no target 'logP'. The model has logS."),
        ([], "give either --smiles or --input"),
        (["--input=graphs"], "No such file or directory: 'graphs'"),
        (["--smiles=CC", "--method=saliency"], "--method=saliency"),
        (["--smiles=CC", "--baseline=one"], "--baseline=one"),
        (["--smiles=CC", "--method=leave_one_edge_out"], "is for graphs that are no molecules"),
    ],
)
def test_what_cannot_be_explained_is_one_line_and_exit_code_two(
    trained_run, tmp_path, capsys, arguments, message
):
    folders = [f"--workdir={trained_run.workdir}", f"--output={tmp_path / 'out'}"]
    assert commands.run("explain", *folders, *arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message.lstrip("-") in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_mean_baseline_needs_the_training_data(trained_run, tmp_path, capsys):
    data = trained_run.workdir.parent / "molecules.csv"
    kept = data.read_text()
    data.write_text(kept.replace("CCO,", "CCCCO,", 1))
    try:
        arguments = [f"--workdir={trained_run.workdir}", f"--output={tmp_path / 'out'}"]
        assert commands.run("explain", *arguments, "--smiles=CC") == 2
        data.unlink()
        assert commands.run("explain", *arguments, "--smiles=CC") == 2
    finally:
        data.write_text(kept)
    lines = capsys.readouterr().err.splitlines()
    changed, gone = (line for line in lines if not line.startswith("warning: "))
    for line in (changed, gone):
        assert "the baseline is the mean over the training part, which cannot be read" in line
        assert line.endswith("--baseline=zero.")


def test_members_of_an_ensemble_are_averaged_with_a_deviation(trained_run):
    first = Predictor.load(trained_run.workdir)
    other = {**first.variables, "params": _shaken(first.variables["params"])}
    both = Predictor(first.recipe, first.variables, others=[other])
    options = dict(targets=(), methods=["gradients"], baseline="unknown")
    (found,) = explanations.explained(both, ["OCCO", "c1ccoc1"], **options).found.values()
    for each in found:
        one, two = each.members
        np.testing.assert_allclose(each.mean.nodes, (one.nodes + two.nodes) / 2, rtol=1e-9)
        np.testing.assert_allclose(
            each.deviations, np.abs(one.nodes - two.nodes) / np.sqrt(2), rtol=1e-6, atol=1e-12
        )
        assert each.mean.prediction == pytest.approx((one.prediction + two.prediction) / 2)
        assert not np.allclose(one.nodes, two.nodes)


def _shaken(params):
    return jax.tree.map(lambda leaf: leaf * np.float32(1.1), params)


def test_targets_have_files_of_their_own():
    names = explanations.file_names(["log S", "log_S", "LOG_S", "%", "pH 7.4"])
    assert names == ["log_S", "log_S_2", "LOG_S_3", "_", "pH_7.4"]


def test_a_file_may_name_its_molecules_otherwise(trained_run, tmp_path, capsys):
    source, output = tmp_path / "in.csv", tmp_path / "out"
    source.write_text("mol\nOCCO\n")
    arguments = [f"--workdir={trained_run.workdir}", "--method=leave_one_out"]
    arguments += [f"--input={source}", f"--output={output}", "--pictures=0"]
    assert commands.run("explain", *arguments) == 2
    assert "with --smiles_column" in capsys.readouterr().err
    assert commands.run("explain", *arguments, "--smiles_column=mol") == 0
    assert [row["symbol"] for row in rows(output / "atoms.csv")] == [*"OCCO"]
    assert commands.run("explain", *arguments[:2], "--smiles=C", "--smiles_column=mol") == 2
    assert "that of a CSV file" in capsys.readouterr().err
