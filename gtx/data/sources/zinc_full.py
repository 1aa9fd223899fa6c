"""ZINC-full: penalised logP of 249,456 drug-like molecules (Dwivedi et al. 2020)."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from gtx.data.dataset import Dataset
from gtx.data.sources.formats import zinc_pickles
from gtx.data.sources.published import Published, Statistics
from gtx.data.sources.zinc import NUM_ATOM_TYPES, ZINC


@dataclasses.dataclass(frozen=True)
class ZINCFull(ZINC):
    """`<root>/zinc_full/zinc_full.npz`: the columns of `zinc`, 220,011/24,445/5,000 graphs.

    `zinc` holds the 12,000 of these molecules that the lists of the benchmark name, and both are
    read from the same published archive. The published pickles could not be reached when this was
    written: what reads them is tested on small files of their form.

    Attributes:
      root: the folder that holds the folder `zinc_full`.
      num_atom_types: rows of a table of types; all 28 occur.
    """

    file: ClassVar[str] = "zinc_full/zinc_full.npz"

    def published(self) -> Published:
        archive, *_ = zinc_pickles.FILES
        known = super().published()
        return dataclasses.replace(
            known, files=(archive,), statistics=Statistics(249_456, parts=(220_011, 24_445, 5_000))
        )

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        spec = dataclasses.replace(self, num_atom_types=NUM_ATOM_TYPES).declared_spec()
        return zinc_pickles.read(files, spec, subset=False)
