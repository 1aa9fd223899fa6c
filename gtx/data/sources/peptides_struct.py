"""Peptides-struct of the Long Range Graph Benchmark (Dwivedi et al. 2022): eleven shapes."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from gtx.data import molecules
from gtx.data.dataset import Dataset
from gtx.data.download import Remote
from gtx.data.sources.formats import pyg_lists
from gtx.data.sources.packed_source import PackedSource
from gtx.data.sources.peptides_func import ATOM_SIZES, molecule_columns
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Categorical, Column, Label

TARGETS = (
    "inertia_mass_a", "inertia_mass_b", "inertia_mass_c", "inertia_valence_a",
    "inertia_valence_b", "inertia_valence_c", "length_a", "length_b", "length_c", "spherocity",
    "plane_best_fit",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class PeptidesStruct(PackedSource):
    """`<root>/peptides_struct/peptides_struct.npz`: the graphs of Peptides-func, official split.

    The eleven targets are those of the published file, each with mean 0 and deviation 1 already.
    The published files could not be reached when this was written: what reads them is tested on
    small files of their form.

    Attributes:
      root: the folder that holds the folder `peptides_struct`.
    """

    file: ClassVar[str] = "peptides_struct/peptides_struct.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"atom": Categorical(ATOM_SIZES)}
    edges: ClassVar[Mapping[str, Column]] = {"bond": Categorical(molecules.BOND_SIZES)}
    features: ClassVar[str] = "ogb"
    label: ClassVar[Label] = Label("graph", "regression", len(TARGETS), TARGETS)

    def published(self) -> Published:
        return Published(
            files=(
                Remote(
                    "peptidesstruct.zip",
                    "https://www.dropbox.com/s/zgv4z8fcpmknhs8/peptidesstruct.zip?dl=1",
                ),
            ),
            statistics=Statistics(15_535, 2_344_859, 4_773_974, (10_873, 2_331, 2_331)),
            licence="CC BY-NC 4.0",
            citation="Dwivedi et al. (2022), arXiv:2206.08164; Singh et al. (2016)",
            page="https://github.com/vijaydwivedi75/lrgb",
        )

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        (path,) = files.values()
        return pyg_lists.read_long_range(path, self.declared_spec(), molecule_columns)
