"""CSV files of molecules: labels, rejected rows, and clear refusals."""

import csv

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
    data = csv_source.load(write(GOOD), target_columns=("logS",))
    assert data.dataset.names.tolist() == ["CCO", "[Na+].[Cl-]", "O"]
    np.testing.assert_allclose(data.dataset.targets.labels[:, 0], [1.1, np.nan, 2.5], rtol=1e-6)
    assert data.dataset.spec.label == Label("graph", "regression", 1, ("logS",))
    assert data.rejected == ()


def test_rows_that_do_not_parse_are_reported_and_others_keep_their_labels(write):
    text = "smiles,y\nCCO,1\n\nC(C,2\n,3\n  O ,4\n"
    data = csv_source.load(write(text), target_columns="y")
    np.testing.assert_array_equal(data.dataset.targets.labels[:, 0], [1, 4])
    np.testing.assert_array_equal(data.dataset.ids, [0, 3])
    assert [(each.row, each.smiles) for each in data.rejected] == [(4, "C(C"), (5, "")]
    assert "parentheses" in data.rejected[0].reason and data.rejected[1].reason == "empty"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_files_of_spreadsheets_are_read(write, newline, encoding):
    text = newline.join(["smiles, y", '"CCO","1.5"', "O,NaN", ""])
    data = csv_source.load(write(text, encoding), target_columns="y")
    np.testing.assert_array_equal(data.dataset.targets.labels[:, 0], [1.5, np.nan])


def test_binary_takes_zero_one_and_truth(write):
    text = "smiles,y\nC,0\nCC,true\nCCC,\nO,1.0\n"
    data = csv_source.load(write(text), target_columns=("y",), kind="binary")
    np.testing.assert_array_equal(data.dataset.targets.labels[:, 0], [0, 1, np.nan, 1])
    assert data.dataset.spec.label.kind == "binary"


def test_several_targets_are_multilabel(write):
    text = "smiles,a,b\nC,0,\nCC,1,1\n"
    data = csv_source.load(write(text), target_columns=("a", "b"), kind="multilabel")
    np.testing.assert_array_equal(data.dataset.targets.labels, [[0, np.nan], [1, 1]])
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
    data = csv_source.load(write(text), target_columns="y", kind="multiclass")
    assert data.dataset.spec.label == Label("graph", "multiclass", len(names), names)
    np.testing.assert_array_equal(data.dataset.targets.labels, labels)


def test_the_split_can_be_a_column(write):
    text = "smiles,y,part\nC,1,train\nC(C,1,nonsense\nCC,1,Val\nCCC,1,test\nCCCC,1,\n"
    data = csv_source.load(write(text), target_columns="y", split_column="part")
    np.testing.assert_array_equal(data.dataset.targets.split, [0, 1, 2, -1])
    assert [each.row for each in data.rejected] == [3, 6]
    assert "'part' is empty, so it is in no part" in data.rejected[1].reason
    with pytest.raises(CsvError, match="row 2, column 'y' holds '1'.*one of .'train'"):
        csv_source.load(write(text), target_columns="y", split_column="y")


def test_without_a_column_of_parts_the_molecules_are_unsplit(write):
    data = csv_source.load(write("smiles,y,split\nC,1,train\nCC,2,test\n"), target_columns="y")
    np.testing.assert_array_equal(data.dataset.targets.split, [-1, -1])


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
    "twice": ("smiles,y,y\nC,1,2\n", dict(), r"column 'y' occurs 2 times"),
    "SMILES twice": ("smiles,smiles,y\nC,C,2\n", dict(), r"column 'smiles' occurs 2 times"),
    "tabs": ("smiles\ty\nC\t1\n", dict(), "semicolons or tabs; use commas"),
    "target given twice": (GOOD, dict(target_columns="logS,logS"), r"\['logS'\] are given twice"),
    "empty target": ("smiles,y,\nC,1,2\n", dict(target_columns="y,"), "hold an empty name"),
    "target of no name": (GOOD, dict(target_columns='"logS'), "no row of names"),
    "classification": (
        GOOD,
        dict(target_columns="tox", kind="classification"),
        "kind='classification' is unknown.*Did you mean 'binary' or 'multiclass'",
    ),
    "kind": (GOOD, dict(target_columns="tox", kind="binry"), "Did you mean 'binary'"),
    "one class as two numbers": (
        "smiles,y\nC,2\nCC,3\nCCC,2.0\n",
        dict(kind="multiclass"),
        r"classes '2' \(row 2\) and '2.0' \(row 4\), which look like one",
    ),
    "one class in two cases": (
        "smiles,y\nC,red\nCC,Red\n",
        dict(kind="multiclass"),
        r"'Red' \(row 3\) and 'red' \(row 2\)",
    ),
    "no train": (
        "smiles,y,split\nC,1,test\n",
        dict(split_column="split"),
        "no molecule into train",
    ),
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
    "open quote": ('smiles,y\nC,1\n"C,1\n', dict(), "not a CSV file: .*after row 2. Close"),
    "text after a quote": ('smiles,y\n"C"C,1\n', dict(), "not a CSV file: .*after row 1"),
    "no names": (",\nC,1\n", dict(), "mine.csv: is empty"),
    "two binaries": (GOOD, dict(target_columns=("logS", "tox"), kind="binary"), "Name one column"),
    "no target": (GOOD, dict(target_columns=()), r"target columns \[\]"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_file_is_refused_with_row_and_column(write, case):
    text, arguments, message = CASES[case]
    with pytest.raises(CsvError, match=message):
        csv_source.load(write(text), **({"target_columns": "y"} | arguments))


def test_another_encoding_is_refused(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes("smiles,y\nC,µ\n".encode("latin-1"))
    with pytest.raises(CsvError, match="is not text in UTF-8"):
        csv_source.load(path, target_columns="y")


def test_prediction_keeps_every_row_and_column(write):
    smiles, table = csv_source.read_smiles(write("id,smiles\n7,CCO\n3,C(C\n\n5,\n"))
    assert smiles == ["CCO", "C(C", "", ""]
    assert table.header == ("id", "smiles")
    assert table.rows == (("7", "CCO"), ("3", "C(C"), ("", ""), ("5", ""))
    assert table.numbers == (2, 3, 4, 5)
    with pytest.raises(CsvError, match="no column 'SMILE' among .*Did you mean 'smiles'"):
        table.column("SMILE")


@pytest.mark.parametrize("extra", ["note,note", ",", "note,"])
def test_columns_that_nobody_asks_for_may_have_any_names(write, extra):
    table = csv_source.read(write(f"smiles,{extra},logS\nCCC,a,b,1\n"))
    assert table.rows == (("CCC", "a", "b", "1"),)
    data = csv_source.load(write(f"smiles,{extra},logS\nCCC,a,b,1\n"), target_columns="logS")
    np.testing.assert_array_equal(data.dataset.targets.labels, [[1.0]])


@pytest.mark.parametrize(
    ("target", "names"),
    [
        ("log S, mol/L", ("log S, mol/L",)),
        ('"log S, mol/L"', ("log S, mol/L",)),
        ('"log S, mol/L",tox', ("log S, mol/L", "tox")),
        ('tox, "log S, mol/L"', ("tox", "log S, mol/L")),
        (("tox", "log S, mol/L"), ("tox", "log S, mol/L")),
        (" tox ", ("tox",)),
    ],
)
def test_a_name_with_a_comma_is_a_target_like_another(write, target, names):
    text = 'smiles,"log S, mol/L",tox\nCCC,1,2\n'
    data = csv_source.load(write(text), target_columns=target)
    assert data.dataset.spec.label.names == names
    wanted = [{"log S, mol/L": 1, "tox": 2}[name] for name in names]
    np.testing.assert_array_equal(data.dataset.targets.labels[0], wanted)


def test_a_target_of_two_meanings_is_refused(write):
    text = 'smiles,"a,b",a,b\nCCC,1,2,3\n'
    with pytest.raises(CsvError, match=r"'a,b' is a column, and so are \['a', 'b'\]"):
        csv_source.load(write(text), target_columns="a,b")
    for target, labels in (('"a,b"', [1]), ('"a","b"', [2, 3])):
        found = csv_source.load(write(text), target_columns=target)
        np.testing.assert_array_equal(found.dataset.targets.labels[0], labels)


def test_a_cell_of_any_length_is_read_and_the_limit_of_csv_stays(write):
    before = csv.field_size_limit()
    text = f"smiles,note,y\nCCO,{'x' * 140_000},1\n"
    data = csv_source.load(write(text), target_columns="y")
    np.testing.assert_array_equal(data.dataset.targets.labels, [[1.0]])
    assert csv.field_size_limit() == before


def test_classes_that_are_numbers_stand_by_size(write):
    text = "smiles,y\nC,10\nCC,-1\nCCC,2.5\n"
    data = csv_source.load(write(text), target_columns="y", kind="multiclass")
    assert data.dataset.spec.label.names == ("-1", "2.5", "10")
    np.testing.assert_array_equal(data.dataset.targets.labels, [2, 0, 1])


def test_every_row_stands_for_prediction_as_it_is_in_the_file(write):
    text = 'smiles,note\n CCO ,"two\nlines"\n\nCCN\n,\n""\nCC,,\n'
    smiles, table = csv_source.read_smiles(write(text))
    assert smiles == ["CCO", "", "CCN", "", "", "CC"]
    assert table.rows[0] == (" CCO ", "two\nlines") and table.rows[2] == ("CCN", "")
    assert table.numbers == (2, 3, 4, 5, 6, 7)


def test_a_file_of_thousands_of_columns_is_read(write):
    names = [f"t{number}" for number in range(3000)]
    text = f"smiles,{','.join(names)}\nC{',1' * 3000}\n"
    data = csv_source.load(write(text), target_columns=names)
    assert data.dataset.targets.labels.shape == (1, 3000)
    with pytest.raises(CsvError, match=r"'t19', ...\] \(3001 columns\)|\.\.\.\] \(3001"):
        csv_source.load(write(text), target_columns="u")
