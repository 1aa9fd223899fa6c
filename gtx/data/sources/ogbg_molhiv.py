"""ogbg-molhiv: does a molecule inhibit HIV? (Wu et al. 2018; Hu et al. 2020)."""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

from gtx.data import molecules
from gtx.data.sources.packed_source import PackedSource
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
    label: ClassVar[Label] = Label("graph", "binary", 1, ("HIV_active",))
