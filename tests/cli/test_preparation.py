"""What workers compute of molecules is what a predictor would compute of them."""

import pickle
import warnings

import numpy as np
import pytest

from gtx import Predictor, encodings, recipes
from gtx.cli.preparation import Preparation
from gtx.data.scaling import Scaler

pytest.importorskip("rdkit", reason="molecules need RDKit (extra: molecules)")


def test_columns_are_those_that_the_predictor_computes(trained_run):
    predictor = Predictor.load(trained_run.workdir)
    config = predictor.recipe.config
    given = Preparation(predictor.features, predictor.recipe.scaler, recipes.encodings(config))
    smiles = ["CCO", "C(C", "c1ccccc1"]
    prepared = pickle.loads(pickle.dumps(given))(smiles)
    assert list(prepared.errors) == [1] and "rwse" in prepared.dataset.nodes
    expected, errors = predictor.smiles(smiles)
    assert errors == prepared.errors
    found = predictor.of_molecules(prepared.dataset, len(smiles))
    np.testing.assert_array_equal(found, expected[None])


def test_descriptors_and_what_was_not_computed_come_along():
    scaler = Scaler(("MolWt", "Ipc"), (0.0, 0.0), (100.0, 1.0), 1e6)
    given = Preparation("cip", scaler, (encodings.RandomWalk(3),))
    prepared = given(["C", "xx", "C" * 200])
    assert prepared.dataset.ids.tolist() == [0, 2]
    values = prepared.dataset.graphs["descriptors"]
    np.testing.assert_allclose(values[:, 0], [0.16043, 28.073], rtol=1e-3)
    assert values[1, 1] == 0.0
    ((place, reason),) = prepared.warnings
    assert place == 2 and "too many for the descriptors Ipc" in reason


def test_warnings_that_are_of_no_molecule_are_told(monkeypatch):
    def apply(dataset, _):
        warnings.warn("walks are short", RuntimeWarning, stacklevel=1)
        return dataset

    monkeypatch.setattr(encodings, "apply", apply)
    with pytest.warns(RuntimeWarning, match="walks are short"):
        assert Preparation("cip", None, ())(["C"]).warnings == []
