"""Molecules: OGB's features by value, and what does not parse."""

import sys

import numpy as np
import pytest

from gtx.data import Categorical, DatasetError, molecules, packed
from tests.data.files import data_folder

pytest.importorskip("rdkit", reason="molecules need RDKit (extra: molecules)")


def graph_of(smiles, features="ogb"):
    dataset, errors = molecules.from_smiles([smiles], features=features)
    assert not errors
    return dataset[0]


def test_ethanol_has_ogb_s_features():
    graph = graph_of("CCO")
    # number - 1, chirality, degree, charge + 5, hydrogens, radicals, sp3 = 2, aromatic, ring
    np.testing.assert_array_equal(
        graph.nodes["atom"],
        [[5, 0, 4, 5, 3, 0, 2, 0, 0], [5, 0, 4, 5, 2, 0, 2, 0, 0], [7, 0, 2, 5, 1, 0, 2, 0, 0]],
    )
    np.testing.assert_array_equal(graph.edges["bond"], [[0, 0, 0]] * 4)
    np.testing.assert_array_equal(graph.receivers, [0, 1, 1, 2])
    np.testing.assert_array_equal(graph.senders, [1, 0, 2, 1])


def test_benzene_is_aromatic_and_a_ring():
    graph = graph_of("c1ccccc1")
    np.testing.assert_array_equal(graph.nodes["atom"], [[5, 0, 3, 5, 1, 0, 1, 1, 1]] * 6)
    np.testing.assert_array_equal(graph.edges["bond"], [[3, 0, 1]] * 12)


@pytest.mark.parametrize(
    ("smiles", "column", "value"),
    [
        ("[*]", 0, 118),  # a dummy atom is OGB's misc
        ("[Og]", 0, 117),
        ("[H]", 0, 0),
        ("[13CH4]", 0, 5),  # the isotope is no feature
        ("C[C@H](N)O", 1, 2),  # at the second atom
        ("C[C@@H](N)O", 1, 1),
        ("[Na+]", 3, 6),
        ("[O-2]", 3, 3),
        ("[CH3]", 5, 1),
        ("[Fe+6]", 3, 11),  # charges beyond 5 are misc
    ],
)
def test_single_atom_features(smiles, column, value):
    atoms = graph_of(smiles).nodes["atom"]
    assert atoms[1 if len(atoms) > 1 else 0, column] == value


@pytest.mark.parametrize(
    ("smiles", "bond"),
    [
        ("C=C", [1, 0, 0]),
        ("C#C", [2, 0, 0]),
        (r"F/C=C/F", [1, 2, 0]),  # E
        (r"F/C=C\F", [1, 1, 0]),  # Z
        ("[NH3]->[Cu]", [4, 0, 0]),  # a dative bond is misc
    ],
)
def test_bond_features(smiles, bond):
    assert bond in graph_of(smiles).edges["bond"].tolist()


@pytest.mark.parametrize("smiles", ["[Na+].[Cl-]", "O", "[2H]O[2H]", "C" * 500, "[Cl-].C[NH3+]"])
def test_salts_atoms_isotopes_ions_and_big_molecules_are_graphs(smiles):
    dataset, errors = molecules.from_smiles([smiles])
    dataset.check()
    assert not errors and dataset.num_nodes[0] > 0


def test_no_molecule_is_an_empty_dataset():
    dataset, errors = molecules.from_smiles(["?"])
    assert len(dataset) == 0 and list(errors) == [0]
    assert dataset.spec.nodes == {"atom": Categorical(molecules.CIP_ATOM_SIZES)}
    dataset, _ = molecules.from_smiles(["?"], features="ogb")
    assert dataset.spec.nodes == {"atom": Categorical(molecules.ATOM_SIZES)}


def test_types_are_the_first_features():
    dataset, _ = molecules.from_smiles(["C=O"], features="types")
    np.testing.assert_array_equal(dataset.nodes["type"], [[5], [7]])
    np.testing.assert_array_equal(dataset.edges["type"], [[1], [1]])
    assert dataset.spec.nodes == {"type": Categorical((119,))}


def test_the_atom_table_has_174_rows():
    assert sum(molecules.ATOM_SIZES) == 174 and sum(molecules.BOND_SIZES) == 13


def test_without_rdkit_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "rdkit", None)
    with pytest.raises(ImportError, match=r'pip install "gtx-jax\[molecules\]"'):
        molecules.from_smiles(["C"])


def test_descriptors_have_known_values():
    names = molecules.descriptor_names()
    values = dict(zip(names, molecules.descriptors(["CCO"])[0], strict=True))
    assert len(names) > 200
    assert values["HeavyAtomCount"] == 3 and values["NumHDonors"] == 1
    assert values["MolWt"] == pytest.approx(46.069, abs=1e-3)
    assert values["MolLogP"] == pytest.approx(-0.0014, abs=1e-4)


def test_morgan_counts_count():
    counts = molecules.morgan_counts(["CCCCO", "O"], size=512)
    assert counts.shape == (2, 512) and counts.dtype == np.uint16
    # Five atoms, five surroundings of radius 1, three of radius 2 with bonds not seen before.
    assert counts[0].sum() == 13
    assert counts[1].sum() == 1


@pytest.mark.parametrize("name", ["ogbg_molhiv/molhiv.npz", "moleculenet/esol.npz"])
def test_features_equal_those_that_ogb_wrote(name):
    """All of them, but for radical electrons at metals, which RDKit's versions count apart."""
    theirs = packed.load(
        data_folder() / name,
        node_sizes=molecules.ATOM_SIZES,
        edge_sizes=molecules.BOND_SIZES,
        node_name="atom",
        edge_name="bond",
    )
    theirs = theirs.select(np.random.default_rng(0).permutation(len(theirs))[:500])
    ours, errors = molecules.from_smiles(theirs.names.tolist(), features="ogb")
    theirs = theirs.select(ours.ids)
    assert not errors
    equal = []
    for left, right in zip(ours, theirs, strict=True):
        order = np.lexsort((right.senders, right.receivers))
        mine = np.lexsort((left.senders, left.receivers))
        np.testing.assert_array_equal(left.senders[mine], right.senders[order])
        equal.append(
            np.array_equal(left.nodes["atom"], right.nodes["atom"])
            and np.array_equal(left.edges["bond"][mine], right.edges["bond"][order])
        )
    assert np.mean(equal) > 0.98


def test_chosen_descriptors_are_columns_of_all_of_them():
    smiles = ["CCO", "c1ccccc1", "[Na+]"]
    every = molecules.descriptors(smiles)
    names = molecules.descriptor_names()
    chosen = ("TPSA", "MolLogP")
    some = molecules.descriptors(smiles, chosen)
    np.testing.assert_allclose(some, every[:, [names.index(name) for name in chosen]])


def test_an_unknown_descriptor_is_refused_with_the_nearest():
    with pytest.raises(DatasetError, match="no 'MolLogp'. Did you mean 'MolLogP'"):
        molecules.descriptors(["CCO"], ("MolLogp",))


def test_features_of_no_name_are_refused():
    with pytest.raises(DatasetError, match="'bonds' is unknown"):
        molecules.from_smiles(["C"], features="bonds")


def test_slow_descriptors_of_large_molecules_are_not_computed_and_said_to_be(monkeypatch):
    from rdkit.Chem import Descriptors

    names = ("MolWt", "BertzCT", "BalabanJ", "Ipc")
    smiles = ["C" * 150, "C" * 151, "C" * 500, "C" * 501]
    known = [(name, lambda molecule: 1.0) for name, _ in Descriptors.descList]
    monkeypatch.setattr(Descriptors, "descList", known)
    with pytest.warns(molecules.MoleculeWarning) as caught:
        values = molecules.descriptors(smiles, names)
    missing = [[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 1, 1, 1]]
    np.testing.assert_array_equal(np.isnan(values), missing)
    assert [each.message.place for each in caught] == [1, 2, 3]
    assert "molecule 1: CCC" in str(caught[0].message)
    assert "has 151 atoms, too many for the descriptors Ipc" in str(caught[0].message)
    assert "BertzCT, BalabanJ, Ipc" in str(caught[2].message)


def test_the_descriptors_of_the_recipe_are_fast_for_a_chain_of_2000_atoms():
    import time

    from configs import solubility_gps

    names = solubility_gps.get_config().data.descriptors
    start = time.process_time()
    with pytest.warns(molecules.MoleculeWarning, match="BertzCT, BalabanJ"):
        values = molecules.descriptors(["C" * 2000], names)
    assert time.process_time() - start < 20  # 73 s with those two
    assert np.isnan(values).sum() == 2
