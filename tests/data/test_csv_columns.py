"""Further columns of a CSV file of molecules, which a model reads beside them."""

import dataclasses
import logging

import numpy as np
import pytest

from configs import csv_molecules
from gtx import recipes
from gtx.data import Categorical, Continuous, CsvError, DatasetError, GraphSpec, csv_source
from gtx.data.category_names import named_like
from gtx.data.sources import CSV

pytest.importorskip("rdkit", reason="molecules need RDKit (extra: molecules)")

TEXT = (
    'smiles,y,"T, K",solvent,plate,dry\n'
    "CCO,1,298.15,water,10,true\n"
    "CC,2,,water,10,True\n"
    "CN,3,310,DMSO,9,false\n"
    "CF,4,3e2,water,9, FALSE \n"
    "CCl,5,300,NA,9,true\n"
    "xx,6,,,,\n"
)


@pytest.fixture
def write(tmp_path):
    def to_file(text, name="mine.csv"):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return to_file


def test_numbers_and_categories_become_graph_columns(write):
    names = '"T, K",solvent,plate,dry'
    found = csv_source.load(write(TEXT), target_columns="y", columns=names, categorical="plate")
    dataset = found.dataset
    assert dataset.names.tolist() == ["CCO", "CN", "CF"]
    assert dataset.spec.graphs == {
        "T, K": Continuous(1),
        "solvent": Categorical((2,), names=(("DMSO", "water"),)),
        "plate": Categorical((2,), names=(("9", "10"),)),
        "dry": Categorical((2,), names=(("false", "true"),)),
    }
    values = {name: array[:, 0].tolist() for name, array in dataset.graphs.items()}
    assert values["T, K"] == [np.float32(298.15), 310, 300]
    assert values["solvent"] == [1, 0, 1] and values["plate"] == [1, 0, 0]
    assert values["dry"] == [1, 0, 0]
    np.testing.assert_array_equal(dataset.targets.labels[:, 0], [1, 3, 4])
    reasons = {each.row: each.reason for each in found.rejected}
    assert "syntax" in reasons.pop(7)  # not of its cells, which are empty too
    assert reasons == {3: "column 'T, K' is empty", 6: "column 'solvent' is empty"}
    alone = csv_source.load(write(TEXT), target_columns="y", columns=("plate",))
    assert alone.dataset.spec.graphs == {"plate": Continuous(1)} and len(alone.dataset) == 5


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(columns="solvnt"), "no column 'solvnt' among.*Did you mean 'solvent'"),
        (dict(columns="y"), r"the columns \['y'\] have another use"),
        (dict(columns="smiles,plate"), r"the columns \['smiles'\] have another use"),
        (dict(columns="plate,plate"), r"the columns \['plate'\] are given twice"),
        (dict(columns="solvent", categorical="plate"), r"\['plate'\] are not among the columns"),
        (dict(columns="mess"), "'mess' is 'cold', and a number, '5'.*data.categorical"),
        (dict(columns="spelled"), "'spelled' is 'b', and 'B' in row 2.*look like one category"),
        (dict(columns="void"), "every cell of column 'void' is empty"),
        (dict(columns="huge", categorical=""), "column 'huge' is '1e99'. It must be a finite"),
        (dict(columns="descriptors"), "has the name of RDKit's descriptors"),
    ],
)
def test_columns_that_are_none_are_refused(write, settings, message):
    text = (
        "smiles,y,solvent,plate,mess,spelled,void,huge,descriptors\n"
        "C,1,a,1,5,B,,1e99,1\nCC,2,b,1,cold,b,nan,2,1\n"
    )
    with pytest.raises(DatasetError, match=message):
        csv_source.load(write(text), target_columns="y", **settings)


def test_no_row_with_all_values_is_refused(write):
    path = write("smiles,y,a,b\nC,1,1,\nCC,2,,1\n")
    with pytest.raises(CsvError, match="none of 2 .*'b' is empty.*columns without empty cells"):
        csv_source.load(path, target_columns="y", columns="a,b")


def test_rows_with_other_values_are_no_duplicates(write, caplog):
    path = write("smiles,y,T\nCCO,1,25\nOCC,3,25.0\nCCO,7,37\nC,1,25\n")
    given = dict(target_columns="y", columns="T")
    mean = csv_source.load(path, **given, duplicates="mean").dataset
    np.testing.assert_array_equal(mean.targets.labels[:, 0], [2, 7, 1])
    np.testing.assert_array_equal(mean.graphs["T"][:, 0], [25, 37, 25])
    with caplog.at_level(logging.WARNING, "gtx"):
        csv_source.load(path, **given)
    assert "1 of them with different values, such as rows 2, 3. dup" in caplog.text


def test_categories_are_those_of_both_files(write):
    path = write("smiles,y,solvent,T\nC,1,water,1\nCC,2,water,2\n")
    test = write("T,solvent,y,smiles\n3,DMSO,3,CCC\n", "test.csv")
    source = CSV(path=path, target="y", split="given", test_path=test, columns="solvent,T")
    dataset = source.load()
    assert dataset.spec.graphs["solvent"].names == (("DMSO", "water"),)
    assert dataset.graphs["solvent"][:, 0].tolist() == [1, 1, 0]
    assert dataset.graphs["T"][:, 0].tolist() == [1, 2, 3]


def test_numbers_have_the_scale_of_the_training_part(write):
    parts = ["train"] * 6 + ["valid"] * 2 + ["test"] * 2
    rows = "".join(
        f"{'C' * (n + 1)},{n},{n * n},{'ab'[n % 2]},{part}\n" for n, part in enumerate(parts)
    )
    config = csv_molecules.get_config()
    fields = dict(path=write("smiles,y,T,s,split\n" + rows), target="y", split="column")
    config.data.update({**fields, "columns": "T,s", "descriptors": ()})
    dataset = recipes.load(config).dataset
    train = np.arange(6.0) ** 2
    expected = (np.arange(10.0) ** 2 - train.mean()) / train.std()
    np.testing.assert_allclose(dataset.graphs["T"][:, 0], expected, rtol=1e-6)
    assert dataset.spec.graphs["T"].mean == (train.mean(),)
    np.testing.assert_array_equal(dataset.graphs["s"][:, 0], np.arange(10) % 2)


def test_categories_of_a_file_that_is_read_anew_keep_their_numbers(write):
    def load(text):
        return csv_source.load(write(text), target_columns="y", columns="s").dataset

    known = load("smiles,y,s\nC,1,a\nCC,2,b\nCCC,3,c\n").spec
    fewer = load("smiles,y,s\nC,1,c\nCC,2,b\n")
    assert fewer.graphs["s"][:, 0].tolist() == [1, 0]
    again = named_like(fewer, known)
    assert again.graphs["s"][:, 0].tolist() == [2, 1] and again.spec.graphs == known.graphs
    assert again.nodes["atom"] is fewer.nodes["atom"] and again.spec.nodes == fewer.spec.nodes
    others = load("smiles,y,s\nC,1,c\nCC,2,d\n")
    with pytest.raises(DatasetError, match=r"graphs\['s'\] holds 'd', which the training data do"):
        named_like(others, known)
    unnamed = GraphSpec(graphs={"s": Categorical((3,))})
    assert named_like(others, unnamed).graphs["s"].tolist() == others.graphs["s"].tolist()
    wrong = dataclasses.replace(fewer, graphs={"s": np.array([[7], [0]], np.int32)})
    assert named_like(wrong, known).graphs["s"].tolist() == [[7], [1]]  # its check reports it
