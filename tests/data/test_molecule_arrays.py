"""Atoms and bonds out of RDKit's bytes equal those of a call for each of their properties."""

import gzip

import numpy as np
import pytest

from gtx.data import molecule_arrays, molecules, smiles
from gtx.data.molecule_arrays import arrays_of
from tests.data import spellings
from tests.data.files import data_folder

pytest.importorskip("rdkit", reason="molecules need RDKit (extra: molecules)")

ODD = [
    "C", "[H][H]", "[2H]O[2H]", "[Na+].[Cl-]", "[Fe+6]", "[O-2]", "[CH3]", "[CH2]", "[13CH4]",
    "[235U]", "[NH3]->[Cu]", "C$C", "[Og]", "[Xe](F)(F)(F)F", "C[N+](=O)[O-]", "CN=[N+]=[N-]",
    "c1ccc2ccccc2c1", "C12C3C4C1C5C2C3C45", "O=S(=O)(O)c1c[nH]cc1", "[H]c1ccccc1", "B1OB1",
    "CCCCCCCCCCCCCCCCCCCC.O.O.O", "[BiH3]", "[SiH4]", "F[P-](F)(F)(F)(F)F", "C1CC1(C)C#N",
    r"F/C=C/F", "C[C@H](N)O", "C" * 255, "[cH-]1cccc1.[Fe+2].[cH-]1cccc1",
]  # fmt: skip
# RDKit's bytes have more for these, or their atoms have more numbers.
CALLED = ["C" * 256, "*C", "[*]", "C~C"]


def same(found, expected):
    for field in ("sizes", "counts", "atoms", "bonds", "ends"):
        np.testing.assert_array_equal(getattr(found, field), getattr(expected, field), field)


def by_calls(parsed):
    parts = [molecule_arrays._called(molecule) for molecule in parsed]
    fields = ("sizes", "counts", "atoms", "bonds", "ends")
    joined = (np.concatenate([getattr(part, field) for part in parts]) for field in fields)
    return molecule_arrays.MoleculeArrays(*joined)


def read(parsed):
    binary = molecule_arrays.binaries()
    return arrays_of([binary(molecule) for molecule in parsed], parsed.__getitem__)


def binaries(texts):
    parsed, errors = smiles.parse(texts)
    assert not errors
    return parsed, list(map(molecule_arrays.binaries(), parsed))


@pytest.mark.parametrize("stereo", [True, False])
def test_odd_molecules_are_read_from_their_bytes(stereo):
    texts = [*ODD, *spellings.STEREO.values()]
    parsed, errors = smiles.parse(texts, stereo=stereo)
    assert not errors
    same(read(parsed), by_calls(parsed))
    _, good = molecule_arrays._decoded(binaries(texts)[1])
    assert good.all()


def test_what_the_bytes_do_not_hold_is_read_by_calls_in_its_place():
    texts = ["CCO", *CALLED, "c1ccccc1", CALLED[1]]
    parsed, found = binaries(texts)
    _, good = molecule_arrays._decoded(found)
    assert good.tolist() == [text not in CALLED for text in texts]
    same(read(parsed), by_calls(parsed))


def test_no_molecule_has_no_atoms():
    assert read([]).atoms.shape == (0, 9)


def test_rdkit_s_search_for_stereo_changes_no_feature():
    names = ["moleculenet/esol", "moleculenet/bace", "zinc12k/zinc12k"]
    texts = []
    for name in names:
        with gzip.open(data_folder() / f"{name}_smiles.txt.gz", "rt") as lines:
            texts += lines.read().split()[::80]
    (one, _), (other, _) = (smiles.parse(texts, stereo=stereo) for stereo in (True, False))
    assert len(texts) > 150 and None not in one
    # Where the text marks no stereo, nothing but RDKit's own tags may differ.
    left, right = by_calls(one), read(other)
    same(right, by_calls(other))
    np.testing.assert_array_equal(np.delete(left.atoms, 1, 1), np.delete(right.atoms, 1, 1))
    np.testing.assert_array_equal(np.delete(left.bonds, 1, 1), np.delete(right.bonds, 1, 1))
    np.testing.assert_array_equal(left.ends, right.ends)


@pytest.mark.parametrize(
    "change",
    [
        lambda binary: binary[:-1],
        lambda binary: binary[:29],
        lambda binary: b"",
        lambda binary: binary + b"\0",
        lambda binary: binary[:8] + b"\x0f" + binary[9:],  # an older version
        lambda binary: binary[:20] + b"\xff\xff\xff\xff" + binary[24:],
        lambda binary: binary[:20] + b"\x02" + binary[21:],  # fewer atoms
        lambda binary: binary[:24] + b"\xff" + binary[25:],  # more bonds
        lambda binary: bytes(len(binary)),
    ],
)
def test_bytes_of_another_form_are_not_read(change):
    parsed, (one, other) = binaries(["CC(=O)Oc1ccccc1", "CCO"])
    found, good = molecule_arrays._decoded([other, change(one), other])
    assert good.tolist() == [True, False, True]
    assert found.sizes.tolist() == [3, 0, 3]
    np.testing.assert_array_equal(found.atoms, by_calls([parsed[1], parsed[1]]).atoms)
    np.testing.assert_array_equal(found.ends, by_calls([parsed[1], parsed[1]]).ends)


def test_any_changed_byte_is_refused_or_changes_only_its_molecule():
    parsed, (one, other) = binaries(["CC(=O)Oc1ccc(C=N)cc1.[Na+]", "C1CC1N"])
    rng = np.random.default_rng(0)
    mixed = []
    for place in range(len(one)):
        damaged = bytearray(one)
        damaged[place] ^= 1 << int(rng.integers(8))
        mixed += [other, bytes(damaged)]
    found, good = molecule_arrays._decoded(mixed)
    whole = by_calls([parsed[1]])
    assert good[::2].all() and not good.all()
    first = np.concatenate([[0], np.cumsum(found.sizes)])
    for row in range(0, len(mixed), 2):
        np.testing.assert_array_equal(found.atoms[first[row] : first[row + 1]], whole.atoms)


@pytest.mark.parametrize("features", ["cip", "ogb", "types"])
def test_a_dataset_does_not_depend_on_how_molecules_are_read(features, monkeypatch):
    texts = [*ODD, *CALLED, *spellings.STEREO.values(), "C(C", "CC"]
    one, errors = molecules.from_smiles(texts, features=features)
    monkeypatch.setattr(molecule_arrays, "_VERSIONS", ())  # no form is known
    monkeypatch.setattr(molecules, "_PART", 7)
    other, errors_too = molecules.from_smiles(texts, features=features)
    assert errors == errors_too and list(errors) == [len(texts) - 2]
    for field in ("node_ptr", "edge_ptr", "senders", "receivers", "ids", "names"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))
    for level in ("nodes", "edges"):
        (left,), (right,) = getattr(one, level).values(), getattr(other, level).values()
        assert left.dtype == np.int32
        np.testing.assert_array_equal(left, right)
