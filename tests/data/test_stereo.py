"""Features of a molecule do not depend on how it is written."""

import collections

import networkx
import numpy as np
import pytest

from gtx.data import molecules
from tests.data import spellings

pytest.importorskip("rdkit", reason="molecules need RDKit (extra: molecules)")


def networks(smiles, features="cip"):
    """The molecules with their features, for networkx."""
    dataset, errors = molecules.from_smiles(smiles, features=features)
    assert not errors
    found = []
    for graph in dataset:
        network = networkx.Graph()
        for node, row in enumerate(graph.nodes["atom"].tolist()):
            network.add_node(node, row=row)
        rows = graph.edges["bond"].tolist()
        for sender, receiver, row in zip(graph.senders, graph.receivers, rows, strict=True):
            network.add_edge(int(sender), int(receiver), row=row)
        found.append(network)
    return found


def equal(left, right):
    """Whether a renumbering makes one graph the other, features and all."""

    def same(one, other):
        return one["row"] == other["row"]

    return networkx.is_isomorphic(left, right, same, same)


def centres(smiles):
    """How often each place of the labels of centres occurs."""
    dataset, _ = molecules.from_smiles([smiles])
    return collections.Counter(dataset.nodes["atom"][:, 1].tolist())


@pytest.mark.parametrize("name", spellings.STEREO)
def test_all_spellings_of_a_molecule_are_one_graph(name):
    smiles = spellings.STEREO[name]
    first, *others = networks([smiles, *spellings.other_spellings(smiles, 12)])
    for other in others:
        assert equal(first, other)


def test_the_tags_of_ogb_differ_between_two_spellings():
    one, other = networks(["C[C@H](O)N", "N[C@@H](O)C"], "ogb")
    assert not equal(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C[C@H](O)N", "C[C@@H](O)N"),
        ("OC(=O)[C@H](O)[C@@H](O)C(=O)O", "OC(=O)[C@@H](O)[C@H](O)C(=O)O"),
        ("OC(=O)[C@H](O)[C@@H](O)C(=O)O", "OC(=O)[C@H](O)[C@H](O)C(=O)O"),
        ("C[C@H]1CC[C@@H](C)CC1", "C[C@H]1CC[C@H](C)CC1"),
        ("O[C@@H]([C@H](O)C)[C@@H](O)C", "O[C@H]([C@H](O)C)[C@@H](O)C"),
        (r"C/C=C/C", r"C/C=C\C"),
        (r"C[C@@H]1C/C(=C/C)C[C@H](C)C1", r"C[C@@H]1C/C(=C\C)C[C@H](C)C1"),
        ("C[S@](=O)CC", "C[S@@](=O)CC"),
    ],
)
def test_stereoisomers_are_two_graphs(one, other):
    left, right = networks([one, other])
    assert not equal(left, right)


@pytest.mark.parametrize(
    ("smiles", "found"),
    [
        ("N[C@@H](C)C(=O)O", {0: 5, 2: 1}),  # L-alanine is S
        ("N[C@@H](CS)C(=O)O", {0: 6, 1: 1}),  # L-cysteine is R
        ("OC(=O)[C@H](O)[C@H](O)C(=O)O", {0: 8, 1: 1, 2: 1}),  # meso-tartaric acid: R and S
        ("C[C@H]1CC[C@H](C)CC1", {0: 6, 3: 2}),
        ("NC(C)C(=O)O", {0: 6}),  # not specified
        ("C[Co@OH1](F)(Cl)(Br)(I)N", {0: 6, 7: 1}),
        ("CCO", {0: 3}),
    ],
)
def test_centres_have_their_cip_labels(smiles, found):
    assert centres(smiles) == found


@pytest.mark.parametrize(("smiles", "place"), [("F/C=C/F", 2), (r"F/C=C\F", 1), ("FC=CF", 0)])
def test_double_bonds_have_their_cip_labels(smiles, place):
    dataset, _ = molecules.from_smiles([smiles])
    assert dataset.edges["bond"][:, 1].max() == place


def test_a_molecule_that_is_not_labelled_in_time_turns_in_canonical_order(monkeypatch):
    from rdkit.Chem import rdCIPLabeler

    def give_up(molecule, *, maxRecursiveIterations):
        raise RuntimeError("Max Iterations Exceeded in CIP label calculation")

    monkeypatch.setattr(rdCIPLabeler, "AssignCIPLabels", give_up)
    smiles = spellings.STEREO["steroid"]
    first, *others = networks([smiles, *spellings.other_spellings(smiles, 4)])
    assert {row for _, data in first.nodes(data=True) for row in data["row"][1:2]} == {0, 5, 6}
    assert all(equal(first, other) for other in others)


def test_all_other_features_are_those_of_ogb():
    texts = ["C[C@H](O)N", "c1ccccc1/C=C/C(=O)[O-]", "[Na+].[2H]O"]
    ours, _ = molecules.from_smiles(texts)
    theirs, _ = molecules.from_smiles(texts, features="ogb")
    np.testing.assert_array_equal(
        np.delete(ours.nodes["atom"], 1, 1), np.delete(theirs.nodes["atom"], 1, 1)
    )
    np.testing.assert_array_equal(ours.edges["bond"], theirs.edges["bond"])
