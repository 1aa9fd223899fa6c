"""CIP labels: a description of stereo that does not depend on the spelling of a molecule.

RDKit's tag of a stereocentre gives the sense of rotation of its neighbours in the order in which
they are stored. Two spellings of one molecule may therefore have different tags. The labels R and S
depend only on the molecule.
"""

from typing import Any

from gtx.data.smiles import rdkit

# Places of the labels. Lower case means that the branches differ only in their stereo. A
# tetrahedral centre without a label gets one of two places by its sense of rotation in canonical
# order. Centres of other shapes (square planar, octahedral, ...) get the last place.
CENTRE_SIZE = 8
_CENTRE = {"": 0, "R": 1, "S": 2, "r": 3, "s": 4}
_TURNS = {1: 5, 2: 6}  # RDKit's clockwise and counterclockwise
_OTHER_CENTRE = 7
BOND_SIZE = 6
_BOND = {"": 0, "Z": 1, "E": 2, "z": 3, "e": 4}
_OTHER_BOND = 5

# Labelling takes exponential time on a few cages. This number of iterations takes about a second;
# most molecules need less than a hundredth of it. It is a count and not a time, because the result
# must not depend on the load of the machine.
_MAX_ITERATIONS = 100_000


def labels(molecule: Any) -> tuple[list[int], list[int]]:
    """Places of the CIP labels of the atoms and of the bonds, in RDKit's order; 0 is none.

    RDKit's new labeller (after Hanson et al. 2018) runs on the molecule in the order of its
    canonical SMILES, because the labels of a few symmetric rings (inositols) depend on the order.
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
    # RDKit cannot always read the SMILES that it writes. The given order is used then.
    if canonical is None or canonical.GetNumAtoms() != len(order):
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
