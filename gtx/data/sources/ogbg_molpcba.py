"""ogbg-molpcba: 128 assays of 437,929 molecules (Wu et al. 2018; Hu et al. 2020)."""

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
class OGBGMolpcba(PackedSource):
    """`<root>/ogbg_molpcba/ogbg_molpcba.npz`: columns "atom" and "bond", OGB's scaffold split.

    A label is NaN where an assay was not made; the score is the mean average precision of the
    assays. The published files could not be reached when this was written: what reads them is
    tested on small files of their form.

    Attributes:
      root: the folder that holds the folder `ogbg_molpcba`.
    """

    file: ClassVar[str] = "ogbg_molpcba/ogbg_molpcba.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"atom": Categorical(molecules.ATOM_SIZES)}
    edges: ClassVar[Mapping[str, Column]] = {"bond": Categorical(molecules.BOND_SIZES)}
    features: ClassVar[str] = "ogb"
    label: ClassVar[Label] = Label("graph", "multilabel", 128)

    def published(self) -> Published:
        return Published(
            files=(
                Remote(
                    "pcba.zip",
                    "https://snap.stanford.edu/ogb/data/graphproppred/csv_mol_download/pcba.zip",
                ),
            ),
            statistics=Statistics(437_929, parts=(350_343, 43_793, 43_793)),
            licence="MIT",
            citation="Wu et al. (2018); Hu et al. (2020), arXiv:2005.00687",
            page="https://ogb.stanford.edu/docs/graphprop",
        )

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        (path,) = files.values()
        return ogb_csv.read_graphs(path, self.declared_spec(), "scaffold")
