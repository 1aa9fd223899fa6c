"""MoleculeNet (Wu et al. 2018): seven sets of small molecules, and their properties."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from gtx.data import molecules, splits
from gtx.data.dataset import Dataset
from gtx.data.download import Remote
from gtx.data.sources.formats import labelled_csv
from gtx.data.sources.packed_source import PackedSource
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Categorical, Column, Label, LabelKind

Set = Literal["esol", "freesolv", "lipo", "bbbp", "bace", "tox21", "clintox"]
_TOX21 = (
    "NR-AR", "NR-AR-LBD", "NR-AhR", "NR-Aromatase", "NR-ER", "NR-ER-LBD", "NR-PPAR-gamma",
    "SR-ARE", "SR-ATAD5", "SR-HSE", "SR-MMP", "SR-p53",
)  # fmt: skip
# Of each set: the kind of its label, its columns, its published file, the column of the SMILES,
# the sizes, and the parts of the scaffold split.
_SETS: dict[str, tuple[LabelKind, tuple[str, ...], str, str, Statistics]] = {
    "esol": (
        "regression", ("measured log solubility in mols per litre",), "delaney-processed.csv",
        "smiles", Statistics(1128, 14991, 30856, (902, 113, 113)),
    ),
    "freesolv": (
        "regression", ("expt",), "SAMPL.csv", "smiles",
        Statistics(642, 5600, 10770, (513, 64, 65)),
    ),
    "lipo": (
        "regression", ("exp",), "Lipophilicity.csv", "smiles",
        Statistics(4200, 113568, 247798, (3360, 420, 420)),
    ),
    "bbbp": (
        "binary", ("p_np",), "BBBP.csv", "smiles",
        Statistics(2039, 49068, 105842, (1631, 204, 204)),
    ),
    "bace": (
        "binary", ("Class",), "bace.csv", "mol", Statistics(1513, 51577, 111536, (1210, 151, 152)),
    ),
    "tox21": (
        "multilabel", _TOX21, "tox21.csv.gz", "smiles",
        Statistics(7831, 145459, 302190, (6264, 783, 784)),
    ),
    "clintox": (
        "multilabel", ("FDA_APPROVED", "CT_TOX"), "clintox.csv.gz", "smiles",
        Statistics(1478, 38660, 82416, (1182, 148, 148)),
    ),
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class MoleculeNet(PackedSource):
    """`<root>/moleculenet/<graphs>.npz`: columns "atom" and "bond" of OGB, a scaffold split.

    esol, freesolv and lipo are regression in the units of their files, scored by RMSE; bbbp and
    bace have one binary label, tox21 twelve with gaps (NaN) and clintox two. Names are SMILES.
    Molecules that RDKit cannot read are left out: 11 of bbbp's 2,050 and 6 of clintox's 1,484.

    The published files could not be reached when this was written: what reads them is tested on
    small files of their form. Needs the extra `molecules` to fetch, and not to load.

    Attributes:
      root: the folder that holds the folder `moleculenet`.
      graphs: name of the set.
    """

    graphs: Set = "esol"

    nodes: ClassVar[Mapping[str, Column]] = {"atom": Categorical(molecules.ATOM_SIZES)}
    edges: ClassVar[Mapping[str, Column]] = {"bond": Categorical(molecules.BOND_SIZES)}
    has_smiles: ClassVar[bool] = True
    features: ClassVar[str] = "ogb"
    needs: ClassVar[str] = "the file <root>/moleculenet/<graphs>.npz"

    @property
    def file(self) -> str:  # type: ignore[override]
        return f"moleculenet/{self.graphs}.npz"

    @property
    def label(self) -> Label:  # type: ignore[override]
        kind, names, *_ = _SETS[self.graphs]
        return Label("graph", kind, len(names), names)

    @classmethod
    def variants(cls) -> tuple[dict[str, Any], ...]:
        return tuple(dict(graphs=name) for name in _SETS)

    def published(self) -> Published:
        _, _, name, _, statistics = _SETS[self.graphs]
        bucket = "https://deepchemdata.s3-us-west-1.amazonaws.com/datasets"
        return Published(
            files=(Remote(name, f"{bucket}/{name}"),),
            statistics=statistics,
            licence="MIT (DeepChem)",
            citation="Wu et al. (2018), MoleculeNet, Chemical Science 9",
            page="https://moleculenet.org",
        )

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        _, names, name, column, _ = _SETS[self.graphs]
        smiles, labels = labelled_csv.read(files[name], column, names)
        dataset, _ = molecules.from_smiles(smiles, features="ogb")
        dataset = dataset.with_targets("graph", labels=labels[dataset.ids], label=self.label)
        return splits.scaffold(dataset)
