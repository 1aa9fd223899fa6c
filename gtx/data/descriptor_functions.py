"""Some of RDKit's descriptors in less time, with the same numbers to the last bit.

RDKit computes these in Python, with a call of its own for each property of each atom and bond, and
with a matrix of distances for each descriptor. The other descriptors are RDKit's functions.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gtx.data.smiles import rdkit

_CUTOFF = 100  # distances by which BertzCT tells atoms apart
_AROMATIC = 12  # number of this type of bond


def functions() -> dict[str, Callable[[Any], float]]:
    """A function of a molecule for each name of `rdkit.Chem.Descriptors`."""
    rdkit()
    from rdkit.Chem import Descriptors

    known: dict[str, Callable[[Any], float]] = dict(Descriptors.descList)
    own = {
        "BalabanJ": balaban_j,
        "BertzCT": lambda molecule: bertz_ct(molecule, known["BertzCT"]),
        "MaxPartialCharge": lambda molecule: _charges(molecule)[1],
        "MinPartialCharge": lambda molecule: _charges(molecule)[0],
        "MaxAbsPartialCharge": lambda molecule: max(map(abs, _charges(molecule))),
        "MinAbsPartialCharge": lambda molecule: min(map(abs, _charges(molecule))),
    }
    return {name: own.get(name, function) for name, function in known.items()}


def bertz_ct(molecule: Any, slowly: Callable[[Any], float]) -> float:
    """Bertz' index of complexity (J. Am. Chem. Soc. 103, 3599-3601, 1981).

    Args:
      molecule: of RDKit.
      slowly: RDKit's function, for molecules whose distances are not all finite.
    """
    from rdkit.ML.InfoTheory import rdInfoTheory

    size = molecule.GetNumAtoms()
    if size < 2:
        return 0.0
    distances = _distances(molecule)
    if not np.isfinite(distances).all():
        return slowly(molecule)
    # Atoms are of one class if their sorted distances agree in four decimals. Classes are numbered
    # in the order of the atoms.
    rows = np.rint(1e4 * np.sort(distances, axis=1)[:, :_CUTOFF])
    numbers: dict[bytes, int] = {}
    classes = [numbers.setdefault(row.tobytes(), len(numbers)) for row in rows]

    neighbours: list[dict[int, float]] = [{} for _ in range(size)]
    for one, other, order in _bonds(molecule):
        neighbours[one][other] = neighbours[other][one] = order

    # Both dicts keep the order in which their keys were first met, in which the entropies add.
    elements: dict[int, int] = {}
    connections: dict[tuple[int, ...], float] = {}
    for atom in range(size):
        element = molecule.GetAtomWithIdx(atom).GetAtomicNum()
        elements[element] = elements.get(element, 0) + 1
        own = classes[atom]
        orders = sorted(neighbours[atom].items())
        around = [(other, classes[other], order) for other, order in orders]
        for place, (other, kind, order) in enumerate(around):
            if order > 1 and other > atom:
                key: tuple[int, ...] = (own, kind) if own < kind else (kind, own)
                connections[key] = connections.get(key, 0) + order * (order - 1) / 2
            for _, further, second in around[place + 1 :]:
                key = (kind, own, further) if kind < further else (further, own, kind)
                connections[key] = connections.get(key, 0) + order * second
    counts = list(connections.values()) or [1]
    total = sum(counts)
    of_connections = total * (
        rdInfoTheory.InfoEntropy(np.array(counts, float)) + math.log(total) / math.log(2)
    )
    of_elements = size * rdInfoTheory.InfoEntropy(np.array(list(elements.values()), float))
    return float(of_elements + of_connections)


def balaban_j(molecule: Any) -> float:
    """Balaban's index J (Chem. Phys. Lett. 89, 399-404, 1982)."""
    bonds = molecule.GetNumBonds()
    rings = bonds - molecule.GetNumAtoms() + 1
    if rings + 1 == 0:
        return 0.0
    sums = np.add.reduce(_distances(molecule), axis=0).tolist()
    found = 0.0
    # In the order in which RDKit adds them, that of a matrix of atoms, row by row.
    for one, other in sorted((min(ends), max(ends)) for *ends, _ in _bonds(molecule)):
        found += 1.0 / math.sqrt(sums[one] * sums[other])
    return float(bonds) / float(rings + 1) * found


def _bonds(molecule: Any) -> list[tuple[int, int, float]]:
    """The atoms and the order of each bond, 1.5 for an aromatic one. The molecule keeps them."""
    found: list[tuple[int, int, float]] | None = getattr(molecule, "_bondsOfGtx", None)
    if found is not None:
        return found
    found = molecule._bondsOfGtx = []
    # RDKit's own iteration asks for the number of bonds at each of them.
    for bond in map(molecule.GetBondWithIdx, range(molecule.GetNumBonds())):
        kind = int(bond.GetBondType())
        order = 1.5 if kind == _AROMATIC or bond.GetIsAromatic() else float(kind)
        found.append((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), order))
    return found


def _distances(molecule: Any) -> np.ndarray:
    """Lengths of shortest paths, where a bond is as long as 1 / its order; float64 [atoms, atoms].

    RDKit's functions keep them at the same place.
    """
    found = getattr(molecule, "_balabanMat", None)
    if found is None:
        found = rdkit().GetDistanceMatrix(
            molecule, useBO=1, useAtomWts=0, force=1, prefix="Balaban"
        )
        molecule._balabanMat = found
    return found


def _charges(molecule: Any) -> tuple[float, float]:
    """The smallest and the largest of Gasteiger's charges; RDKit keeps them at the same place."""
    found = getattr(molecule, "_chargeDescriptors", None)
    if found is None:
        from rdkit.Chem import rdPartialCharges

        rdPartialCharges.ComputeGasteigerCharges(molecule)
        smallest, largest = 500.0, -500.0
        for place in range(molecule.GetNumAtoms()):
            charge = molecule.GetAtomWithIdx(place).GetDoubleProp("_GasteigerCharge")
            # Written as RDKit has it: NaN passes through min and max by the order of arguments.
            smallest, largest = min(charge, smallest), max(charge, largest)
        found = molecule._chargeDescriptors = smallest, largest
    return found
