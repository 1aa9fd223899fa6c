"""ZINC-12k: penalised logP of 12,000 drug-like molecules (Dwivedi et al. 2020)."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from gtx.data.dataset import Dataset
from gtx.data.sources.formats import zinc_pickles
from gtx.data.sources.packed_source import PackedSource
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Categorical, Column, GraphSpec, Label
from gtx.limits import Whole

NUM_ATOM_TYPES = 28  # of ZINC-full, as in published models; 21 of them occur in the 12k
NUM_BOND_TYPES = 4  # none, single, double, triple; "none" does not occur


@dataclasses.dataclass(frozen=True)
class ZINC(PackedSource):
    """`<root>/zinc12k/zinc12k.npz`: node and edge column "type", 10,000/1,000/1,000 graphs.

    The published pickles could not be reached when this was written: what reads them is tested on
    small files of their form.

    Attributes:
      root: the folder that holds the folder `zinc12k`.
      num_atom_types: rows of a table of types. GRIT's for the 12k has 21, those that occur.
    """

    num_atom_types: Annotated[int, Whole(1, 2**16)] = NUM_ATOM_TYPES

    file: ClassVar[str] = "zinc12k/zinc12k.npz"
    edges: ClassVar[Mapping[str, Column]] = {"type": Categorical((NUM_BOND_TYPES,))}
    label: ClassVar[Label] = Label("graph", "regression", 1, ("penalised logP",))

    def published(self) -> Published:
        return Published(
            files=zinc_pickles.FILES,
            statistics=Statistics(12_000, 277_864, 597_970, (10_000, 1_000, 1_000)),
            licence="MIT (benchmarking-gnns); molecules of ZINC are free to use",
            citation="Irwin et al. (2012); Dwivedi et al. (2020), arXiv:2003.00982",
            page="https://github.com/graphdeeplearning/benchmarking-gnns",
        )

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        spec = dataclasses.replace(self, num_atom_types=NUM_ATOM_TYPES).declared_spec()
        return zinc_pickles.read(files, spec, subset=True)

    def declared_spec(self) -> GraphSpec:
        nodes = {"type": Categorical((self.num_atom_types,))}
        return super().declared_spec().replace(nodes=nodes)
