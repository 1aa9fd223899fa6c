"""ZINC-12k: penalised logP of 12,000 drug-like molecules (Dwivedi et al. 2020)."""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

from gtx.data.sources.packed_source import PackedSource
from gtx.data.spec import Categorical, Column, Label

NUM_ATOM_TYPES = 28  # of ZINC-full, as in published models; 21 of them occur in the 12k
NUM_BOND_TYPES = 4  # none, single, double, triple; "none" does not occur


@dataclasses.dataclass(frozen=True)
class ZINC(PackedSource):
    """`<root>/zinc12k/zinc12k.npz`: node and edge column "type", 10,000/1,000/1,000 graphs.

    Attributes:
      root: the folder that holds the folder `zinc12k`.
    """

    file: ClassVar[str] = "zinc12k/zinc12k.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"type": Categorical((NUM_ATOM_TYPES,))}
    edges: ClassVar[Mapping[str, Column]] = {"type": Categorical((NUM_BOND_TYPES,))}
    label: ClassVar[Label] = Label("graph", "regression", 1, ("penalised logP",))
