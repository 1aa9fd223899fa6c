"""ogbg-molhiv: does a molecule inhibit HIV? (Wu et al. 2018; Hu et al. 2020)."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from gtx.data import molecules
from gtx.data.dataset import Dataset
from gtx.data.download import Remote
from gtx.data.sources.formats import ogb_csv
from gtx.data.sources.packed_source import PackedSource
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Categorical, Column, Label


@dataclasses.dataclass(frozen=True)
class OGBGMolhiv(PackedSource):
    """`<root>/ogbg_molhiv/molhiv.npz`: columns "atom" and "bond", OGB's scaffold split.

    OGB's table of atoms has 174 rows today and had 173 when most published models were trained: a
    recipe says so by `sizes` of its encoder.

    Attributes:
      root: the folder that holds the folder `ogbg_molhiv`.
    """

    file: ClassVar[str] = "ogbg_molhiv/molhiv.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"atom": Categorical(molecules.ATOM_SIZES)}
    edges: ClassVar[Mapping[str, Column]] = {"bond": Categorical(molecules.BOND_SIZES)}
    has_smiles: ClassVar[bool] = True
    features: ClassVar[str] = "ogb"
    label: ClassVar[Label] = Label("graph", "binary", 1, ("HIV_active",))

    def published(self) -> Published:
        return Published(
            files=(
                Remote(
                    "hiv.zip",
                    "https://snap.stanford.edu/ogb/data/graphproppred/csv_mol_download/hiv.zip",
                ),
            ),
            statistics=Statistics(41_127, 1_049_163, 2_259_376, (32_901, 4_113, 4_113)),
            licence="MIT",
            citation="Wu et al. (2018); Hu et al. (2020), arXiv:2005.00687",
            page="https://ogb.stanford.edu/docs/graphprop",
        )

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        (path,) = files.values()
        return ogb_csv.read_graphs(path, self.declared_spec(), "scaffold")
