"""MNIST as graphs of superpixels (Dwivedi et al. 2020): which digit?"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from gtx.data.dataset import Dataset
from gtx.data.download import Remote
from gtx.data.sources.formats import pyg_lists
from gtx.data.sources.packed_source import PackedSource
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Column, Continuous, Label


@dataclasses.dataclass(frozen=True)
class MNISTSuperpixels(PackedSource):
    """`<root>/mnist_superpixels/mnist_superpixels.npz`: 55,000/5,000/10,000 graphs of <= 75 nodes.

    Node column "feat" holds the intensity of a superpixel and its two coordinates, as GraphGPS puts
    them together; edge column "feat" the similarity of its two ends, which are among the 8 nearest.
    The published files could not be reached when this was written: what reads them is tested on
    small files of their form.

    Attributes:
      root: the folder that holds the folder `mnist_superpixels`.
    """

    file: ClassVar[str] = "mnist_superpixels/mnist_superpixels.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"feat": Continuous(3)}
    edges: ClassVar[Mapping[str, Column]] = {"feat": Continuous(1)}
    label: ClassVar[Label] = Label("graph", "multiclass", 10, tuple("0123456789"))

    def published(self) -> Published:
        return Published(
            files=(
                Remote(
                    "MNIST_v2.zip", "https://data.pyg.org/datasets/benchmarking-gnns/MNIST_v2.zip"
                ),
            ),
            statistics=Statistics(70_000, parts=(55_000, 5_000, 10_000)),
            licence="MIT (benchmarking-gnns)",
            citation="Dwivedi et al. (2020), arXiv:2003.00982",
            page="https://github.com/graphdeeplearning/benchmarking-gnns",
        )

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        (path,) = files.values()
        return pyg_lists.read_benchmark(
            path, "MNIST_v2.pt", self.declared_spec(), superpixel_columns
        )


def superpixel_columns(graph: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """Colours and places of the superpixels, the similarities of their ends, and the class."""
    features = np.concatenate([graph["x"], graph["pos"]], axis=1)
    similarity = np.asarray(graph["edge_attr"]).reshape(-1, 1)
    return dict(feat=features), dict(feat=similarity), np.asarray(graph["y"]).reshape(())
