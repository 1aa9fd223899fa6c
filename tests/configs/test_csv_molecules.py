"""Columns of a CSV file that a config can name."""

import numpy as np
import pytest

from configs import csv_molecules, smoke
from gtx import recipes
from gtx.data import CsvError

pytest.importorskip("rdkit", reason="molecules need RDKit (extra: molecules)")


def loaded(path, text, **settings):
    path.write_text(text)
    config = csv_molecules.get_config()
    config.data.path = str(path)
    config.data.descriptors = ()
    config.data.update(settings)
    return recipes.load(config)


def test_a_target_with_a_comma_in_its_name_is_reached(tmp_path):
    rows = "".join(f"{'C' * (n + 1)},{n},{-n}\n" for n in range(10))
    text = 'smiles,"log S, mol/L",tox\n' + rows
    for target, names in (
        ("log S, mol/L", ("log S, mol/L",)),
        ('tox,"log S, mol/L"', ("tox", "log S, mol/L")),
    ):
        prepared = loaded(tmp_path / "mine.csv", text, target=target)
        assert prepared.dataset.spec.label.names == names


def test_a_column_that_says_the_split_is_reached(tmp_path):
    text = "smiles,y,part\nCCO,1,train\nCCC,2,Train\nCCN,3,val\nCCCl,4,test\nCC,5,\n"
    settings = dict(target="y", split="column", split_column="part")
    prepared = loaded(tmp_path / "mine.csv", text, **settings)
    np.testing.assert_array_equal(prepared.dataset.targets.split, [0, 0, 1, 2, -1])
    assert [each.row for each in prepared.rejected] == [6]
    with pytest.raises(CsvError, match="no column 'split' among"):
        loaded(tmp_path / "mine.csv", text, target="y", split="column")


def test_validation_is_taken_out_of_train_where_the_column_has_none(tmp_path):
    rows = "".join(f"{'C' * (n + 1)},{n},{'test' if n > 9 else 'train'}\n" for n in range(12))
    settings = dict(target="y", split="column", valid_fraction=0.2)
    prepared = loaded(tmp_path / "mine.csv", "smiles,y,split\n" + rows, **settings)
    np.testing.assert_array_equal(np.bincount(prepared.dataset.targets.split), [8, 2, 2])


def test_other_sources_have_no_split_column():
    config = smoke.get_config()
    config.data.split = "column"
    with pytest.raises(recipes.ConfigError, match="config.data.split: 'column' is not possible"):
        recipes.load(config)
