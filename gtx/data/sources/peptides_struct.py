"""Peptides-struct of the Long Range Graph Benchmark (Dwivedi et al. 2022): eleven shapes."""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

from gtx.data import molecules
from gtx.data.sources.packed_source import PackedSource
from gtx.data.sources.peptides_func import ATOM_SIZES
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
    The real file was not at hand when this was written: the form is tested, the
    contents are not.

    Attributes:
      root: the folder that holds the folder `peptides_struct`.
    """

    file: ClassVar[str] = "peptides_struct/peptides_struct.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"atom": Categorical(ATOM_SIZES)}
    edges: ClassVar[Mapping[str, Column]] = {"bond": Categorical(molecules.BOND_SIZES)}
    label: ClassVar[Label] = Label("graph", "regression", len(TARGETS), TARGETS)
