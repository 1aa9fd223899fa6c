"""ZINC-12k: penalised logP of 12,000 drug-like molecules (Dwivedi et al. 2020)."""

import dataclasses
from typing import ClassVar

from gtx.data import packed
from gtx.data.dataset import Dataset
from gtx.data.sources.base import DataSource
from gtx.data.spec import Label
from gtx.limits import Name

NUM_ATOM_TYPES = 28  # of ZINC-full, as in published models; 21 of them occur in the 12k
NUM_BOND_TYPES = 4  # none, single, double, triple; "none" does not occur


@dataclasses.dataclass(frozen=True)
class ZINC(DataSource):
    """`<root>/zinc12k/zinc12k.npz`: node and edge column "type", 10,000/1,000/1,000 graphs.

    Attributes:
      root: the folder that holds the folder `zinc12k`.
    """

    root: Name

    needs: ClassVar[str] = "the file <root>/zinc12k/zinc12k.npz"
    label: ClassVar[Label] = Label("graph", "regression", 1, ("penalised logP",))

    def load(self) -> Dataset:
        return packed.load(
            packed.find(self.root, "zinc12k/zinc12k.npz"),
            node_sizes=(NUM_ATOM_TYPES,),
            edge_sizes=(NUM_BOND_TYPES,),
            label=self.label,
        )
