"""Peptides-func of the Long Range Graph Benchmark (Dwivedi et al. 2022): ten functions."""

import dataclasses
from typing import ClassVar

from gtx.data import molecules, packed
from gtx.data.dataset import Dataset
from gtx.data.sources.base import DataSource
from gtx.data.spec import Label
from gtx.limits import Name

# OGB's table as it was when the published models were trained: four chiralities, 173 rows.
ATOM_SIZES = (119, 4, *molecules.ATOM_SIZES[2:])


@dataclasses.dataclass(frozen=True)
class PeptidesFunc(DataSource):
    """`<root>/peptides_func/peptides_func.npz`: columns "atom" and "bond", official split.

    Attributes:
      root: the folder that holds the folder `peptides_func`.
    """

    root: Name

    needs: ClassVar[str] = "the file <root>/peptides_func/peptides_func.npz"
    label: ClassVar[Label] = Label(
        "graph", "multilabel", 10, tuple(f"class{number}" for number in range(10))
    )

    def load(self) -> Dataset:
        return packed.load(
            packed.find(self.root, "peptides_func/peptides_func.npz"),
            node_sizes=ATOM_SIZES,
            edge_sizes=molecules.BOND_SIZES,
            label=self.label,
            node_name="atom",
            edge_name="bond",
        )
