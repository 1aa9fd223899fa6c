"""Peptides-func."""

import numpy as np
import pytest

from gtx.data.sources import PeptidesFunc, peptides_func
from tests.data.files import data_folder


def test_the_atom_table_has_173_rows():
    assert sum(peptides_func.ATOM_SIZES) == 173


def test_a_missing_file_says_where_it_belongs(tmp_path):
    with pytest.raises(FileNotFoundError, match="peptides_func/peptides_func.npz"):
        PeptidesFunc(str(tmp_path)).load()


def test_peptides_have_the_published_sizes():
    dataset = PeptidesFunc(str(data_folder())).load()
    np.testing.assert_array_equal(np.bincount(dataset.targets.split), [10873, 2331, 2331])
    assert dataset.spec.label.kind == "multilabel" and dataset.targets.labels.shape == (15535, 10)
    assert dataset.num_nodes.mean() == pytest.approx(150.94, abs=0.01)
    assert dataset.num_edges.mean() == pytest.approx(307.30, abs=0.01)
