"""CIFAR10 as graphs of superpixels (Dwivedi et al. 2020): what is on the picture?"""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

from gtx.data.sources.packed_source import PackedSource
from gtx.data.spec import Column, Continuous, Label

CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class CIFAR10Superpixels(PackedSource):
    """`<root>/cifar10_superpixels/cifar10_superpixels.npz`: 45,000/5,000/10,000 graphs.

    Node column "feat" holds the three colours of a superpixel and its two coordinates, as GraphGPS
    puts them together; edge column "feat" the similarity of its two ends, which are among the 8
    nearest. The real file was not at hand when this was written: the form is tested, the
    contents are not.

    Attributes:
      root: the folder that holds the folder `cifar10_superpixels`.
    """

    file: ClassVar[str] = "cifar10_superpixels/cifar10_superpixels.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"feat": Continuous(5)}
    edges: ClassVar[Mapping[str, Column]] = {"feat": Continuous(1)}
    label: ClassVar[Label] = Label("graph", "multiclass", 10, CLASSES)
