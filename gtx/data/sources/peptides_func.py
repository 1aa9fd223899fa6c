"""Peptides-func of the Long Range Graph Benchmark (Dwivedi et al. 2022): ten functions."""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

from gtx.data import molecules
from gtx.data.sources.packed_source import PackedSource
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
    label: ClassVar[Label] = Label(
        "graph", "multilabel", 10, tuple(f"class{number}" for number in range(10))
    )
