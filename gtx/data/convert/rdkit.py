"""Molecules of RDKit, and SDF files, as a Dataset. Needs the extra `molecules`."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gtx.data import molecules as features_of
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.smiles import MAX_ATOMS, quiet, rdkit
from gtx.data.spec import Label


def from_molecules(
    molecules: Sequence[Any], *, features: str = "cip", positions: str | None = None
) -> tuple[Dataset, dict[int, str]]:
    """Graphs of RDKit's molecules, as `gtx.data.molecules.from_smiles` makes them of SMILES.

    Hydrogens that are atoms of a molecule become nodes; `Chem.RemoveHs` takes them away. Names are
    canonical SMILES.

    Args:
      molecules: sanitized, as RDKit's readers give them; None is one that could not be read.
      features: see `from_smiles`.
      positions: name of a node column for the coordinates of the first conformer, in Ångström;
        None leaves them out.

    Returns:
      A dataset without labels whose `ids` are the places in `molecules`, and a dict from the place
      of each molecule that has no graph to the reason.
    """
    chem = rdkit()
    kept: list[Any] = []
    names: list[str] = []
    errors: dict[int, str] = {}
    coordinates = []
    with quiet():
        for number, molecule in enumerate(molecules):
            reason = _problem(molecule, positions is not None)
            if reason:
                errors[number] = reason
            kept.append(None if reason else molecule)
            if not reason:
                names.append(chem.MolToSmiles(molecule))
                if positions is not None:
                    coordinates.append(molecule.GetConformer().GetPositions())
    dataset = features_of.from_molecules(kept, names, features=features)
    if positions is not None:
        joined = np.concatenate(coordinates) if coordinates else np.zeros((0, 3))
        dataset = dataset.with_columns("node", {positions: joined.astype(np.float32)})
    return dataset, errors


def _problem(molecule: Any, positions: bool) -> str:
    """The reason why a molecule has no graph; "" if it has one."""
    if molecule is None:
        return "RDKit could not read it"
    if not hasattr(molecule, "GetNumAtoms"):
        return f"it is a {type(molecule).__name__}, no molecule of RDKit"
    if molecule.GetNumAtoms() == 0:
        return "it has no atoms"
    if molecule.GetNumAtoms() > MAX_ATOMS:
        return f"{molecule.GetNumAtoms()} atoms, {MAX_ATOMS} at most"
    try:
        molecule.GetRingInfo().NumRings()
        sanitized = not molecule.NeedsUpdatePropertyCache()
    except RuntimeError:  # RDKit's, as rings were never looked for
        sanitized = False
    if not sanitized:
        return "it is not sanitized: call Chem.SanitizeMol"
    if positions and not molecule.GetNumConformers():
        return "it has no coordinates"
    return ""


def from_sdf(
    path: str | Path,
    *,
    target: str | Sequence[str] = (),
    features: str = "cip",
    positions: str | None = None,
    remove_hydrogens: bool = True,
) -> tuple[Dataset, dict[int, str]]:
    """The molecules of an SDF file, with properties as regression labels.

    Args:
      path: the file.
      target: properties to predict; one that is missing or empty is a missing label.
      features, positions: see `from_molecules`.
      remove_hydrogens: whether hydrogens are counted at their atoms instead of being nodes, as in
        graphs from SMILES.

    Returns:
      A dataset whose `ids` are the places in the file, and a dict from place to reason.

    Raises:
      DatasetError: a property is no finite number, or no molecule has it.
    """
    chem = rdkit()
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no file {path}. Name an SDF file.")
    names = (target,) if isinstance(target, str) else tuple(target)
    with quiet():
        read = list(chem.SDMolSupplier(str(path), removeHs=remove_hydrogens))
    dataset, errors = from_molecules(read, features=features, positions=positions)
    if not names:
        return dataset, errors
    values = [[_property(read[row], name, row) for name in names] for row in dataset.ids.tolist()]
    labels = np.array(values, np.float64).reshape(-1, len(names))
    for place, name in enumerate(names):
        if np.isnan(labels[:, place]).all():
            there = sorted(
                {key for each in read if each is not None for key in each.GetPropNames()}
            )
            raise DatasetError(
                f"{Path(path).name}: no molecule has the property {name!r}. There are "
                f"{there[:20]}; name one of these."
            )
    label = Label("graph", "regression", len(names), names)
    return dataset.with_targets("graph", labels=labels, label=label), errors


def _property(molecule: Any, name: str, row: int) -> float:
    text = molecule.GetProp(name).strip() if molecule.HasProp(name) else ""
    if not text or text.lower() in ("nan", "na", "n/a"):
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = math.inf
    if not abs(value) <= float(np.finfo(np.float32).max) or "_" in text:
        raise DatasetError(
            f"molecule {row}: the property {name!r} is {text!r:.60}. It must be a finite number, "
            "or empty if it is missing."
        )
    return value
