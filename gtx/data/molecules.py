"""Molecules from SMILES: OGB's atom and bond features, descriptors, fingerprints, scaffolds.

Nodes are RDKit's atoms in RDKit's order, hydrogens implicit; each bond is two directed edges.
The vocabularies are those of `ogb.utils.features` (Hu et al. 2020), where a value outside a
list takes the list's last place, "misc". Needs the extra `molecules`.
"""

import contextlib
import difflib
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gtx.data.check import DatasetError
from gtx.data.columns import offsets
from gtx.data.dataset import Dataset
from gtx.data.spec import Categorical, GraphSpec

# atomic number, chirality, degree, formal charge, hydrogens, radical electrons, hybridisation,
# aromatic, in a ring. 174 places; older OGB has no "misc" chirality: 173.
ATOM_SIZES = (119, 5, 12, 12, 10, 6, 6, 2, 2)
# bond type, stereo, conjugated
BOND_SIZES = (5, 6, 2)

# RDKit's numbers to OGB's places.
_HYBRIDIZATION = {2: 0, 3: 1, 4: 2, 6: 3, 7: 4}  # SP SP2 SP3 SP3D SP3D2; others are misc
_BOND_TYPE = {1: 0, 2: 1, 3: 2, 12: 3}  # single double triple aromatic; others are misc
# none, Z, E, cis, trans, any. OGB fails at the atropisomers of newer RDKits; here they are "any".
_BOND_STEREO = {0: 0, 2: 1, 3: 2, 4: 3, 5: 4, 1: 5}


def rdkit() -> Any:
    """The module `rdkit.Chem`, or an ImportError that names the extra."""
    try:
        from rdkit import Chem
    except ImportError as error:
        raise ImportError(
            'molecules need RDKit: pip install "gtx-jax[molecules]"', name=error.name
        ) from error
    return Chem


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep RDKit from writing to stderr."""
    rdkit()
    from rdkit import rdBase

    with rdBase.BlockLogs():
        yield


def parse(smiles: Sequence[Any]) -> tuple[list[Any], dict[int, str]]:
    """The RDKit molecules, None where one does not parse, and the reason at each such place."""
    chem = rdkit()
    molecules, errors = [], {}
    with quiet():
        for row, text in enumerate(smiles):
            molecule = chem.MolFromSmiles(text) if isinstance(text, str) else None
            if molecule is None or molecule.GetNumAtoms() == 0:
                errors[row] = ""
                molecule = None
            molecules.append(molecule)
    for row in errors:
        errors[row] = _reason(smiles[row])
    return molecules, errors


def from_smiles(smiles: Sequence[Any], *, features: str = "ogb") -> tuple[Dataset, dict[int, str]]:
    """Graphs of the SMILES that parse, and why the others do not.

    Args:
      smiles: one molecule each; salts, single atoms, ions and isotopes are fine.
      features: "ogb" for OGB's nine atom features as node column "atom" and three bond
        features as edge column "bond"; "types" for node column "type" (atomic number - 1) and
        edge column "type" (single, double, triple, aromatic, other).

    Returns:
      A dataset without labels whose `ids` are the places in `smiles` and whose `names` are the
      SMILES, and a dict from place to reason.
    """
    molecules, errors = parse(smiles)
    kept = [row for row, molecule in enumerate(molecules) if molecule is not None]
    atoms: list[tuple[int, ...]] = []
    bonds: list[tuple[int, ...]] = []
    ends: list[tuple[int, int]] = []
    sizes, edges = [], []
    for row in kept:
        molecule = molecules[row]
        sizes.append(molecule.GetNumAtoms())
        edges.append(2 * molecule.GetNumBonds())
        for atom in molecule.GetAtoms():
            atoms.append(
                (
                    atom.GetAtomicNum(),
                    int(atom.GetChiralTag()),
                    atom.GetTotalDegree(),
                    atom.GetFormalCharge(),
                    atom.GetTotalNumHs(),
                    atom.GetNumRadicalElectrons(),
                    int(atom.GetHybridization()),
                    atom.GetIsAromatic(),
                    atom.IsInRing(),
                )
            )
        for bond in molecule.GetBonds():
            feature = (int(bond.GetBondType()), int(bond.GetStereo()), bond.GetIsConjugated())
            first, second = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
            bonds += [feature, feature]
            ends += [(first, second), (second, first)]
    atom = _atom_places(np.array(atoms, np.int64).reshape(-1, len(ATOM_SIZES)))
    bond = _bond_places(np.array(bonds, np.int64).reshape(-1, len(BOND_SIZES)))
    index = np.array(ends, np.int64).reshape(-1, 2)
    if features == "ogb":
        nodes, node_spec = dict(atom=atom), dict(atom=Categorical(ATOM_SIZES))
        edge, edge_spec = dict(bond=bond), dict(bond=Categorical(BOND_SIZES))
    elif features == "types":
        nodes, node_spec = dict(type=atom[:, :1]), dict(type=Categorical(ATOM_SIZES[:1]))
        edge, edge_spec = dict(type=bond[:, :1]), dict(type=Categorical(BOND_SIZES[:1]))
    else:
        raise DatasetError(f'features={features!r} is unknown. Use "ogb" or "types".')
    dataset = Dataset.from_columns(
        nodes=nodes,
        edges=edge,
        node_ptr=offsets(sizes),
        edge_ptr=offsets(edges),
        senders=index[:, 0],
        receivers=index[:, 1],
        ids=kept,
        names=[smiles[row] for row in kept],
        spec=GraphSpec(nodes=node_spec, edges=edge_spec),
    )
    return dataset, errors


def scaffolds(smiles: Sequence[str]) -> list[str]:
    """Bemis-Murcko scaffolds as SMILES without stereo; "" for a molecule without rings."""
    molecules = _parsed(smiles)
    from rdkit.Chem.Scaffolds.MurckoScaffold import MurckoScaffoldSmiles

    with quiet():
        return [MurckoScaffoldSmiles(mol=each, includeChirality=False) for each in molecules]


def flat_smiles(smiles: Sequence[str]) -> list[str]:
    """Canonical SMILES without stereo: equal for all stereoisomers of a molecule."""
    chem = rdkit()
    return [chem.MolToSmiles(each, isomericSmiles=False) for each in _parsed(smiles)]


def descriptor_names() -> tuple[str, ...]:
    """Names of the columns of `descriptors`; they depend on RDKit's version."""
    rdkit()
    from rdkit.Chem import Descriptors

    return tuple(name for name, _ in Descriptors.descList)


def descriptors(smiles: Sequence[str], names: Sequence[str] | None = None) -> np.ndarray:
    """RDKit's descriptors, float64 [graphs, descriptors], NaN where one is not defined.

    Some are huge or not finite: fit a `gtx.data.scaling.Scaler` before a model sees them.

    Args:
      smiles: all must parse.
      names: which, out of `descriptor_names()`; all of them, 4 ms a molecule, if None.

    Raises:
      DatasetError: a molecule does not parse, or there is no descriptor of that name.
    """
    molecules = _parsed(smiles)
    from rdkit.Chem import Descriptors

    known = dict(Descriptors.descList)
    names = tuple(known) if names is None else tuple(names)
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.3)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise DatasetError(f"descriptors: RDKit has no {name!r}.{hint}")
    values = np.full((len(molecules), len(names)), np.nan)
    with quiet(), np.errstate(all="ignore"):
        for row, molecule in enumerate(molecules):
            for column, name in enumerate(names):
                with contextlib.suppress(Exception):  # RDKit: not defined for this molecule
                    values[row, column] = known[name](molecule)
    return values


def morgan_counts(smiles: Sequence[str], *, radius: int = 2, size: int = 2048) -> np.ndarray:
    """Folded counts of circular substructures (ECFP), uint16 [graphs, size].

    Rogers and Hahn (2010); radius 2 is ECFP4.
    """
    molecules = _parsed(smiles)
    from rdkit.Chem import rdFingerprintGenerator

    generator = rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=size)
    counts = np.zeros((len(molecules), size), np.uint16)
    for row, molecule in enumerate(molecules):
        for place, count in generator.GetCountFingerprint(molecule).GetNonzeroElements().items():
            counts[row, place] = min(count, 65535)
    return counts


def _parsed(smiles: Sequence[str]) -> list[Any]:
    molecules, errors = parse(smiles)
    for row, reason in errors.items():
        raise DatasetError(f"molecule {row} ({smiles[row]}): {reason}. Leave it out or mend it.")
    return molecules


def _reason(text: Any) -> str:
    """Why a SMILES was refused, in RDKit's words, which it only writes to its log."""
    if not isinstance(text, str):
        return f"a SMILES is text, this is {type(text).__name__}"
    if not text.strip():
        return "empty"
    chem = rdkit()
    from rdkit import rdBase

    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("rdkit")
    rdBase.LogToPythonLogger()
    handlers, logger.handlers = logger.handlers, [handler]
    try:
        molecule = chem.MolFromSmiles(text)
    finally:
        logger.handlers = handlers
        rdBase.LogToCppStreams()
    if molecule is not None:
        return "it has no atoms"
    said = [line.split("] ", 1)[-1].removeprefix("SMILES Parse Error: ") for line in lines]
    said = [line for line in said if line.strip("~^ ") and line not in text]
    reason = "; ".join(line.split(" while parsing:")[0].rstrip(":") for line in said[:2])
    return reason or "RDKit cannot read it"


def _places(values: np.ndarray, table: dict[int, int], other: int) -> np.ndarray:
    """Map RDKit's numbers through a table; what it does not hold becomes `other`."""
    lookup = np.full(max(int(values.max(initial=0)), *table) + 1, other)
    lookup[list(table)] = list(table.values())
    return lookup[values]


def _atom_places(raw: np.ndarray) -> np.ndarray:
    number, chirality, degree, charge, hydrogens, radicals, hybridization, *flags = raw.T
    columns = (
        np.where((number >= 1) & (number <= 118), number - 1, 118),
        np.minimum(chirality, 4),
        np.minimum(degree, 11),
        np.where(np.abs(charge) <= 5, charge + 5, 11),
        np.minimum(hydrogens, 9),
        np.minimum(radicals, 5),
        _places(hybridization, _HYBRIDIZATION, 5),
        *flags,
    )
    return np.stack(columns, axis=1)


def _bond_places(raw: np.ndarray) -> np.ndarray:
    kind, stereo, conjugated = raw.T
    columns = (_places(kind, _BOND_TYPE, 4), _places(stereo, _BOND_STEREO, 5), conjugated)
    return np.stack(columns, axis=1)
