"""Molecules of RDKit and SDF files give the graphs of their SMILES."""

import numpy as np
import pytest

from gtx.data import DatasetError, molecules
from gtx.data.convert import from_molecules, from_sdf
from tests.data.test_dataset import assert_equal_datasets

Chem = pytest.importorskip("rdkit.Chem", reason="molecules need RDKit (extra: molecules)")
SMILES = ["CCO", "c1ccccc1", "C[C@H](N)C(=O)O", "C/C=C/C", "[Na+].[Cl-]", "C"]


@pytest.mark.parametrize("features", ["cip", "ogb", "types"])
def test_molecules_have_the_graphs_of_their_smiles(features):
    names = [Chem.CanonSmiles(smiles) for smiles in SMILES]
    read = [Chem.MolFromSmiles(name) for name in names]
    dataset, errors = from_molecules(read, features=features)
    assert not errors
    assert_equal_datasets(dataset, molecules.from_smiles(names, features=features)[0])


def test_molecules_that_have_no_graph_are_told_with_a_reason():
    raw = Chem.MolFromSmiles("c1ccccc1C", sanitize=False)
    given = [None, Chem.MolFromSmiles("CC"), Chem.Mol(), raw, "CCO"]
    dataset, errors = from_molecules(given)
    assert dataset.ids.tolist() == [1] and dataset.names.tolist() == ["CC"]
    assert errors == {
        0: "RDKit could not read it",
        2: "it has no atoms",
        3: "it is not sanitized: call Chem.SanitizeMol",
        4: "it is a str, no molecule of RDKit",
    }


def write_sdf(path, properties):
    from rdkit.Chem import AllChem

    with Chem.SDWriter(str(path)) as writer:
        for smiles, value in properties:
            molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
            AllChem.EmbedMolecule(molecule, randomSeed=1)
            if value is not None:
                molecule.SetProp("logS", value)
            writer.write(molecule)
    return path


def test_an_sdf_file_has_graphs_labels_and_coordinates(tmp_path):
    path = write_sdf(tmp_path / "a.sdf", [("C[C@H](N)C(=O)O", "1.5"), ("CCO", ""), ("CO", None)])
    dataset, errors = from_sdf(path, target="logS", positions="pos")
    assert not errors and dataset.spec.label.names == ("logS",)
    np.testing.assert_array_equal(dataset.targets.labels[:, 0], [1.5, np.nan, np.nan])
    plain = from_sdf(path)[0]
    names = [Chem.CanonSmiles(text) for text in ("C[C@H](N)C(=O)O", "CCO", "CO")]
    assert [Chem.CanonSmiles(name) for name in plain.names] == names
    expected = molecules.from_smiles(names)[0]
    for name, array in expected.nodes.items():
        np.testing.assert_array_equal(np.sort(plain.nodes[name], axis=0), np.sort(array, axis=0))
    lengths = np.linalg.norm(np.diff(dataset.nodes["pos"][-2:], axis=0))
    assert 1.3 < lengths < 1.5  # C-O in methanol, in Ångström
    from rdkit.Chem import AllChem

    flat = tmp_path / "flat.sdf"
    molecule = Chem.MolFromSmiles("CCO")
    AllChem.Compute2DCoords(molecule)
    with Chem.SDWriter(str(flat)) as writer:
        writer.write(molecule)
    with pytest.raises(DatasetError, match="those of a drawing"):
        from_sdf(flat, positions="pos")
    assert len(from_sdf(flat)[0]) == 1
    with_hydrogens = from_sdf(path, remove_hydrogens=False)[0]
    assert with_hydrogens.num_nodes.tolist() == [13, 9, 6]


def test_a_damaged_record_is_told_and_others_are_read(tmp_path):
    path = write_sdf(tmp_path / "a.sdf", [("CCO", "1"), ("CC", "2")])
    first, second, rest = path.read_text().split("$$$$\n")
    path.write_text("$$$$\n".join([first.replace(" C  ", " Xx "), second, rest]))
    dataset, errors = from_sdf(path, target="logS")
    assert errors == {0: "Post-condition Violation: Element 'Xx' not found"}
    assert dataset.targets.labels.tolist() == [[2.0]]


@pytest.mark.parametrize(
    ("value", "target", "message"),
    [
        ("high", "logS", "molecule 0: the property 'logS' is 'high'"),
        ("1_0", "logS", "must be a finite number"),
        ("inf", "logS", "must be a finite number"),
        ("1", "logP", r"no molecule has the property 'logP'. There are \['logS'\]"),
    ],
)
def test_properties_that_are_no_labels_are_refused(tmp_path, value, target, message):
    path = write_sdf(tmp_path / "a.sdf", [("CCO", value)])
    with pytest.raises(DatasetError, match=message):
        from_sdf(path, target=target)


def test_what_is_not_there_is_said():
    with pytest.raises(FileNotFoundError, match="there is no file"):
        from_sdf("nowhere.sdf")
    assert from_molecules([Chem.MolFromSmiles("C")], positions="pos")[1] == {
        0: "it has no coordinates"
    }


def record(atoms, bonds, *, counts=None, properties="> <logS>\n1.5\n\n", end="$$$$\n"):
    """One molecule of an SDF file as text, right or wrong."""
    head = counts or f"{len(atoms):3d}{len(bonds):3d}"
    lines = [f"    0.0000    0.0000    0.0000 {atom:<3} 0  0\n" for atom in atoms]
    lines += [f"{a:3d}{b:3d}  1  0\n" for a, b in bonds]
    head = f"name\n  x\n\n{head}  0  0  0  0  0  0  0  0999 V2000\n"
    return f"{head}{''.join(lines)}M  END\n{properties}{end}"


# Molecules that cannot be read, and the reason that is given for each.
UNREADABLE = {
    "a bond to no atom": (record("CC", [(1, 9)]), "Range Error: "),
    "a bond to itself": (record("CC", [(1, 1)]), "attempt to add self-bond"),
    "a bond twice": (record("CC", [(1, 2), (2, 1)]), "bond already exists"),
    "fewer bonds than said": (record("CC", [(1, 2)], counts="  2  5"), "Bond line too short"),
    "fewer atoms than said": (record("CC", [(1, 2)], counts="  9  1"), "Atom line too short"),
    "negative counts": (record("CC", [(1, 2)], counts=" -2 -1"), "Cannot convert ' -2'"),
    "too many bonds of an atom": (record("C" * 6, [(1, n) for n in range(2, 7)]), "valence"),
    "no such element": (record(["Xx"], []), "Element 'Xx' not found"),
    "no atoms": (record("", []), "it has no atoms"),
}


def test_a_molecule_that_cannot_be_read_has_a_reason_and_others_keep_their_labels(tmp_path):
    (path := tmp_path / "a.sdf").write_text(
        "".join(text for text, _ in UNREADABLE.values()) + record("C", [])
    )
    dataset, errors = from_sdf(path, target="logS")
    assert dataset.ids.tolist() == [len(UNREADABLE)] and dataset.targets.labels.tolist() == [[1.5]]
    for place, (_, reason) in enumerate(UNREADABLE.values()):
        assert reason in errors[place], errors[place]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.sdf: is empty"),
        ("<!DOCTYPE html>", "none of its 1 molecules can be read"),
        (record("", []), "none of its 1 molecules can be read; molecule 0: it has no atoms"),
        (record("C", []) + record("C", [], end=""), "does not end with .* of molecule 1"),
        (record("C", [], properties="> <logS>\n1\n\n>  <logS> (7)\n2\n\n"), "'logS' .* twice"),
        (record("C", [], properties="> <logS>\n1\n2\n\n"), "must be a finite number"),
    ],
)  # fmt: skip
def test_a_file_whose_labels_are_not_certain_is_refused(tmp_path, text, message):
    (path := tmp_path / "a.sdf").write_text(text)
    with pytest.raises(DatasetError, match=message):
        from_sdf(path, target="logS")


def test_files_of_other_writers_are_read(tmp_path):
    text = record("CO", [(1, 2)]) + record("C", [], properties="> <logS>\nNaN\n\n")
    (path := tmp_path / "a.sdf").write_bytes(
        text.replace("name", "n\u00e4me").replace("\n", "\r\n").encode("latin1") + b"\n\n"
    )
    dataset, errors = from_sdf(path, target="logS")
    assert not errors and dataset.num_nodes.tolist() == [2, 1]
    np.testing.assert_array_equal(dataset.targets.labels[:, 0], [1.5, np.nan])
    (path := tmp_path / "b.sdf").write_text(record("C", [], properties="", end=""))  # one molecule
    assert len(from_sdf(path)[0]) == 1
