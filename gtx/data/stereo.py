"""Stereo of a molecule in words that do not depend on how it was written: CIP labels.

RDKit's tag of a stereocentre says how its neighbours turn in the order in which they happen to be
stored, so two spellings of one molecule have two tags. R and S are of the molecule alone.
"""

from typing import Any

from gtx.data.smiles import rdkit

# Places of the labels; lower case where only the stereo of the branches tells them apart. A
# tetrahedral centre that has none gets one of two places by the way it turns in canonical
# order; centres of other shapes (square planar, octahedral, ...) get the last.
CENTRE_SIZE = 8
_CENTRE = {"": 0, "R": 1, "S": 2, "r": 3, "s": 4}
_TURNS = {1: 5, 2: 6}  # RDKit's clockwise and counterclockwise
_OTHER_CENTRE = 7
BOND_SIZE = 6
_BOND = {"": 0, "Z": 1, "E": 2, "z": 3, "e": 4}
_OTHER_BOND = 5

# Labelling takes exponential time on a few cages; this is about a second, and most molecules
# take less than a hundredth of it. A count, not a clock: the result must not depend on load.
_MAX_ITERATIONS = 100_000


def labels(molecule: Any) -> tuple[list[int], list[int]]:
    """Places of the CIP labels of the atoms and of the bonds, in RDKit's order; 0 is none.

    RDKit's new labeller (after Hanson et al. 2018) runs on the molecule as its canonical SMILES
    gives it, because the labels of a few symmetric rings (inositols) depend on the order.
    """
    chem = rdkit()
    centres = [0] * molecule.GetNumAtoms()
    bonds = [0] * molecule.GetNumBonds()
    if not any(atom.GetChiralTag() for atom in molecule.GetAtoms()) and not any(
        bond.GetStereo() for bond in molecule.GetBonds()
    ):
        return centres, bonds
    from rdkit.Chem import rdCIPLabeler

    given = chem.Mol(molecule)
    canonical = chem.MolFromSmiles(chem.MolToSmiles(given))
    order = list(given.GetPropsAsDict(True, True)["_smilesAtomOutputOrder"])
    if canonical is None or canonical.GetNumAtoms() != len(order):  # RDKit's own text, refused
        canonical, order = chem.Mol(molecule), list(range(len(order)))
    tags = [int(atom.GetChiralTag()) for atom in canonical.GetAtoms()]
    stereo = [int(bond.GetStereo()) for bond in canonical.GetBonds()]
    try:
        rdCIPLabeler.AssignCIPLabels(canonical, maxRecursiveIterations=_MAX_ITERATIONS)
        labelled = True
    except RuntimeError:
        labelled = False

    def label(part: Any) -> str:
        return part.GetProp("_CIPCode") if labelled and part.HasProp("_CIPCode") else ""

    for atom, tag in zip(canonical.GetAtoms(), tags, strict=True):
        unlabelled = _TURNS.get(tag, _OTHER_CENTRE) if tag else 0
        centres[order[atom.GetIdx()]] = _CENTRE.get(label(atom)) or unlabelled
    for bond, kind in zip(canonical.GetBonds(), stereo, strict=True):
        ends = order[bond.GetBeginAtomIdx()], order[bond.GetEndAtomIdx()]
        place = molecule.GetBondBetweenAtoms(*ends).GetIdx()
        bonds[place] = _BOND.get(label(bond)) or (_OTHER_BOND if kind else 0)
    return centres, bonds
