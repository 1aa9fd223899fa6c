"""CSV files of molecules: labels, rejected rows, and clear refusals."""

import numpy as np
import pytest

from gtx.data import CsvError, Label, csv_source

pytest.importorskip("rdkit", reason="molecules need RDKit (extra: molecules)")


@pytest.fixture
def write(tmp_path):
    def to_file(text, encoding="utf-8"):
        path = tmp_path / "mine.csv"
        path.write_text(text, encoding=encoding, newline="")
        return path

    return to_file


GOOD = "name,smiles,logS,tox\nethanol,CCO,1.1,0\nsalt,[Na+].[Cl-],,1\nwater,O,2.5,1\n"


def test_molecules_and_labels_are_read(write):
    data = csv_source.load(write(GOOD), target_columns=("logS",), split="none")
    assert data.dataset.names.tolist() == ["CCO", "[Na+].[Cl-]", "O"]
    np.testing.assert_allclose(data.dataset.labels[:, 0], [1.1, np.nan, 2.5], rtol=1e-6)
    assert data.dataset.spec.label == Label("graph", "regression", 1, ("logS",))
    assert data.rejected == () and data.scaler is None


def test_rows_that_do_not_parse_are_reported_and_others_keep_their_labels(write):
    text = "smiles,y\nCCO,1\n\nC(C,2\n,3\n  O ,4\n"
    data = csv_source.load(write(text), target_columns="y", split="none")
    np.testing.assert_array_equal(data.dataset.labels[:, 0], [1, 4])
    np.testing.assert_array_equal(data.dataset.ids, [0, 3])
    assert [(each.row, each.smiles) for each in data.rejected] == [(4, "C(C"), (5, "")]
    assert "parentheses" in data.rejected[0].reason and data.rejected[1].reason == "empty"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_files_of_spreadsheets_are_read(write, newline, encoding):
    text = newline.join(["smiles, y", '"CCO","1.5"', "O,NaN", ""])
    data = csv_source.load(write(text, encoding), target_columns="y", split="none")
    np.testing.assert_array_equal(data.dataset.labels[:, 0], [1.5, np.nan])


def test_binary_takes_zero_one_and_truth(write):
    text = "smiles,y\nC,0\nCC,true\nCCC,\nO,1.0\n"
    data = csv_source.load(write(text), target_columns=("y",), kind="binary", split="none")
    np.testing.assert_array_equal(data.dataset.labels[:, 0], [0, 1, np.nan, 1])
    assert data.dataset.spec.label.kind == "binary"


def test_several_targets_are_multilabel(write):
    text = "smiles,a,b\nC,0,\nCC,1,1\n"
    data = csv_source.load(write(text), target_columns=("a", "b"), kind="multilabel", split="none")
    np.testing.assert_array_equal(data.dataset.labels, [[0, np.nan], [1, 1]])
    assert data.dataset.spec.label == Label("graph", "multilabel", 2, ("a", "b"))


@pytest.mark.parametrize(
    ("cells", "names", "labels"),
    [
        (["low", "high", "", "low"], ("high", "low"), [1, 0, -1, 1]),
        (["10", "9", "10", "2"], ("2", "9", "10"), [2, 1, 2, 0]),
    ],
)
def test_classes_are_the_distinct_texts_in_order(write, cells, names, labels):
    text = "smiles,y\n" + "".join(f"{'C' * (n + 1)},{cell}\n" for n, cell in enumerate(cells))
    data = csv_source.load(write(text), target_columns="y", kind="multiclass", split="none")
    assert data.dataset.spec.label == Label("graph", "multiclass", len(names), names)
    np.testing.assert_array_equal(data.dataset.labels, labels)


def test_the_split_can_be_a_column(write):
    text = "smiles,y,part\nC,1,train\nC(C,1,nonsense\nCC,1,Val\nCCC,1,test\nCCCC,1,\n"
    data = csv_source.load(write(text), target_columns="y", split="column", split_column="part")
    np.testing.assert_array_equal(data.dataset.split, [0, 1, 2, -1])
    with pytest.raises(CsvError, match="row 2, column 'y' holds '1'.*one of .'train'"):
        csv_source.load(write(text), target_columns="y", split="column", split_column="y")


def test_the_split_can_be_random_or_by_scaffold(write):
    text = "smiles,y\n" + "".join(f"{'C' * (n + 1)},{n}\n" for n in range(10))
    random = csv_source.load(write(text), target_columns="y", seed=3).dataset
    np.testing.assert_array_equal(np.bincount(random.split), [8, 1, 1])
    again = csv_source.load(write(text), target_columns="y", seed=3).dataset
    np.testing.assert_array_equal(random.split, again.split)
    scaffold = csv_source.load(write(text), target_columns="y", split="scaffold").dataset
    np.testing.assert_array_equal(np.bincount(scaffold.split), [0, 0, 10])  # one scaffold


def test_descriptors_are_scaled_on_train(write):
    text = "smiles,y\n" + "".join(f"{'C' * (n + 1)}O,{n}\n" for n in range(20))
    data = csv_source.load(write(text), target_columns="y", descriptors=True)
    column = data.dataset.graphs["descriptors"]
    assert column.shape == (20, len(data.scaler.names))
    assert "MolWt" in data.scaler.names and "NumHDonors" not in data.scaler.names  # constant
    assert np.abs(column).max() <= data.scaler.clip


CASES = {
    "empty": ("", dict(), "mine.csv: is empty"),
    "no rows": ("smiles,y\n", dict(), "has a header and no rows"),
    "only blank rows": ("smiles,y\n,\n\n", dict(), "has a header and no rows"),
    "no column": (
        "SMILES,y\nC,1\n",
        dict(),
        r"no column 'smiles' among \['SMILES', 'y'\].*'SMILES'",
    ),
    "near column": (
        GOOD,
        dict(target_columns="logs"),
        r"no column 'logs' among .*Did you mean 'logS'",
    ),
    "semicolons": ("smiles;y\nC;1\n", dict(), "semicolons or tabs; use commas"),
    "twice": ("smiles,y,y\nC,1,2\n", dict(), r"\['y'\] occur twice"),
    "text label": ("smiles,y\nC,1\nCC,high\n", dict(), "row 3, column 'y' holds 'high'.*number"),
    "comma number": ('smiles,y\nC,"1,5"\n', dict(), "row 2, column 'y' holds '1,5'"),
    "infinite label": ("smiles,y\nC,inf\n", dict(), "row 2, column 'y' holds 'inf'.*finite"),
    "huge label": ("smiles,y\nC,1e60\n", dict(), "row 2, column 'y' holds '1e60'"),
    "grouped digits": ("smiles,y\nC,1_000\n", dict(), "row 2, column 'y' holds '1_000'"),
    "no truth": ("smiles,y\nC,2\n", dict(kind="binary"), "row 2, column 'y' holds '2'.*0 or 1"),
    "no molecule": (
        "smiles,y\nethanol,1\n",
        dict(),
        r"none of 1 molecules in column 'smiles'.*row 2 \('ethanol'\): .*syntax error",
    ),
    "no label": ("smiles,y\nC,\nCC,\n", dict(), r"no molecule has a label in \['y'\]"),
    "too many cells": ("smiles,y\nC,1,2\n", dict(), "row 2 has 3 cells, the header 2"),
    "open quote": ('smiles,y\n"C,1\n', dict(), "not a CSV file in UTF-8"),
    "two binaries": (GOOD, dict(target_columns=("logS", "tox"), kind="binary"), "Name one column"),
    "no target": (GOOD, dict(target_columns=()), r"target columns \[\]"),
    "unknown split": (GOOD, dict(target_columns="logS", split="any"), "split='any' is unknown"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_file_is_refused_with_row_and_column(write, case):
    text, arguments, message = CASES[case]
    with pytest.raises(CsvError, match=message):
        csv_source.load(write(text), **({"target_columns": "y"} | arguments))


def test_another_encoding_is_refused(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes("smiles,y\nC,µ\n".encode("latin-1"))
    with pytest.raises(CsvError, match="not a CSV file in UTF-8"):
        csv_source.load(path, target_columns="y")


def test_prediction_keeps_every_row_and_column(write):
    smiles, table = csv_source.read_smiles(write("id,smiles\n7,CCO\n3,C(C\n\n5,\n"))
    assert smiles == ["CCO", "C(C", ""]
    assert table.header == ("id", "smiles")
    assert table.rows == (("7", "CCO"), ("3", "C(C"), ("5", ""))
    assert table.numbers == (2, 3, 5)
    with pytest.raises(CsvError, match="no column 'SMILE' among .*Did you mean 'smiles'"):
        table.column("SMILE")
