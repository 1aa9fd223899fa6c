"""How alike molecules are: Tanimoto similarity of counts of circular substructures."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gtx.data.smiles import parse_all, rdkit


def fingerprints(smiles: Sequence[str], *, radius: int = 2) -> list[Any]:
    """Counts of the circular substructures of each molecule (ECFP), not folded.

    Rogers and Hahn (2010); radius 2 is ECFP4. Molecules of published datasets have them too where
    an atom has more bonds than RDKit allows today.

    Raises:
      DatasetError: names the first SMILES that does not parse.
    """
    rdkit()
    from rdkit.Chem import rdFingerprintGenerator

    generator = rdFingerprintGenerator.GetMorganGenerator(radius=radius)
    return parse_all(
        smiles, any_valence=True, use=lambda each, _: generator.GetSparseCountFingerprint(each)
    )


def nearest(of: Sequence[Any], known: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """The similarity to the most similar of the known molecules, and its place among them.

    Tanimoto similarity of counts, sum min(a, b) / sum max(a, b): 1 for the same counts, 0 without a
    common substructure.

    Args:
      of: fingerprints.
      known: fingerprints, at least one.

    Returns:
      float32 and int64, one of each for each fingerprint; of equals the first.
    """
    from rdkit import DataStructs

    known = list(known)  # RDKit takes no tuple
    similarity, place = np.zeros(len(of), np.float32), np.zeros(len(of), np.int64)
    for row, each in enumerate(of):
        found = np.asarray(DataStructs.BulkTanimotoSimilarity(each, known))
        place[row] = found.argmax()
        similarity[row] = found[place[row]]
    return similarity, place
