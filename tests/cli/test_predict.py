import csv
import os
import warnings

import numpy as np
import pytest

from gtx import Predictor
from gtx.cli import predict_molecules, predicted_columns, predicted_table
from gtx.data import Label, MoleculeWarning
from gtx.data.spec import mixed_label
from tests.cli import commands

pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.fixture(scope="module")
def predicted(trained_run):
    """What the model says, by SMILES."""
    names = trained_run.graphs.names.tolist()
    values = Predictor.load(trained_run.workdir)(names)
    return dict(zip(names, values[:, 0].tolist(), strict=True))


def test_molecules_of_the_command_line_are_printed_as_a_table(trained_run, predicted, capsys):
    arguments = [f"--workdir={trained_run.workdir}", "--smiles=CCO", "--smiles=C1CC1"]
    assert commands.run("predict", *arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "logS_predicted" in lines[1]
    for smiles, line in zip(("CCO", "C1CC1"), lines[3:5], strict=True):
        cells = [cell.strip() for cell in line.strip("│┃").split("│")]
        assert cells[0] == smiles
        assert float(cells[1]) == pytest.approx(predicted[smiles], rel=1e-5)


def test_many_predictions_of_a_molecule_are_printed_below_each_other(capsys):
    said = {f"target_{place}": [str(place), ""] for place in range(50)}
    predicted_table.show(["CCO", "C(C"], said, {1: "syntax error"})
    lines = capsys.readouterr().out.splitlines()
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if "│" in line]
    assert rows[:2] == [["smiles", "CCO", "C(C"], ["error", "", "syntax error"]]
    assert rows[2:] == [[name, *cells] for name, cells in said.items()][:38]
    assert lines[-1].startswith("and 12 predictions more.")


def test_a_file_keeps_its_rows_and_columns_and_gets_predictions(
    trained_run, predicted, tmp_path, capsys
):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    names = ["CCS", "CCO", "c1ccccc1", "CCO"]
    source.write_text('note,mol\n"a, b",CCS\n,CCO\n3,c1ccccc1\n4,CCO\n')
    arguments = [f"--input={source}", f"--output={target}", "--smiles_column=mol"]
    assert commands.run("predict", f"--workdir={trained_run.workdir}", *arguments) == 0
    rows = list(csv.DictReader(target.read_text().splitlines()))
    assert list(rows[0]) == ["note", "mol", "logS_predicted", "error"]
    assert [row["mol"] for row in rows] == names
    assert [row["note"] for row in rows] == ["a, b", "", "3", "4"]
    assert [row["error"] for row in rows] == [""] * 4
    found = [float(row["logS_predicted"]) for row in rows]
    np.testing.assert_allclose(found, [predicted[name] for name in names], rtol=1e-5)
    assert "4 of 4 molecules" in capsys.readouterr().out


def test_rows_that_do_not_parse_get_a_reason_and_exit_code_three(trained_run, predicted, tmp_path):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("smiles,id\nCCO,1\nC(C,2\n,3\nCCN,4\n")
    arguments = [f"--input={source}", f"--output={target}"]
    assert commands.run("predict", f"--workdir={trained_run.workdir}", *arguments) == 3
    rows = list(csv.DictReader(target.read_text().splitlines()))
    assert [row["id"] for row in rows] == ["1", "2", "3", "4"]
    assert [bool(row["logS_predicted"]) for row in rows] == [True, False, False, True]
    assert [bool(row["error"]) for row in rows] == [False, True, True, False]
    assert float(rows[3]["logS_predicted"]) == pytest.approx(predicted["CCN"], rel=1e-5)


def test_a_spreadsheet_that_reads_the_input_reads_the_output(trained_run, tmp_path):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text('"Löslichkeit, 25 °C ",smiles\r\n"3,5",CCO\r\n', encoding="utf-8-sig")
    arguments = [f"--input={source}", f"--output={target}"]
    assert commands.run("predict", f"--workdir={trained_run.workdir}", *arguments) == 0
    assert target.read_bytes().startswith('\ufeff"Löslichkeit, 25 °C",smiles,logS_pre'.encode())
    rows = list(csv.DictReader(target.read_text("utf-8-sig").splitlines()))
    assert rows[0]["Löslichkeit, 25 °C"] == "3,5" and rows[0]["logS_predicted"]


def test_every_row_of_the_input_is_a_row_of_the_output(trained_run, predicted, tmp_path):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text('smiles,a,a\nCCO,"two\nlines",1\n\n,,\nCCN\n""\n CCC ,x,\n\n')
    arguments = [f"--input={source}", f"--output={target}"]
    assert commands.run("predict", f"--workdir={trained_run.workdir}", *arguments) == 3
    with target.open(newline="") as file:
        header, *rows = list(csv.reader(file))
    assert header == ["smiles", "a", "a", "logS_predicted", "error"]
    assert [row[0] for row in rows] == ["CCO", "", "", "CCN", "", " CCC ", ""]
    assert [row[-1] for row in rows] == ["", "empty", "empty", "", "empty", "", "empty"]
    assert rows[0][1] == "two\nlines"
    names = ("CCO", "CCN", "CCC")
    found = [float(rows[row][3]) for row in (0, 3, 5)]
    np.testing.assert_allclose(found, [predicted[name] for name in names], rtol=1e-5)


def test_the_column_of_smiles_is_that_of_the_run(trained_run, predicted, tmp_path, monkeypatch):
    monkeypatch.setattr(Predictor, "smiles_column", "mol")
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("mol,smiles,other\nCCO,x,y\n")
    arguments = [f"--workdir={trained_run.workdir}", f"--input={source}", f"--output={target}"]
    assert commands.run("predict", *arguments) == 0
    assert commands.run("predict", *arguments, "--smiles_column=smiles") == 3


def test_a_warning_about_a_molecule_names_its_row(capsys):
    with predict_molecules.warnings_as_lines(["row 2", "row 5"]):
        warnings.warn(MoleculeWarning(1, "CCC has 600 atoms"), stacklevel=1)
    assert capsys.readouterr().err == "warning: row 5: CCC has 600 atoms\n"


def test_a_molecule_of_the_command_line_that_does_not_parse_is_shown(trained_run, capsys):
    arguments = [f"--workdir={trained_run.workdir}", "--smiles=xx", "--smiles=CCO"]
    assert commands.run("predict", *arguments) == 3
    assert "syntax error" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("mol\nCCO\n", [], "no column 'smiles'"),
        ("smiles,error\nCCO,\n", [], r"['error'], which are written"),
        ("smiles\nCCO\n", ["--output=nowhere/out.csv"], "no folder nowhere"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line_and_exit_code_two(
    trained_run, tmp_path, capsys, text, arguments, message
):
    (tmp_path / "in.csv").write_text(text)
    files = [f"--input={tmp_path / 'in.csv'}", f"--output={tmp_path / 'out.csv'}", *arguments]
    assert commands.run("predict", f"--workdir={trained_run.workdir}", *files) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error and error.count("\n") == 1
    assert not (tmp_path / "out.csv").exists()


def test_a_folder_without_a_run_is_exit_code_two(tmp_path, capsys):
    assert commands.run("predict", f"--workdir={tmp_path}", "--smiles=CCO") == 2
    assert str(tmp_path) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "give either --smiles or --input."),
        (["--smiles=C", "--input=a.csv"], "give either --smiles or --input."),
        (["--input=a.csv"], "--input and --output go together."),
        (["C"], "unexpected arguments: C. See `gtx predict --help`."),
    ],
)
def test_a_wrong_use_is_one_line_and_exit_code_two(tmp_path, arguments, says, capsys):
    assert commands.run("predict", f"--workdir={tmp_path}", *arguments) == 2
    assert capsys.readouterr().err == f"error: {says}\n"


def test_several_classes_give_a_class_and_probabilities():
    label = Label("graph", "multiclass", 3, ("red", "green", "blue"))
    cells = predicted_columns.columns(
        label, np.array([[0.25, 0.5, 0.25], [np.nan] * 3], np.float32)
    )
    assert cells == {
        "class_predicted": ["green", ""],
        "red_probability": ["0.25", ""],
        "green_probability": ["0.5", ""],
        "blue_probability": ["0.25", ""],
    }


def test_targets_without_names_are_numbered():
    cells = predicted_columns.columns(
        Label("graph", "multilabel", 2), np.array([[0.1, 0.9]], np.float32)
    )
    assert cells == {"0_predicted": ["0.1"], "1_predicted": ["0.9"]}


def test_an_ensemble_has_deviations_beside_its_means_for_each_kind():
    logs = Label("graph", "regression", 1, ("logS",), name="logS")
    colour = Label("graph", "multiclass", 2, ("red", "blue"), name="colour")
    members = np.array([[[1, 1, 0], [np.nan] * 3], [[3, 0, 1], [np.nan] * 3]], np.float32)
    cells = predicted_columns.columns(mixed_label([logs, colour]), members)
    half, log2 = str(np.float32(0.5**0.5)), str(np.float32(np.log(2)))
    assert cells == {
        "logS_predicted": ["2.0", ""],
        "logS_std": [str(np.float32(2**0.5)), ""],
        "colour_predicted": ["red", ""],
        "colour_disagreement": [log2, ""],
        "colour red_probability": ["0.5", ""],
        "colour red_std": [half, ""],
        "colour blue_probability": ["0.5", ""],
        "colour blue_std": [half, ""],
    }


def table_of(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


@pytest.fixture
def many(tmp_path, monkeypatch):
    """A CSV file of 22 rows, three of which have no molecule, read 4 rows at a time."""
    monkeypatch.setattr(predict_molecules, "ROWS", 4)
    path = tmp_path / "many.csv"
    cells = ["C" * (1 + row % 5) + "O" for row in range(22)]
    cells[2], cells[9], cells[21] = "C(C", "", "xx"
    path.write_text("smiles,row\n" + "".join(f"{cell},{row}\n" for row, cell in enumerate(cells)))
    return path


def predict(run, source, output, *more):
    arguments = [f"--workdir={run.workdir}", f"--input={source}", f"--output={output}", *more]
    return commands.run("predict", *arguments)


def test_parts_of_a_file_are_one_table_and_workers_change_nothing(trained_run, many, tmp_path):
    assert predict(trained_run, many, tmp_path / "one.csv") == 3
    rows = table_of(tmp_path / "one.csv")
    assert [row[1] for row in rows[1:]] == [str(row) for row in range(22)]
    assert [number for number, row in enumerate(rows[1:]) if row[-1]] == [2, 9, 21]
    assert all(bool(row[2]) != bool(row[3]) for row in rows[1:])
    assert predict(trained_run, many, tmp_path / "two.csv", "--workers=1") == 3
    assert (tmp_path / "two.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()


def test_a_small_file_has_no_workers_and_a_large_one_no_more_than_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(4), raising=False)
    sizes = (0, 2**17 - 1, 2**17, 2**17 + 2**16, 2**30)
    assert [predict_molecules.workers_for(size, True) for size in sizes] == [0, 0, 2, 3, 4]
    assert [predict_molecules.workers_for(size, False) for size in sizes] == [0, 0, 0, 0, 4]
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0}, raising=False)
    assert predict_molecules.workers_for(2**30, True) == 0


def test_a_command_that_was_killed_goes_on_where_it_was(
    trained_run, many, tmp_path, monkeypatch, capsys
):
    assert predict(trained_run, many, tmp_path / "whole.csv") == 3
    output = tmp_path / "out.csv"
    of_molecules, calls = Predictor.of_molecules, []

    def fails(self, molecules, num_rows):
        calls.append(num_rows)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return of_molecules(self, molecules, num_rows)

    with monkeypatch.context() as patch:
        patch.setattr(Predictor, "of_molecules", fails)
        with pytest.raises(BaseException):  # noqa: B017
            predict(trained_run, many, output)
    assert not output.exists()
    # A kill may leave more bytes than the note knows of.
    with (tmp_path / ".out.csv.part").open("ab") as file:
        file.write(b"CCO,9,half a ro")
    calls.clear()
    monkeypatch.setattr(
        Predictor, "of_molecules", lambda *args: calls.append(args[2]) or of_molecules(*args)
    )
    capsys.readouterr()
    assert predict(trained_run, many, output) == 3
    assert calls == [4, 4, 4, 2] and "going on after row 9" in capsys.readouterr().err
    assert output.read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert not list(tmp_path.glob(".out*"))


def test_what_is_left_of_another_input_is_written_anew(trained_run, many, tmp_path, capsys):
    output = tmp_path / "out.csv"
    (tmp_path / ".out.csv.part").write_text("smiles,row,logS_predicted,error\nCCO,0,1.0,\n")
    (tmp_path / ".out.csv.part.json").write_text('{"identity": {}, "rows": 1, "bytes": 9}')
    assert predict(trained_run, many, output) == 3
    assert "is of another model or input" in capsys.readouterr().err
    assert len(table_of(output)) == 23
