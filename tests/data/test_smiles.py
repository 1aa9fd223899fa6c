"""Reading SMILES: whole or not at all; what two spellings have in common."""

import string
import weakref

import numpy as np
import pytest

from gtx.data import DatasetError, molecules, smiles
from tests.data import spellings

pytest.importorskip("rdkit", reason="molecules need RDKit (extra: molecules)")


def test_what_does_not_parse_is_reported_with_its_place_and_reason(capfd):
    smiles = ["CCO", "C(C", "", "C(C)(C)(C)(C)C", "c1ccccc", "xyz", None, 3.0, "O"]
    dataset, errors = molecules.from_smiles(smiles)
    np.testing.assert_array_equal(dataset.ids, [0, 8])
    assert dataset.names.tolist() == ["CCO", "O"]
    assert set(errors) == {1, 2, 3, 4, 5, 6, 7}
    assert "extra open parentheses" in errors[1] and "position 2" in errors[1]
    assert errors[2] == "empty"
    assert "Explicit valence for atom # 0 C, 5" in errors[3]
    assert "unclosed ring" in errors[4]
    assert "syntax error" in errors[5]
    assert errors[6] == "a SMILES is text, this is NoneType"
    assert capfd.readouterr() == ("", "")


def test_scaffolds_forget_side_chains_and_stereo():
    found = smiles.scaffolds(["C[C@H](N)c1ccccc1", "CCCC", "OC1CC1"])
    assert found == ["c1ccccc1", "", "C1CC1"]


def test_flat_smiles_are_those_of_all_stereoisomers():
    left, right, other = smiles.flat_smiles(["C[C@H](N)O", "C[C@@H](N)O", "CC"])
    assert left == right != other


def test_a_molecule_that_does_not_parse_is_named():
    with pytest.raises(DatasetError, match=r"molecule 1 \(C\(C\): extra open parentheses"):
        smiles.flat_smiles(["C", "C(C"])


def test_rdkit_logs_as_before_after_a_bad_molecule(capfd):
    from rdkit import Chem

    molecules.from_smiles(["C(C"])
    assert Chem.MolFromSmiles("C(C") is None
    assert "extra open parentheses" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("CC N", "a blank or line break at position 3"),
        ("CC\nN", "a blank or line break at position 3"),
        ("CC\tethane", "a blank or line break at position 3"),
        ("CC |$R1;$|", r"leave out extensions \(CXSMILES\)"),
        ("CC\u00e9", r"U\+00E9 \(LATIN SMALL LETTER E WITH ACUTE\) at position 3"),
        ("CC\u00a0N", r"U\+00A0 \(NO-BREAK SPACE\) at position 3"),
        ("\ufeffCC", r"U\+FEFF"),
        ("CC\u200b", r"U\+200B"),
        ("\uff23\uff23", "FULLWIDTH LATIN CAPITAL LETTER C"),
        ("C\u0661", "ARABIC-INDIC DIGIT ONE"),
        ("CC\x00N", r"U\+0000 \(a control character\) at position 3"),
        ("CC\x0bN", r"U\+000B"),
        ("CC>>N", "a reaction"),
        ("CC>N", "a reaction"),
        (" \t\n", "empty"),
        ("C" * (smiles.MAX_ATOMS + 1), "4001 atoms, 4000 at most"),
        ("C" * (smiles.MAX_CHARACTERS + 1), "200001 characters, 200000 at most"),
    ],
)
def test_what_is_not_one_molecule_as_a_whole_is_refused(text, reason):
    found, errors = smiles.parse([text, "C"])
    assert found[0] is None and found[1] is not None
    assert list(errors) == [0]
    with pytest.raises(DatasetError, match=reason):
        smiles.parse_all([text])


@pytest.mark.parametrize("text", ["  CC", "CC\r\n", "\tCC ", "\u00a0CC"])
def test_blanks_around_a_molecule_are_ignored(text):
    found, errors = smiles.parse([text])
    assert not errors and found[0].GetNumAtoms() == 2


def test_a_dative_bond_is_no_reaction():
    assert not smiles.parse(["N->[Cu]", "[Cu]<-N"])[1]


def test_no_character_hides_what_comes_after_it():
    texts = [f"CC{mark}N" for mark in map(chr, range(0x180)) if mark not in string.digits]
    for text, molecule in zip(texts, smiles.parse(texts)[0], strict=True):
        if molecule is not None:
            assert [atom.GetSymbol() for atom in molecule.GetAtoms()][-1] == "N", text


def test_map_numbers_are_no_part_of_a_molecule():
    mapped = ["[CH3:1][OH:2]", "[CH3:7]c1ccccc1", "[H:3][CH2:1]O", "[13CH3:1][C@H:2](N)O"]
    plain = ["CO", "Cc1ccccc1", "CO", "[13CH3][C@H](N)O"]
    assert smiles.flat_smiles(mapped) == smiles.flat_smiles(plain)
    assert smiles.scaffolds(["[CH3:7][c:1]1[cH:2][cH:3][cH:4][cH:5][cH:6]1"]) == ["c1ccccc1"]
    for one, other in zip(smiles.parse(mapped)[0], smiles.parse(plain)[0], strict=True):
        assert one.GetNumAtoms() == other.GetNumAtoms()
        assert not any(atom.GetAtomMapNum() for atom in one.GetAtoms())


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("[2H]OC", "OC", True),
        ("[13CH4]", "C", True),
        ("[H]/N=C/C", "CC=N", True),
        (r"F/C=C/F", r"F/C=C\F", True),
        ("[Na+].[Cl-]", "[Cl-].[Na+]", True),
        ("CC(=O)O", "CC(=O)[O-]", False),
        ("CC(=O)O", "CC(=O)O.Cl", False),
        ("Oc1ccccn1", "O=c1cccc[nH]1", False),
    ],
)
def test_what_is_part_of_the_key_of_a_molecule(one, other, same):
    left, right = smiles.flat_smiles([one, other])
    assert (left == right) is same


@pytest.mark.parametrize("name", spellings.STEREO)
def test_all_spellings_of_a_molecule_have_one_key(name):
    texts = [spellings.STEREO[name], *spellings.other_spellings(spellings.STEREO[name], 8)]
    assert len(set(smiles.flat_smiles(texts))) == 1
    assert len(set(smiles.scaffolds(texts))) == 1


def test_no_molecule_is_kept_beside_what_is_used_of_it():
    seen = []

    def use(molecule, text):
        assert not any(each() for each in seen)
        seen.append(weakref.ref(molecule))
        return text

    assert smiles.parse_all(["CCO", "CCN", "CCS"], use=use) == ["CCO", "CCN", "CCS"]
    assert len(seen) == 3


def test_molecules_with_more_bonds_than_rdkit_allows_are_read_only_on_request():
    hexafluoride = "F[Al](F)(F)(F)(F)F"  # RDKit allows aluminium three bonds
    (molecule,), errors = smiles.parse([hexafluoride])
    assert molecule is None and "valence" in errors[0]
    texts = [hexafluoride, "F[B-](F)(F)F", "c1ccccc1", "C(C"]
    found, errors = smiles.parse(texts, any_valence=True)
    assert list(errors) == [3]
    assert found[0].GetNumBonds() == 6 and found[2].GetAtomWithIdx(0).GetIsAromatic()
    counts = molecules.morgan_counts(texts[:3])
    assert counts[0].max() == 6  # fluorine with one bond
    assert (counts[1:] == molecules.morgan_counts(texts[1:3])).all()
