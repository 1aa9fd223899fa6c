"""Peptides-func of the Long Range Graph Benchmark (Dwivedi et al. 2022): ten functions."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from gtx.data import molecules
from gtx.data.dataset import Dataset
from gtx.data.download import Remote
from gtx.data.sources.formats import pyg_lists
from gtx.data.sources.packed_source import PackedSource
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Categorical, Column, Label

# OGB's table as it was when the published models were trained: four chiralities, 173 rows.
ATOM_SIZES = (119, 4, *molecules.ATOM_SIZES[2:])


@dataclasses.dataclass(frozen=True)
class PeptidesFunc(PackedSource):
    """`<root>/peptides_func/peptides_func.npz`: columns "atom" and "bond", official split.

    Attributes:
      root: the folder that holds the folder `peptides_func`.
    """

    file: ClassVar[str] = "peptides_func/peptides_func.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"atom": Categorical(ATOM_SIZES)}
    edges: ClassVar[Mapping[str, Column]] = {"bond": Categorical(molecules.BOND_SIZES)}
    features: ClassVar[str] = "ogb"
    label: ClassVar[Label] = Label(
        "graph", "multilabel", 10, tuple(f"class{number}" for number in range(10))
    )

    def published(self) -> Published:
        return Published(
            files=(
                Remote(
                    "peptidesfunc.zip",
                    "https://www.dropbox.com/s/ycsq37q8sxs1ou8/peptidesfunc.zip?dl=1",
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


def molecule_columns(graph: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """The columns and labels of a published graph of peptides."""
    nodes, edges = dict(atom=graph["x"]), dict(bond=graph["edge_attr"])
    return nodes, edges, np.asarray(graph["y"], np.float32).reshape(-1)
