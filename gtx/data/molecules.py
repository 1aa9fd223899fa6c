"""Molecules from SMILES: atom and bond features, descriptors, fingerprints.

Nodes are RDKit's atoms in RDKit's order, without explicit hydrogens; each bond is two directed
edges. The vocabularies are those of `ogb.utils.features` (Hu et al. 2020). A value outside of a
list gets the last place of the list, "misc". Needs the extra `molecules`.
"""

import contextlib
import dataclasses
import difflib
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gtx.data import stereo
from gtx.data.check import DatasetError
from gtx.data.columns import offsets
from gtx.data.dataset import Dataset
from gtx.data.molecule_arrays import arrays_of, binaries
from gtx.data.smiles import parse, parse_all, quiet, rdkit, shortened
from gtx.data.spec import Categorical, GraphSpec
from gtx.data.workers import workers

# atomic number, chirality, degree, formal charge, hydrogens, radical electrons, hybridisation,
# aromatic, in a ring. 174 places; older OGB has no "misc" chirality: 173.
ATOM_SIZES = (119, 5, 12, 12, 10, 6, 6, 2, 2)
# bond type, stereo, conjugated
BOND_SIZES = (5, 6, 2)
# The same with the labels of `gtx.data.stereo` for chirality and stereo.
CIP_ATOM_SIZES = (ATOM_SIZES[0], stereo.CENTRE_SIZE, *ATOM_SIZES[2:])
CIP_BOND_SIZES = (BOND_SIZES[0], stereo.BOND_SIZE, BOND_SIZES[2])
# The name of the columns of nodes and of edges, and what each holds, by the name of the features.
_COLUMNS = {
    "cip": ("atom", Categorical(CIP_ATOM_SIZES), "bond", Categorical(CIP_BOND_SIZES)),
    "ogb": ("atom", Categorical(ATOM_SIZES), "bond", Categorical(BOND_SIZES)),
    "types": ("type", Categorical(ATOM_SIZES[:1]), "type", Categorical(BOND_SIZES[:1])),
}

# For descriptors over all pairs of atoms RDKit takes cubic time: about a second at these sizes, and
# minutes at 2,000 atoms. The limit is a size and not a time, because a value must not depend on the
# load of the machine.
_PAIR_ATOMS = 500
_POLYNOMIAL_ATOMS = 150
_POLYNOMIAL = ("AvgIpc", "Ipc")  # from the characteristic polynomial
_PAIRS = ("BCUT2D", "BalabanJ", "BertzCT", "EState_VSA", "VSA_EState")
_PAIRS_TOO = ("MaxAbsEStateIndex", "MaxEStateIndex", "MinAbsEStateIndex", "MinEStateIndex")

# From RDKit's numbers to places in OGB's lists.
_HYBRIDIZATION = {2: 0, 3: 1, 4: 2, 6: 3, 7: 4}  # SP SP2 SP3 SP3D SP3D2; others are misc
_BOND_TYPE = {1: 0, 2: 1, 3: 2, 12: 3}  # single double triple aromatic; others are misc
# none, Z, E, cis, trans, any. OGB fails at the atropisomers of newer RDKits; here they are "any".
_BOND_STEREO = {0: 0, 2: 1, 3: 2, 4: 3, 5: 4, 1: 5}

_STEREO = re.compile(r"[@/\\]")
_CHIRALITY, _STEREO_OF_BOND = 1, 1  # the columns that RDKit's labels replace
_PART = 1024  # SMILES that are read at a time


class MoleculeWarning(UserWarning):
    """A value of a molecule is not computed; the message names it.

    Attributes:
      place: number of the molecule, as in the dataset's `ids`.
      reason: the message without the place.
    """

    def __init__(self, place: int, reason: str):
        super().__init__(f"molecule {place}: {reason}")
        self.place = place
        self.reason = reason


def from_smiles(
    smiles: Sequence[Any], *, features: str = "cip", num_workers: int = 0
) -> tuple[Dataset, dict[int, str]]:
    """Graphs of the SMILES that parse, and the reasons why the others do not.

    Args:
      smiles: one molecule each, see `gtx.data.smiles.parse`; salts, single atoms, ions and
        isotopes are accepted. Atom-map numbers are removed.
      features: "cip": nine atom features as node column "atom" and three bond features as edge
        column "bond", as in OGB but with CIP labels for stereo. These do not depend on the
        spelling of the molecule. "ogb": OGB's own table, with RDKit's tag as chirality, which
        differs between spellings of one molecule. "types": node column "type" (atomic number - 1)
        and edge column "type" (single, double, triple, aromatic, other).
      num_workers: number of worker processes; 0 for none. The result does not depend on it.

    Returns:
      A dataset without labels whose `ids` are the places in `smiles` and whose `names` are the
      SMILES, and a dict from place to reason.

    Raises:
      WorkerError: a worker ended.
    """
    columns_of(features)  # refuses unknown features before molecules are read
    smiles = list(smiles)
    starts = range(0, max(len(smiles), 1), _PART)
    parts = [smiles[start : start + _PART] for start in starts]
    with workers(num_workers) as pool:
        run = map if pool is None else pool.map
        read = list(run(_read, parts, [features] * len(parts)))
    found = list(zip(starts, read, strict=True))
    kept = [start + row for start, part in found for row in part.kept.tolist()]
    errors = {start + row: why for start, part in found for row, why in part.errors.items()}
    return _joined(read, kept, [smiles[row] for row in kept], features), errors


def from_molecules(
    molecules: Sequence[Any], names: Sequence[str], *, features: str = "cip"
) -> Dataset:
    """Graphs of RDKit's molecules. `gtx.data.convert.from_molecules` also checks them.

    Args:
      molecules: sanitized; None has no graph.
      names: the SMILES of each molecule that is not None.
      features: see `from_smiles`.

    Returns:
      A dataset without labels whose `ids` are the places in `molecules`.
    """
    columns_of(features)
    molecules = list(molecules)
    starts = range(0, max(len(molecules), 1), _PART)
    binary = binaries()
    parts = []
    for start in starts:
        some = molecules[start : start + _PART]
        read = [None if each is None else (binary(each), each) for each in some]
        parts.append(_features_of(read, some.__getitem__, features))
    kept = [
        start + row for start, part in zip(starts, parts, strict=True) for row in part.kept.tolist()
    ]
    return _joined(parts, kept, names, features)


def _joined(
    parts: "Sequence[_Part]", ids: Sequence[int], names: Sequence[str], features: str
) -> Dataset:
    node_name, of_nodes, edge_name, of_edges = _COLUMNS[features]
    atom, bond, ends = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("atom", "bond", "ends")
    )
    return Dataset.from_columns(
        nodes={node_name: atom[:, : len(of_nodes.sizes)]},
        edges={edge_name: bond[:, : len(of_edges.sizes)]},
        node_ptr=offsets(np.concatenate([part.sizes for part in parts])),
        edge_ptr=offsets(np.concatenate([part.edges for part in parts])),
        senders=ends[:, 0],
        receivers=ends[:, 1],
        ids=ids,
        names=names,
        spec=columns_of(features),
    )


@dataclasses.dataclass(frozen=True)
class _Part:
    """What was read of some SMILES, in small integers, because processes send it to each other.

    Attributes:
      kept: [graphs], the rows of the molecules that have a graph.
      sizes, edges: [graphs], numbers of atoms and of directed edges.
      atom: uint8 [atoms, 9].
      bond: uint8 [edges, 3].
      ends: int16 [edges, 2], sender and receiver, sorted by receiver in each graph.
      errors: the reason for each row that has no graph.
    """

    kept: np.ndarray
    sizes: np.ndarray
    edges: np.ndarray
    atom: np.ndarray
    bond: np.ndarray
    ends: np.ndarray
    errors: dict[int, str]


def _read(smiles: Sequence[Any], features: str) -> _Part:
    """What the graphs of some SMILES are made of."""
    binary = binaries()

    def use(molecule: Any, text: str) -> _Molecule:
        # The text of a molecule without stereo has none of these characters.
        return binary(molecule), molecule if _STEREO.search(text) else None

    def again(row: int) -> Any:
        return parse([smiles[row]])[0][0]

    read, errors = parse(smiles, stereo=False, use=use)
    return dataclasses.replace(_features_of(read, again, features), errors=errors)


# The bytes of a molecule, and the molecule itself if it may have stereo.
_Molecule = tuple[bytes, Any]


def _features_of(
    read: Sequence[_Molecule | None], molecule: Callable[[int], Any], features: str
) -> _Part:
    """The part of some molecules, without errors.

    Args:
      read: of each molecule; None has no graph.
      molecule: gives the molecule of a row again.
      features: see `from_smiles`.
    """
    kept = [row for row, each in enumerate(read) if each is not None]
    given, molecules = zip(*filter(None, read), strict=True) if kept else ((), ())
    marked = np.array([each is not None for each in molecules], bool)
    found = arrays_of(given, lambda row: molecule(kept[row]))
    of_atoms, of_bonds = found.molecules("sizes"), found.molecules("counts")
    atoms, bonds = found.atoms, found.bonds
    atoms[~marked[of_atoms], _CHIRALITY] = 0
    bonds[~marked[of_bonds], _STEREO_OF_BOND] = 0
    tags, kinds = atoms[:, _CHIRALITY].copy(), bonds[:, _STEREO_OF_BOND].copy()
    if features == "cip":
        first, first_bond = offsets(found.sizes), offsets(found.counts)
        for row in np.union1d(of_atoms[tags != 0], of_bonds[kinds != 0]).tolist():
            with quiet():
                centres, double_bonds = stereo.labels(molecules[row])
            atoms[first[row] : first[row + 1], _CHIRALITY] = centres
            bonds[first_bond[row] : first_bond[row + 1], _STEREO_OF_BOND] = double_bonds
    else:
        atoms[:, _CHIRALITY] = np.minimum(tags, 4)
        bonds[:, _STEREO_OF_BOND] = _places(kinds, _BOND_STEREO, 5)
    # Both directions of a bond, one after the other; then stably by receiver.
    ends = np.stack([found.ends, found.ends[:, ::-1]], axis=1).reshape(-1, 2)
    receiver = (offsets(found.sizes)[of_bonds.repeat(2)] + ends[:, 1]).astype(
        np.uint16 if len(atoms) <= 2**16 else np.int64  # numpy sorts numbers of 16 bits faster
    )
    order = np.argsort(receiver, kind="stable")
    return _Part(
        kept=np.array(kept, np.int32),
        sizes=found.sizes.astype(np.int32),
        edges=(2 * found.counts).astype(np.int32),
        atom=_atom_places(atoms),
        bond=_bond_places(bonds)[order // 2],
        ends=ends[order],
        errors={},
    )


def columns_of(features: str) -> GraphSpec:
    """The columns that `from_smiles` makes with these features."""
    if features not in _COLUMNS:
        raise DatasetError(f'features={features!r} is unknown. Use "cip", "ogb" or "types".')
    node_name, of_nodes, edge_name, of_edges = _COLUMNS[features]
    return GraphSpec(nodes={node_name: of_nodes}, edges={edge_name: of_edges})


def descriptor_names() -> tuple[str, ...]:
    """Names of the columns of `descriptors`; they depend on RDKit's version."""
    rdkit()
    from rdkit.Chem import Descriptors

    return tuple(name for name, _ in Descriptors.descList)


def descriptors(
    smiles: Sequence[str],
    names: Sequence[str] | None = None,
    *,
    ids: Sequence[int] | None = None,
) -> np.ndarray:
    """RDKit's descriptors, float64 [graphs, descriptors], NaN where one is not defined.

    Some are huge or not finite: apply a `gtx.data.scaling.Scaler` before a model reads them. For
    molecules of more than 500 atoms, descriptors over all pairs of atoms (Ipc and AvgIpc: more than
    150 atoms) are not computed, because they take minutes; a MoleculeWarning names the first.

    Args:
      smiles: all must parse.
      names: names out of `descriptor_names()`; None for all of them, which take 4 ms per molecule.
      ids: numbers of the molecules in messages; None for their places.

    Raises:
      DatasetError: a molecule does not parse, or there is no descriptor of that name.
    """
    rdkit()
    from rdkit.Chem import Descriptors

    known = dict(Descriptors.descList)
    names = tuple(known) if names is None else tuple(names)
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.3)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise DatasetError(f"descriptors: RDKit has no {name!r}.{hint}")
    asked = [(column, known[name], _atoms_limit(name)) for column, name in enumerate(names)]
    sizes = []

    def of_one(molecule: Any, _: str) -> np.ndarray:
        values = np.full(len(names), np.nan)
        size = molecule.GetNumAtoms()
        sizes.append(size)
        for column, function, limit in asked:
            if size <= limit:
                with contextlib.suppress(Exception):  # RDKit: not defined for this molecule
                    values[column] = function(molecule)
        return values

    with np.errstate(all="ignore"):
        # No molecule is kept: each keeps matrices over all pairs of its atoms.
        values = np.array(parse_all(smiles, use=of_one), float).reshape(len(smiles), len(names))
    limits = [limit for _, _, limit in asked]
    _warn_of_large(smiles, range(len(smiles)) if ids is None else ids, sizes, names, limits)
    return values


def _atoms_limit(descriptor: str) -> int:
    """Number of atoms of the largest molecule for which a descriptor is computed."""
    if descriptor in _POLYNOMIAL:
        return _POLYNOMIAL_ATOMS
    over_pairs = descriptor.startswith(_PAIRS) or descriptor in _PAIRS_TOO
    return _PAIR_ATOMS if over_pairs else sys.maxsize


def _warn_of_large(
    smiles: Sequence[str],
    ids: Sequence[int],
    sizes: Sequence[int],
    names: Sequence[str],
    limits: Sequence[int],
) -> None:
    for text, place, size in zip(smiles, ids, sizes, strict=True):
        left_out = [name for name, limit in zip(names, limits, strict=True) if size > limit]
        if left_out:
            shown = ", ".join(left_out[:4]) + (", ..." if len(left_out) > 4 else "")
            reason = (
                f"{shortened(text)} has {size} atoms, too many for the descriptors {shown}: a "
                "model reads the median of its training data instead, and training leaves the "
                "column out"
            )
            warnings.warn(MoleculeWarning(int(place), reason), stacklevel=3)


def morgan_counts(smiles: Sequence[str], *, radius: int = 2, size: int = 2048) -> np.ndarray:
    """Folded counts of circular substructures (ECFP), uint16 [graphs, size].

    Rogers and Hahn (2010); radius 2 is ECFP4. Molecules of published datasets have one too where an
    atom has more bonds than RDKit allows today.
    """
    rdkit()
    from rdkit.Chem import rdFingerprintGenerator

    generator = rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=size)

    def of_one(molecule: Any, _: str) -> np.ndarray:
        counts = np.zeros(size, np.uint16)
        for place, count in generator.GetCountFingerprint(molecule).GetNonzeroElements().items():
            counts[place] = min(count, 65535)  # the largest number of uint16
        return counts

    return np.array(parse_all(smiles, any_valence=True, use=of_one), np.uint16).reshape(-1, size)


def _places(values: np.ndarray, table: dict[int, int], other: int) -> np.ndarray:
    """Map RDKit's numbers through a table; numbers that it does not hold become `other`."""
    lookup = np.full(max(int(values.max(initial=0)), *table) + 1, other)
    lookup[list(table)] = list(table.values())
    return lookup[values]


def _atom_places(raw: np.ndarray) -> np.ndarray:
    number, chirality, degree, charge, hydrogens, radicals, hybridization, *flags = raw.T
    columns = (
        np.where((number >= 1) & (number <= 118), number - 1, 118),
        chirality,
        np.minimum(degree, 11),
        np.where(np.abs(charge) <= 5, charge + 5, 11),
        np.minimum(hydrogens, 9),
        np.minimum(radicals, 5),
        _places(hybridization, _HYBRIDIZATION, 5),
        *flags,
    )
    return np.stack(columns, axis=1, dtype=np.uint8, casting="unsafe")


def _bond_places(raw: np.ndarray) -> np.ndarray:
    kind, configuration, conjugated = raw.T
    columns = (_places(kind, _BOND_TYPE, 4), configuration, conjugated)
    return np.stack(columns, axis=1, dtype=np.uint8, casting="unsafe")
