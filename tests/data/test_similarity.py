import numpy as np
import pytest

pytest.importorskip("rdkit", reason="molecules need RDKit (extra: molecules)")

from gtx.data import DatasetError, molecules, similarity


def test_similarity_is_that_of_counts_and_names_the_nearest():
    known = ["CCO", "c1ccccc1", "CCCCCC", "OCC"]
    of = ["C(O)C", "CCCCC", "c1ccccc1O", "[Xe]"]
    found, place = similarity.nearest(similarity.fingerprints(of), similarity.fingerprints(known))
    counts = molecules.morgan_counts([*of, *known], size=2**16).astype(float)
    a, b = counts[: len(of), None], counts[None, len(of) :]
    expected = np.minimum(a, b).sum(2) / np.maximum(a, b).sum(2)
    np.testing.assert_allclose(found, expected.max(axis=1), rtol=1e-6)
    assert found[0] == 1.0 and place[0] == 0 and found[3] == 0.0
    np.testing.assert_array_equal(place, expected.argmax(axis=1))


def test_a_smiles_that_does_not_parse_is_named():
    with pytest.raises(DatasetError, match="molecule 1"):
        similarity.fingerprints(["C", "C("])
