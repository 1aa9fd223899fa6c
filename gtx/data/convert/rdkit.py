"""Molecules of RDKit, and SDF files, as a Dataset. Needs the extra `molecules`."""

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gtx.data import molecules as features_of
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.smiles import MAX_ATOMS, quiet, rdkit, with_log
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
    if positions and not molecule.GetConformer().Is3D():
        return "its coordinates are those of a drawing, not of atoms in space"
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
      DatasetError: no molecule can be read; or a property is no finite number, is there twice in
        one molecule, or in none; or the file ends within the properties of its last molecule.
    """
    chem = rdkit()
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}. Name an SDF file.")
    if not path.stat().st_size:
        raise DatasetError(f"{path.name}: is empty. Name an SDF file.")
    names = (target,) if isinstance(target, str) else tuple(target)
    with quiet():
        supplier = chem.SDMolSupplier(str(path), removeHs=remove_hydrogens)
        read = list(supplier)
    dataset, errors = from_molecules(read, features=features, positions=positions)
    for row in errors:
        if read[row] is None:
            errors[row] = _reason(supplier, row) or errors[row]
    if not len(dataset):
        row = min(errors, default=0)
        raise DatasetError(
            f"{path.name}: none of its {len(read)} molecules can be read; molecule {row}: "
            f"{errors.get(row, 'it is not there')}. Name an SDF file."
        )
    if not names:
        return dataset, errors
    _check_records(path, names)
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


def _reason(supplier: Any, row: int) -> str:
    """What RDKit says of a molecule that it cannot read; "" if it says nothing."""
    _, said = with_log(lambda: supplier[row])
    lines = [line.removeprefix("ERROR: ").strip() for line in said if line.strip()]
    if "****" in lines:  # a condition of RDKit's own code: its kind, and what it says of it
        place = lines.index("****")
        return ": ".join(lines[place + 1 : place + 3])
    # The numbers of lines count from where RDKit began to read.
    found = (
        re.sub(r" (on|at) line.*", "", line) for line in lines if "moving to the beg" not in line
    )
    return next(found, "")


def _check_records(path: Path, names: Sequence[str]) -> None:
    """Refuse a property that a molecule has twice, and a file whose last number may be cut."""
    heads = {name: re.compile(rb"^>.*<" + re.escape(name.encode()) + rb">") for name in names}
    row, seen, open_record = 0, set[str](), False
    with path.open("rb") as file:
        for line in file:
            if line.startswith(b"$$$$"):
                row, seen, open_record = row + 1, set(), False
                continue
            open_record = open_record or bool(line.strip(b"\0 \t\r\n"))
            if not line.startswith(b">"):
                continue
            for name in [name for name, head in heads.items() if head.match(line)]:
                if name in seen:
                    raise DatasetError(
                        f"molecule {row}: the property {name!r} is there twice. Leave one."
                    )
                seen.add(name)
    if open_record:
        raise DatasetError(
            f"{path.name}: does not end with $$$$, so it may be cut short within a property of "
            f"molecule {row}. Get it again, or write $$$$ after the last molecule."
        )


def _property(molecule: Any, name: str, row: int) -> float:
    try:
        text = molecule.GetProp(name).strip() if molecule.HasProp(name) else ""
    except UnicodeDecodeError:
        text = "no UTF-8"
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
