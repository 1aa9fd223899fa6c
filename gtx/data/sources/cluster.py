"""CLUSTER, the published graphs: to which community does a node belong? (Dwivedi et al. 2020)."""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

from gtx.data.sources.packed_source import PackedSource
from gtx.data.spec import Categorical, Column, Label


@dataclasses.dataclass(frozen=True)
class Cluster(PackedSource):
    """`<root>/cluster/cluster.npz`: node column "type", a label of each node, 10,000/1,000/1,000.

    The type is 1 + its community at one node of each community, and 0 elsewhere. `SBMCluster` draws
    graphs like these. The real file was not at hand when this was written: the form is tested,
    the contents are not.

    Attributes:
      root: the folder that holds the folder `cluster`.
    """

    file: ClassVar[str] = "cluster/cluster.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"type": Categorical((7,))}
    edges: ClassVar[Mapping[str, Column]] = {}
    label: ClassVar[Label] = Label("node", "multiclass", 6)
