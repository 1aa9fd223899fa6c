"""ZINC-12k: penalised logP of 12,000 drug-like molecules (Dwivedi et al. 2020)."""

import dataclasses
from collections.abc import Mapping
from typing import Annotated, ClassVar

from gtx.data.sources.packed_source import PackedSource
from gtx.data.spec import Categorical, Column, GraphSpec, Label
from gtx.limits import Whole

NUM_ATOM_TYPES = 28  # of ZINC-full, as in published models; 21 of them occur in the 12k
NUM_BOND_TYPES = 4  # none, single, double, triple; "none" does not occur


@dataclasses.dataclass(frozen=True)
class ZINC(PackedSource):
    """`<root>/zinc12k/zinc12k.npz`: node and edge column "type", 10,000/1,000/1,000 graphs.

    Attributes:
      root: the folder that holds the folder `zinc12k`.
      num_atom_types: rows of a table of types. GRIT's for the 12k has 21, those that occur.
    """

    num_atom_types: Annotated[int, Whole(1, 2**16)] = NUM_ATOM_TYPES

    file: ClassVar[str] = "zinc12k/zinc12k.npz"
    edges: ClassVar[Mapping[str, Column]] = {"type": Categorical((NUM_BOND_TYPES,))}
    label: ClassVar[Label] = Label("graph", "regression", 1, ("penalised logP",))

    def declared_spec(self) -> GraphSpec:
        nodes = {"type": Categorical((self.num_atom_types,))}
        return super().declared_spec().replace(nodes=nodes)
