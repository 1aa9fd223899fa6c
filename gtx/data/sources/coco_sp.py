"""COCO-SP of the Long Range Graph Benchmark (Dwivedi et al. 2022): objects in many pictures."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from gtx.data.dataset import Dataset
from gtx.data.download import Remote
from gtx.data.sources.formats import pyg_lists
from gtx.data.sources.packed_source import PackedSource
from gtx.data.sources.pascalvoc_sp import region_columns
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Column, Continuous, Label

# Of COCO's numbers up to 90 these name no object. The others are numbered in their order.
NO_OBJECTS = (12, 26, 29, 30, 45, 66, 68, 69, 71, 83)
CLASSES = np.setdiff1d(np.arange(91), NO_OBJECTS)


@dataclasses.dataclass(frozen=True)
class COCOSP(PackedSource):
    """`<root>/coco_sp/coco_sp.npz`: 113,286/5,000/5,000 pictures, a class of each region.

    The columns are those of `pascalvoc_sp`. The label is one of 80 objects or the background, the
    score the macro F1. The arrays take 10 GB of memory, and reading the published files several
    times that. The published files could not be reached when this was written: what reads them is
    tested on small files of their form.

    Attributes:
      root: the folder that holds the folder `coco_sp`.
    """

    file: ClassVar[str] = "coco_sp/coco_sp.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"feat": Continuous(14)}
    edges: ClassVar[Mapping[str, Column]] = {"feat": Continuous(2)}
    label: ClassVar[Label] = Label("node", "multiclass", len(CLASSES))

    def published(self) -> Published:
        return Published(
            files=(
                Remote("cocosp.zip", "https://www.dropbox.com/s/r6ihg1f4pmyjjy0/cocosp.zip?dl=1"),
            ),
            statistics=Statistics(123_286, 58_793_216, 332_091_902),
            licence="CC BY 4.0",
            citation="Lin et al. (2014); Dwivedi et al. (2022), arXiv:2206.08164",
            page="https://github.com/vijaydwivedi75/lrgb",
            metric="f1",
        )

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        (path,) = files.values()
        return pyg_lists.read_long_range(path, self.declared_spec(), _columns, ending="pickle")


def _columns(graph: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], Any]:
    nodes, edges, labels = region_columns(graph)
    places = np.searchsorted(CLASSES, labels)
    if np.any(labels != CLASSES[np.minimum(places, len(CLASSES) - 1)]):
        raise ValueError(f"y is none of COCO's numbers: {np.unique(labels)[:5]}")
    return nodes, edges, places
