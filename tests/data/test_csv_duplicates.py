"""Molecules in several rows of a CSV file, and a test part in a file of its own."""

import logging

import numpy as np
import pytest

from gtx.data import CsvError, DatasetError, csv_source
from gtx.data.sources import CSV

pytest.importorskip("rdkit", reason="molecules need RDKit (extra: molecules)")

TEXT = (
    "smiles,y,z,w,part\n"
    "CCO,1,,1,train\n"
    "CC,5,1,1,train\n"
    "OCC,4,2,2,train\n"
    "C[C@H](O)N,1,1,1,train\n"
    "C[C@@H](O)N,2,1,1,train\n"
    "C(O)C,10,4,1,test\n"
    "xx,1,1,1,train\n"
)


@pytest.fixture
def write(tmp_path):
    def to_file(text, name="mine.csv"):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return to_file


def test_duplicates_are_kept_and_reported_by_row(write, caplog):
    with caplog.at_level(logging.WARNING, "gtx"):
        data = csv_source.load(write(TEXT), target_columns="y,z")
    assert len(data.dataset) == 6
    (record,) = caplog.records
    assert record.getMessage() == (
        "mine.csv: 1 molecules stand in several rows, 1 of them with different values, such as "
        "rows 2, 4, 7. duplicates=mean (--config.data.duplicates=mean) averages them."
    )
    caplog.clear()
    csv_source.load(write("smiles,y\nC,1\nCC,2\n"), target_columns="y")
    assert not caplog.records


def test_the_mean_is_over_known_values_with_the_weights_of_the_rows(write):
    given = dict(target_columns="y,z", duplicates="mean", weight_column="w")
    data = csv_source.load(write(TEXT), **given)
    assert data.dataset.names.tolist() == ["CCO", "CC", "C[C@H](O)N", "C[C@@H](O)N"]
    np.testing.assert_allclose(
        data.dataset.targets.labels, [[4.75, 8 / 3], [5, 1], [1, 1], [2, 1]], rtol=1e-6
    )
    np.testing.assert_array_equal(data.dataset.targets.weights, [4, 1, 1, 1])
    assert [(each.row, "mean" in each.reason) for each in data.rejected] == [
        (4, True), (7, True), (8, False),
    ]  # fmt: skip
    assert "the molecule of row 2" in data.rejected[0].reason
    apart = csv_source.load(write(TEXT), **given, split_column="part").dataset
    np.testing.assert_allclose(apart.targets.labels[:, 0], [3, 5, 1, 2, 10])
    assert apart.part("test").names.tolist() == ["C(O)C"]


def test_classes_have_no_mean_but_may_agree(write):
    text = "smiles,y,n\nCCO,red,1\nOCC,red,3\nC,blue,1\n"
    mixed = dict(kind="mixed", kinds="multiclass,regression", duplicates="mean")
    data = csv_source.load(write(text), target_columns="y,n", **mixed)
    np.testing.assert_array_equal(data.dataset.targets.labels, [[1, 2], [0, 1]])
    alone = csv_source.load(
        write(text), target_columns="y", kind="multiclass", duplicates="mean"
    ).dataset
    np.testing.assert_array_equal(alone.targets.labels, [1, 0])
    wrong = write(text.replace("OCC,red", "OCC,blue"))
    with pytest.raises(CsvError, match="rows 2, 3 has different classes in column 'y'.*keep"):
        csv_source.load(wrong, target_columns="y,n", **mixed)


def test_a_second_file_is_the_test_part(write):
    path = write("smiles,y\nC,1\nCC,2\nCCC,3\n")
    test = write("y,smiles\n7,CCCC\n8,x(\n", "test.csv")
    source = CSV(path=path, target="y", split="given", test_path=test)
    dataset, rejected = source.load_with_rejected()
    assert dataset.part("train").names.tolist() == ["C", "CC", "CCC"]
    assert dataset.part("test").names.tolist() == ["CCCC"]
    assert len(dataset.part("valid")) == 0 and len(np.unique(dataset.ids)) == 4
    ((row, reason),) = [(each.row, each.reason) for each in rejected]
    assert row == 3 and reason.startswith("of test.csv: ")
    with pytest.raises(CsvError, match="test.csv: there is no column 'y'"):
        bare = write("smiles\nC\n", "test.csv")
        CSV(path=path, target="y", split="given", test_path=bare).load()
    with pytest.raises(DatasetError, match="goes with split 'given'"):
        CSV(path=path, target="y", test_path=test)


def test_classes_are_those_of_both_files(write):
    path = write("smiles,y\n\nC,red\nx(,red\nCC,blue\n")
    test = write("smiles,y\nCCC,green\nCCCC,red\n", "test.csv")
    source = CSV(path=path, target="y", kind="multiclass", split="given", test_path=test)
    dataset = source.load()
    assert dataset.spec.label.names == ("blue", "green", "red")
    np.testing.assert_array_equal(dataset.targets.labels, [2, 0, 1, 2])


def test_means_stay_when_a_second_file_has_further_classes(write):
    path = write("smiles,c,y\nCCO,,1\nOCC,x,3\nCCC,x,5\nCCN,z,7\n")
    test = write("smiles,c,y\nCCCl,y,1\nCCBr,x,\n", "test.csv")
    settings = dict(path=path, split="given", test_path=test, duplicates="mean")
    dataset = CSV(target="c", kind="multiclass", **settings).load()
    assert dataset.spec.label.names == ("x", "y", "z")
    np.testing.assert_array_equal(dataset.targets.labels, [0, 0, 2, 1, 0])
    mixed = CSV(target="c,y", kind="mixed", kinds="multiclass,regression", **settings).load()
    assert mixed.spec.label.parts[0].names == ("x", "y", "z")
    np.testing.assert_array_equal(
        mixed.targets.labels, [[0, 2], [0, 5], [2, 7], [1, 1], [0, np.nan]]
    )


def test_rows_of_weight_0_are_in_no_mean(write):
    given = dict(target_columns="y,z", duplicates="mean", weight_column="w")
    text = "smiles,y,z,w\nCCO,,1,1\nOCC,5,3,0\nCC,2,,0\nC-C,4,,0\nC,1,1,1\n"
    targets = csv_source.load(write(text), **given).dataset.targets
    # The 5 does not come back; of rows that are all of weight 0 there is a mean, which counts not.
    np.testing.assert_array_equal(targets.labels, [[np.nan, 1], [3, np.nan], [1, 1]])
    np.testing.assert_array_equal(targets.weights, [1, 0, 1])
    text = "smiles,y,w\nCCO,a,1\nOCC,b,0\nCC,b,1\n"
    classes = dict(target_columns="y", duplicates="mean", weight_column="w", kind="multiclass")
    assert csv_source.load(write(text), **classes).dataset.targets.labels.tolist() == [0, 1]
