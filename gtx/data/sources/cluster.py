"""CLUSTER, the published graphs: to which community does a node belong? (Dwivedi et al. 2020)."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from gtx.data.dataset import Dataset
from gtx.data.download import Remote
from gtx.data.sources.formats import pyg_lists
from gtx.data.sources.packed_source import PackedSource
from gtx.data.sources.pattern import type_columns
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Categorical, Column, Label


@dataclasses.dataclass(frozen=True)
class Cluster(PackedSource):
    """`<root>/cluster/cluster.npz`: node column "type", a label of each node, 10,000/1,000/1,000.

    The type is 1 + its community at one node of each community, and 0 elsewhere. `SBMCluster` draws
    graphs like these. The published files could not be reached when this was written: what reads
    them is tested on small files of their form.

    Attributes:
      root: the folder that holds the folder `cluster`.
    """

    file: ClassVar[str] = "cluster/cluster.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"type": Categorical((7,))}
    edges: ClassVar[Mapping[str, Column]] = {}
    label: ClassVar[Label] = Label("node", "multiclass", 6)

    def published(self) -> Published:
        return Published(
            files=(
                Remote(
                    "CLUSTER_v2.zip",
                    "https://data.pyg.org/datasets/benchmarking-gnns/CLUSTER_v2.zip",
                ),
            ),
            statistics=Statistics(12_000),
            licence="MIT (benchmarking-gnns)",
            citation="Dwivedi et al. (2020), arXiv:2003.00982",
            page="https://github.com/graphdeeplearning/benchmarking-gnns",
        )

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        (path,) = files.values()
        return pyg_lists.read_benchmark(path, "CLUSTER_v2.pt", self.declared_spec(), type_columns)
