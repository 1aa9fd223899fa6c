"""The command that writes the vectors inside a model."""

import csv

import numpy as np
import pytest

from gtx import Predictor
from gtx.cli.reading import UsageError
from gtx.cli.vector_files import open_file
from tests.cli import commands

pytestmark = pytest.mark.usefixtures("quick_compilation")

ROWS = [["CCO", "a"], ["C(C", "b"], ["", "c, d"], ["c1ccccc1", "é"], ["CCN", ""]]
GOOD = [0, 3, 4]


@pytest.fixture(scope="module")
def predictor(trained_run):
    return Predictor.load(trained_run.workdir)


@pytest.fixture
def source(tmp_path):
    with open(tmp_path / "in.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["smiles", "id"], *ROWS])
    return tmp_path / "in.csv"


def embed(run, source, output, *more, code=3):
    arguments = (f"--workdir={run.workdir}", f"--input={source}", f"--output={output}", *more)
    assert commands.run("embed", *arguments) == code
    return output


def test_every_row_of_the_input_has_a_vector_or_a_reason(
    trained_run, predictor, source, tmp_path, capsys
):
    found = np.load(embed(trained_run, source, tmp_path / "out.npz"))
    assert sorted(found) == ["error", "header", "rows", "vectors"]
    assert found["header"].tolist() == ["smiles", "id"] and found["rows"].tolist() == ROWS
    assert [bool(error) for error in found["error"]] == [False, True, True, False, False]
    expected = predictor.embed([ROWS[row][0] for row in GOOD])
    np.testing.assert_array_equal(found["vectors"][GOOD], expected)
    assert np.isnan(found["vectors"][[1, 2]]).all()
    said = capsys.readouterr()
    assert "vectors of 3 of 5 molecules" in said.out and "row 3: " in said.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.npz"]


def test_atoms_say_of_which_row_they_are(trained_run, predictor, source, tmp_path):
    found = np.load(embed(trained_run, source, tmp_path / "out.npz", "--level=node"))
    assert found["place"].tolist() == [0] * 3 + [3] * 6 + [4] * 3
    assert found["node"].tolist() == [*range(3), *range(6), *range(3)]
    names = [ROWS[row][0] for row in GOOD]
    np.testing.assert_array_equal(found["vectors"], predictor.embed(names, level="node"))
    assert found["rows"].tolist() == ROWS


def test_parquet_has_the_same_rows(trained_run, predictor, source, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(embed(trained_run, source, tmp_path / "out.parquet"))
    assert table.column_names == ["smiles", "id", "error", "vector"]
    assert [list(row) for row in zip(*table.to_pydict().values(), strict=True)][1][:2] == ROWS[1]
    vectors = table["vector"].to_pylist()
    assert [vector is None for vector in vectors] == [False, True, True, False, False]
    expected = predictor.embed([ROWS[row][0] for row in GOOD])
    np.testing.assert_array_equal(np.float32([vectors[row] for row in GOOD]), expected)
    output = embed(trained_run, source, tmp_path / "atoms.parquet", "--level=node")
    atoms = parquet.read_table(output).to_pydict()
    assert atoms["smiles"] == ["CCO"] * 3 + ["C(C", ""] + ["c1ccccc1"] * 6 + ["CCN"] * 3
    assert atoms["node"] == [0, 1, 2, None, None, *range(6), *range(3)]
    kept = [vector for vector in atoms["vector"] if vector is not None]
    names = [ROWS[row][0] for row in GOOD]
    np.testing.assert_array_equal(np.float32(kept), predictor.embed(names, level="node"))


def test_parquet_has_a_column_for_each_member(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    members = ["_seed_0", "_seed_4"]
    file = open_file(str(tmp_path / "v.parquet"), ["smiles"], nodes=False, members=members)
    vectors = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    file.write([["C"], ["("], ["O"]], ["", "wrong", ""], vectors, None)
    file.finish()
    table = parquet.read_table(tmp_path / "v.parquet").to_pydict()
    assert table["vector_seed_0"] == [[0, 1], None, [4, 5]]
    assert table["vector_seed_4"] == [[6, 7], None, [10, 11]]
    with pytest.raises(UsageError, match="'vector_seed_0'.* would be there twice"):
        open_file(str(tmp_path / "v.parquet"), ["vector_seed_0"], nodes=False, members=members)


def test_parts_of_a_file_are_joined(trained_run, predictor, tmp_path, monkeypatch):
    monkeypatch.setattr("gtx.cli.predict_molecules.ROWS", 2)
    names = ["CCO", "CC", "C(C", "N", "CCC"]
    (tmp_path / "in.csv").write_text("\n".join(["smiles", *names]) + "\n")
    good = [name for name in names if name != "C(C"]
    found = np.load(embed(trained_run, tmp_path / "in.csv", tmp_path / "a.npz"))
    np.testing.assert_allclose(found["vectors"][[0, 1, 3, 4]], predictor.embed(good), rtol=1e-6)
    found = np.load(embed(trained_run, tmp_path / "in.csv", tmp_path / "b.npz", "--level=node"))
    assert found["place"].tolist() == [0, 0, 0, 1, 1, 3, 4, 4, 4]
    vectors = predictor.embed(good, level="node")
    np.testing.assert_allclose(found["vectors"], vectors, rtol=1e-6)


@pytest.mark.parametrize(
    ("output", "more", "message"),
    [
        ("out.csv", (), "ends with .npz or .parquet"),
        ("nowhere/out.npz", (), "there is no folder"),
        ("out.npz", ("--smiles_column=mol",), "mol"),
    ],
)
def test_wrong_flags_are_refused(trained_run, source, tmp_path, capsys, output, more, message):
    embed(trained_run, source, tmp_path / output, *more, code=2)
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
