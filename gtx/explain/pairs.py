"""Matched pairs: what two molecules have in common, and how the contributions differ.

Needs the extra `molecules`.
"""

import dataclasses
from typing import Any

import numpy as np

from gtx.explain.explanation import Explanation

_SECONDS = 10  # for the search of the common core
_MATCHES = 200  # of the core in a molecule, among symmetric ones


@dataclasses.dataclass(frozen=True)
class Core:
    """The largest common substructure of two molecules.

    Attributes:
      first, second: numbers of its atoms in each molecule, in the same order; empty without any.
      smarts: of the substructure.
    """

    first: tuple[int, ...]
    second: tuple[int, ...]
    smarts: str


@dataclasses.dataclass(frozen=True)
class Difference:
    """Why the prediction of the second molecule differs from that of the first.

    Attributes:
      total: prediction of the second minus that of the first. It is the sum of the others.
      core: what the atoms in common contribute more in the second.
      only_second: what the atoms contribute that only the second has.
      only_first: minus what those contribute that only the first has.
      rest: columns of the whole molecule, such as descriptors.
      baseline: of the two baselines, which differ as the molecules have different atoms and bonds;
        and what the contributions miss by their gaps.
    """

    total: float
    core: float
    only_second: float
    only_first: float
    rest: float
    baseline: float


def common_core(
    molecules: tuple[Any, Any], values: tuple[np.ndarray, np.ndarray] | None = None
) -> Core:
    """The atoms that two RDKit molecules have in common: RDKit's FindMCS.

    Atoms match by element, bonds by order; rings match rings, and whole ones. Of the ways in which
    the core lies in symmetric molecules the one is taken in which contributions differ least.

    Args:
      molecules: sanitized.
      values: contributions of the atoms of each; None takes the first way.
    """
    from rdkit import Chem
    from rdkit.Chem import rdFMCS

    found = rdFMCS.FindMCS(
        list(molecules), ringMatchesRingOnly=True, completeRingsOnly=True, timeout=_SECONDS
    )
    if not found.numAtoms:
        return Core((), (), "")
    core = Chem.MolFromSmarts(found.smartsString)
    first = molecules[0].GetSubstructMatch(core)
    ways = molecules[1].GetSubstructMatches(core, uniquify=False, maxMatches=_MATCHES)
    second = ways[0]
    if values is not None:
        own, other = np.asarray(values[0])[list(first)], np.asarray(values[1])
        second = min(ways, key=lambda way: float(np.abs(other[list(way)] - own).sum()))
    return Core(tuple(first), tuple(second), found.smartsString)


def difference(first: Explanation, second: Explanation, core: Core) -> Difference:
    """The difference of two predictions, by the parts of the molecules.

    Args:
      first, second: integrated gradients of each, from the same kind of baseline.
      core: of the two.
    """
    parts = [
        (each, float(each.nodes[list(atoms)].sum()))
        for each, atoms in ((first, core.first), (second, core.second))
    ]
    (_, core_first), (_, core_second) = parts
    only_first, only_second = (float(each.nodes.sum()) - own for each, own in parts)
    total = second.prediction - first.prediction
    found = (core_second - core_first, only_second, -only_first, second.rest - first.rest)
    return Difference(total, *found, total - sum(found))
