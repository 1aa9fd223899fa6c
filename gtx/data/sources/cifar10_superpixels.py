"""CIFAR10 as graphs of superpixels (Dwivedi et al. 2020): what is on the picture?"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from gtx.data.dataset import Dataset
from gtx.data.download import Remote
from gtx.data.sources.formats import pyg_lists
from gtx.data.sources.mnist_superpixels import superpixel_columns
from gtx.data.sources.packed_source import PackedSource
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Column, Continuous, Label

CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class CIFAR10Superpixels(PackedSource):
    """`<root>/cifar10_superpixels/cifar10_superpixels.npz`: 45,000/5,000/10,000 graphs.

    Node column "feat" holds the three colours of a superpixel and its two coordinates, as GraphGPS
    puts them together; edge column "feat" the similarity of its two ends, which are among the 8
    nearest. The published files could not be reached when this was written: what reads them is
    tested on small files of their form.

    Attributes:
      root: the folder that holds the folder `cifar10_superpixels`.
    """

    file: ClassVar[str] = "cifar10_superpixels/cifar10_superpixels.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"feat": Continuous(5)}
    edges: ClassVar[Mapping[str, Column]] = {"feat": Continuous(1)}
    label: ClassVar[Label] = Label("graph", "multiclass", 10, CLASSES)

    def published(self) -> Published:
        return Published(
            files=(
                Remote(
                    "CIFAR10_v2.zip",
                    "https://data.pyg.org/datasets/benchmarking-gnns/CIFAR10_v2.zip",
                ),
            ),
            statistics=Statistics(60_000, parts=(45_000, 5_000, 10_000)),
            licence="MIT (benchmarking-gnns)",
            citation="Dwivedi et al. (2020), arXiv:2003.00982",
            page="https://github.com/graphdeeplearning/benchmarking-gnns",
        )

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        (path,) = files.values()
        return pyg_lists.read_benchmark(
            path, "CIFAR10_v2.pt", self.declared_spec(), superpixel_columns
        )
