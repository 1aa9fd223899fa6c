"""MNIST as graphs of superpixels (Dwivedi et al. 2020): which digit?"""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

from gtx.data.sources.packed_source import PackedSource
from gtx.data.spec import Column, Continuous, Label


@dataclasses.dataclass(frozen=True)
class MNISTSuperpixels(PackedSource):
    """`<root>/mnist_superpixels/mnist_superpixels.npz`: 55,000/5,000/10,000 graphs of <= 75 nodes.

    Node column "feat" holds the intensity of a superpixel and its two coordinates, as GraphGPS puts
    them together; edge column "feat" the similarity of its two ends, which are among the 8 nearest.
    The real file was not at hand when this was written: the form is tested, the
    contents are not.

    Attributes:
      root: the folder that holds the folder `mnist_superpixels`.
    """

    file: ClassVar[str] = "mnist_superpixels/mnist_superpixels.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"feat": Continuous(3)}
    edges: ClassVar[Mapping[str, Column]] = {"feat": Continuous(1)}
    label: ClassVar[Label] = Label("graph", "multiclass", 10, tuple("0123456789"))
