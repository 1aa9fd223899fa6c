"""Descriptors that are not computed by RDKit's functions have the bits of these."""

import numpy as np
import pytest

from gtx.data import molecules, packed
from gtx.data.descriptor_functions import functions
from gtx.data.smiles import parse, quiet
from tests.data.files import data_folder

pytest.importorskip("rdkit", reason="descriptors need RDKit (extra: molecules)")

NAMES = ("BertzCT", "BalabanJ", "MaxPartialCharge", "MinPartialCharge")
NAMES += ("MaxAbsPartialCharge", "MinAbsPartialCharge")
ODD = [
    "C", "CC", "[H][H]", "N#N", "C$C", "*C", "[Na+].[Cl-]", "C1CC1.C1CC1", "C[Fe]C", "C.C.C",
    "[NH3]->[Pt](Cl)Cl", "[Cu+2].[O-]C(=O)C.[O-]C(=O)C", "F[P-](F)(F)(F)(F)F", "C1=CC=CC=C1~[Cr]",
    "O=[N+]([O-])c1ccccc1", "c1ccc2c(c1)[nH]c1ccccc12", "C" * 120,
]  # fmt: skip


def shipped():
    """Some of the molecules of two sets."""
    sizes = dict(node_sizes=molecules.ATOM_SIZES, edge_sizes=molecules.BOND_SIZES)
    names = dict(node_name="atom", edge_name="bond")
    paths = [data_folder() / "moleculenet" / f"{name}.npz" for name in ("esol", "bbbp")]
    return [text for path in paths for text in packed.load(path, **sizes, **names).names[::9]]


def values(smiles, known, names):
    found, _ = parse(smiles)
    table = np.full((len(found), len(names)), np.inf)
    with quiet():
        for row, molecule in enumerate(found):
            for column, name in enumerate(names):
                try:
                    table[row, column] = known[name](molecule)
                except Exception:  # RDKit: not defined for this molecule
                    continue
    return table


@pytest.mark.parametrize("names", [NAMES, NAMES[::-1]], ids=["", "reversed"])
def test_they_have_the_bits_of_rdkits_functions(names):
    from rdkit.Chem import Descriptors

    own, theirs = functions(), dict(Descriptors.descList)
    assert own.keys() == theirs.keys()
    smiles = [*ODD, *shipped()]
    found, expected = values(smiles, own, names), values(smiles, theirs, names)
    assert np.isfinite(expected).mean() > 0.98 and len(smiles) > 300
    np.testing.assert_array_equal(found, expected)
