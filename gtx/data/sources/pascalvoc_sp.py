"""PascalVOC-SP of the Long Range Graph Benchmark (Dwivedi et al. 2022): objects in pictures."""

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
class PascalVOCSP(PackedSource):
    """`<root>/pascalvoc_sp/pascalvoc_sp.npz`: 8,498/1,428/1,429 pictures, a class of each region.

    A node is a region of about 480 of a picture (SLIC superpixels), joined to the regions that it
    touches. Node column "feat" holds twelve statistics of its colours and two coordinates, edge
    column "feat" two weights: the similarity of the colours, and the length of the common border.
    None has one scale (`config.data.standardize`; GraphGPS does so too). The label is one of 20
    objects or the background. The score is the macro F1. The published files could not be reached
    when this was written: what reads them is tested on small files of their form.

    Attributes:
      root: the folder that holds the folder `pascalvoc_sp`.
    """

    file: ClassVar[str] = "pascalvoc_sp/pascalvoc_sp.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"feat": Continuous(14)}
    edges: ClassVar[Mapping[str, Column]] = {"feat": Continuous(2)}
    label: ClassVar[Label] = Label("node", "multiclass", 21)

    def published(self) -> Published:
        return Published(
            files=(
                Remote(
                    "pascalvocsp.zip",
                    "https://www.dropbox.com/s/8x722ai272wqwl4/pascalvocsp.zip?dl=1",
                ),
            ),
            statistics=Statistics(11_355, 5_443_545, 30_777_444),
            licence="that of Pascal VOC 2011, whose pictures are of Flickr",
            citation="Everingham et al. (2010); Dwivedi et al. (2022), arXiv:2206.08164",
            page="https://github.com/vijaydwivedi75/lrgb",
            metric="f1",
        )

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        (path,) = files.values()
        return pyg_lists.read_long_range(
            path, self.declared_spec(), region_columns, ending="pickle"
        )


def region_columns(graph: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """The columns and labels of a published picture."""
    nodes = dict(feat=np.asarray(graph["x"], np.float32))
    edges = dict(feat=np.asarray(graph["edge_attr"], np.float32))
    return nodes, edges, np.asarray(graph["y"]).reshape(-1)
