"""QM9: 19 properties of 130,831 small molecules, with coordinates (Ramakrishnan et al. 2014)."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from gtx.data.columns import offsets
from gtx.data.dataset import Dataset
from gtx.data.download import Remote
from gtx.data.exact import DatasetError
from gtx.data.sources.formats import labelled_csv, sdf
from gtx.data.sources.installing import member, unpacked
from gtx.data.sources.packed_source import PackedSource
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Categorical, Column, Continuous, GraphSpec, Label
from gtx.limits import Seed

ELEMENTS = ("H", "C", "N", "O", "F")
BONDS = ("single", "double", "triple", "aromatic")
_HARTREE, _KCAL_MOL = 27.211386246, 0.04336414  # in eV, as PyTorch Geometric has them
# The factor from the unit of the file to that of the label, which is in brackets, in the order of
# PyTorch Geometric.
_FACTORS = {
    "mu": 1.0,  # dipole moment [D]
    "alpha": 1.0,  # isotropic polarizability [a0^3]
    "homo": _HARTREE,  # energy of the highest occupied orbital [eV]
    "lumo": _HARTREE,  # energy of the lowest unoccupied orbital [eV]
    "gap": _HARTREE,  # between the two [eV]
    "r2": 1.0,  # electronic spatial extent [a0^2]
    "zpve": _HARTREE,  # zero-point vibrational energy [eV]
    "u0": _HARTREE,  # internal energy at 0 K [eV]
    "u298": _HARTREE,  # internal energy at 298.15 K [eV]
    "h298": _HARTREE,  # enthalpy at 298.15 K [eV]
    "g298": _HARTREE,  # free energy at 298.15 K [eV]
    "cv": 1.0,  # heat capacity at 298.15 K [cal/(mol K)]
    "u0_atom": _KCAL_MOL,  # atomization energy at 0 K [eV]
    "u298_atom": _KCAL_MOL,  # atomization energy at 298.15 K [eV]
    "h298_atom": _KCAL_MOL,  # atomization enthalpy at 298.15 K [eV]
    "g298_atom": _KCAL_MOL,  # atomization free energy at 298.15 K [eV]
    "A": 1.0,  # rotational constant [GHz]
    "B": 1.0,  # rotational constant [GHz]
    "C": 1.0,  # rotational constant [GHz]
}
TARGETS = tuple(_FACTORS)
NUM_MOLECULES, NUM_LEFT_OUT = 133_885, 3_054
NUM_TRAIN, NUM_VALID = 110_000, 10_000
# The list of molecules that failed a check begins with so many lines of text.
_HEAD = 9


@dataclasses.dataclass(frozen=True)
class QM9(PackedSource):
    """`<root>/qm9/qm9.npz`: node columns "type" and "pos", edge column "type", 19 labels.

    All hydrogens are nodes. "type" of a node is the element (H, C, N, O, F), of an edge the bond
    (single, double, triple, aromatic) as the file has it; "pos" holds the coordinates in Ångström.
    The labels have the order and the units of PyTorch Geometric: mu [D], alpha [a0^3], homo, lumo,
    gap [eV], r2 [a0^2], zpve, u0, u298, h298, g298 [eV], cv [cal/(mol K)], the four energies of
    atomization [eV], and the rotational constants A, B, C [GHz]. Papers train on one at a time.

    The 3,054 molecules whose geometry failed the authors' check are left out. There is no published
    split: as in most papers 110,000 molecules are for training and 10,000 for validation, drawn by
    `split_seed`. The published files could not be reached when this was written: what reads them is
    tested on small files of their form.

    Attributes:
      root: the folder that holds the folder `qm9`.
      target: name of one label, or "all".
      split_seed: seed of the parts.
    """

    target: Literal[
        "all", "mu", "alpha", "homo", "lumo", "gap", "r2", "zpve", "u0", "u298", "h298", "g298",
        "cv", "u0_atom", "u298_atom", "h298_atom", "g298_atom", "A", "B", "C",
    ] = "all"  # fmt: skip
    split_seed: Seed = 0

    file: ClassVar[str] = "qm9/qm9.npz"
    nodes: ClassVar[Mapping[str, Column]] = {
        "type": Categorical((len(ELEMENTS),), names=(ELEMENTS,)),
        "pos": Continuous(3),
    }
    edges: ClassVar[Mapping[str, Column]] = {"type": Categorical((len(BONDS),), names=(BONDS,))}

    @property
    def label(self) -> Label:  # type: ignore[override]
        names = TARGETS if self.target == "all" else (self.target,)
        return Label("graph", "regression", len(names), names)

    def published(self) -> Published:
        return Published(
            files=(
                Remote(
                    "qm9.zip",
                    "https://deepchemdata.s3-us-west-1.amazonaws.com/datasets/molnet_publish/qm9.zip",
                ),
                Remote("uncharacterized.txt", "https://ndownloader.figshare.com/files/3195404"),
            ),
            statistics=Statistics(NUM_MOLECULES - NUM_LEFT_OUT, 2_359_210, 4_883_516),
            licence="CC0",
            citation="Ramakrishnan et al. (2014), Scientific Data 1:140022; Wu et al. (2018)",
            page="https://doi.org/10.6084/m9.figshare.c.978904",
            metric="mae" if self.target != "all" else "scaled_mae",
        )

    def load(self) -> Dataset:
        dataset = super().load()
        table, label = dataset.targets, dataset.spec.label
        if self.target != "all" and label is not None and label != self.label:
            if table.labels is None or self.target not in label.names:
                raise DatasetError(f"{self.file}: has no label {self.target!r}. Fetch it again.")
            column = label.names.index(self.target)
            table = table.replace(labels=table.labels[:, [column]])
            spec = dataset.spec.replace(label=self.label)
            dataset = dataclasses.replace(dataset, targets=table, spec=spec)
        return dataset.with_split(_split(len(dataset), self.split_seed))

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        left_out = _left_out(files["uncharacterized.txt"])
        wanted = ("gdb9.sdf", "gdb9.sdf.csv")
        with unpacked(files["qm9.zip"], wanted=lambda name: name.endswith(wanted)) as inner:
            names, values = labelled_csv.read(member(inner, "gdb9.sdf.csv"), "mol_id", TARGETS)
            blocks = [
                None if number in left_out else block
                for number, block in enumerate(sdf.read(member(inner, "gdb9.sdf")))
            ]
        if len(blocks) != len(names):
            raise DatasetError(
                f"qm9.zip: gdb9.sdf holds {len(blocks)} molecules and its table {len(names)}. "
                "Fetch it again."
            )
        kept = [number for number, block in enumerate(blocks) if block is not None]
        labels = values[kept] * np.array(list(_FACTORS.values()))
        whole = dataclasses.replace(self, target="all")
        return _dataset(
            [block for block in blocks if block is not None], labels, kept, whole.declared_spec()
        )


def _dataset(
    blocks: list[sdf.Block], labels: np.ndarray, ids: list[int], spec: GraphSpec
) -> Dataset:
    elements = {symbol: number for number, symbol in enumerate(ELEMENTS)}
    symbols = [symbol for block in blocks for symbol in block.symbols]
    strange = sorted(set(symbols) - set(elements))
    bonds = np.concatenate([block.bonds for block in blocks])
    if strange or len(bonds) and not 1 <= bonds[:, 2].min() <= bonds[:, 2].max() <= len(BONDS):
        raise DatasetError(
            f"gdb9.sdf: has atoms {strange[:5]} or bonds that QM9 does not have. Fetch it again."
        )
    ends = np.stack([bonds[:, :2], bonds[:, 1::-1]], axis=1).reshape(-1, 2)
    return Dataset.from_columns(
        nodes={
            "type": np.array([elements[symbol] for symbol in symbols])[:, None],
            "pos": np.concatenate([block.positions for block in blocks]).astype(np.float32),
        },
        edges={"type": np.repeat(bonds[:, 2:] - 1, 2, axis=0)},
        node_ptr=offsets([len(block.symbols) for block in blocks]),
        edge_ptr=offsets([2 * len(block.bonds) for block in blocks]),
        senders=ends[:, 0],
        receivers=ends[:, 1],
        labels=labels.astype(np.float32),
        ids=ids,
        names=[block.name for block in blocks],
        spec=spec,
    )


def _left_out(path: Path) -> set[int]:
    """The places of the molecules that failed the authors' check; the list counts from 1."""
    lines = path.read_bytes().decode("ascii", "replace").splitlines()[_HEAD:]
    first = [line.split()[0] for line in lines if line.split()]
    numbers = {int(word) - 1 for word in first if word.isdigit()}
    if not numbers or min(numbers) < 0:
        raise DatasetError(f"{path.name}: is no list of molecules. Fetch it again.")
    return numbers


def _split(count: int, seed: int) -> np.ndarray:
    """The part of each molecule, in the proportions of the whole set."""
    whole = NUM_MOLECULES - NUM_LEFT_OUT
    train, valid = (round(count * size / whole) for size in (NUM_TRAIN, NUM_VALID))
    split = np.full(count, 2, np.int8)
    order = np.random.default_rng(seed).permutation(count)
    split[order[:train]] = 0
    split[order[train : train + valid]] = 1
    return split
