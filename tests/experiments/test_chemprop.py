"""The comparison with chemprop, with a program of a few lines in the place of it."""

import csv
import math
import stat
import sys

import numpy as np
import pytest

from experiments.benchmarks import chemprop, molecule_tools
from gtx.cli.command import execute
from gtx.data import Label
from gtx.data.molecules import from_smiles
from tests import trained

PROGRAM = """#!{python}
import csv, sys
word, *rest = sys.argv[1:]
if word == "--version":
    print("chemprop 2.0")
if word == "predict":
    given, written = (rest[rest.index(flag) + 1] for flag in ("--test-path", "--preds-path"))
    rows = list(csv.DictReader(open(given)))
    with open(written, "w") as file:
        file.write("smiles,size\\n")
        file.writelines(f"{{row['smiles']}},{{len(row['smiles']) + 0.5}}\\n" for row in rows)
"""


@pytest.fixture
def program(tmp_path):
    """It predicts the length of the text, and a half too much."""
    path = tmp_path / "chemprop"
    path.write_text(PROGRAM.format(python=sys.executable))
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return path


@pytest.fixture
def molecules(monkeypatch):
    """Molecules whose label is the length of their SMILES."""
    pytest.importorskip("rdkit")
    pytest.importorskip("sklearn")

    def load(name, root):
        del name, root
        graphs = from_smiles(list(trained.SMILES))[0]
        sizes = np.array([[len(text)] for text in trained.SMILES], np.float32)
        label = Label("graph", "regression", 1, ("size",))
        return graphs.with_targets("graph", labels=sizes, label=label)

    monkeypatch.setattr(chemprop, "load", load)
    monkeypatch.setattr(chemprop, "MANY", 30)


def run(tmp_path, program, *more):
    places = [f"--workdir={tmp_path / 'runs'}", f"--to={tmp_path / 'found'}"]
    given = ["--only=esol/random", f"--chemprop={program}", *places, *more]
    return execute(chemprop.COMMAND, given)


def test_a_row_is_measured_once(tmp_path, program, molecules, capsys):
    flags = ["--tools=chemprop,forest", "--seeds=2"]
    assert run(tmp_path, program, *flags) == 0
    found = chemprop.results(tmp_path / "found")["esol/random"]
    assert list(found) == ["0", "1"] and set(found["0"]) == {"chemprop", "forest"}
    for seed, entries in found.items():
        assert entries["chemprop"]["score"] == pytest.approx(0.5)
        assert entries["chemprop"]["versions"] == "chemprop 2.0"
        assert entries["chemprop"]["train"]["peak_memory"] > 0
        assert ("predict" in entries["chemprop"]) == (seed == "0")
        assert 0 < entries["forest"]["score"] < 10
    words = found["1"]["chemprop"]["command"]
    assert words.startswith("chemprop train --data-path molecules.csv --smiles-columns smiles")
    assert "--pytorch-seed 1" in words
    capsys.readouterr()
    assert run(tmp_path, "a program that is not there", *flags) == 0  # nothing is left to run
    assert capsys.readouterr().out == ""
    line = chemprop.table({"esol/random": found}).splitlines()[-1]
    assert line.startswith("| esol, random | - | - | 0.500 ± 0.000 (2); ")


def test_the_parts_of_a_random_split_are_those_of_its_seed(tmp_path, molecules):
    parts = []
    for seed in (0, 1):
        problem = chemprop.prepared("esol/random", seed, "", tmp_path / str(seed))
        rows = problem.rows()
        assert [row["smiles"] for row in rows] == list(trained.SMILES)
        assert problem.targets == ("size",) and problem.kind == "regression"
        parts.append([row["split"] for row in rows])
        with open(problem.folder / "test.csv", newline="") as file:
            assert list(csv.DictReader(file)) == [
                dict(smiles=row["smiles"]) for row in rows if row["split"] == "test"
            ]
        assert len(molecule_tools.read(problem.folder / "many.csv")) == 30
    assert parts[0] != parts[1] and set(parts[0]) == {"train", "val", "test"}


def test_a_program_that_fails_is_named_with_the_place_of_its_words(tmp_path, molecules, capsys):
    path = tmp_path / "chemprop"
    path.write_text(f"#!{sys.executable}\nraise SystemExit(3)\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    assert run(tmp_path, path, "--tools=chemprop") == 2
    error = capsys.readouterr().err
    assert "chemprop ended with 3" in error and "output.txt has its words" in error


@pytest.mark.parametrize(("flag", "what"), [("--tools=chemprob", "forest"), ("--only=x", "bace")])
def test_an_unknown_name_is_answered_with_those_that_exist(flag, what, tmp_path, program, capsys):
    assert run(tmp_path, program, flag) == 2
    assert what in capsys.readouterr().err


def test_scores_leave_out_what_is_not_known():
    wanted = np.array([[1.0, 0.0], [0.0, np.nan], [1.0, 0.0], [np.nan, 0.0]])
    found = np.array([[0.9, 0.1], [0.5, 0.9], [0.4, 0.2], [0.0, 0.3]])
    # The second target has one class alone, and is not scored.
    assert molecule_tools.score(found, wanted, "classification") == 0.5
    errors = [0.1, 0.1, 0.5, 0.6, 0.2, 0.3]
    expected = math.sqrt(sum(error**2 for error in errors) / 6)
    assert molecule_tools.score(found, wanted, "regression") == pytest.approx(expected)
    with pytest.raises(ValueError, match="no prediction"):
        molecule_tools.score(np.array([[np.nan]]), np.array([[1.0]]), "regression")


def test_the_page_has_the_table_of_the_file(tmp_path, monkeypatch):
    copy = tmp_path / "chemprop.md"
    copy.write_text(chemprop.PAGE.read_text())
    monkeypatch.setattr(chemprop, "PAGE", copy)
    chemprop.write_page()
    assert copy.read_text() == (chemprop.ROOT / "docs" / "chemprop.md").read_text()
