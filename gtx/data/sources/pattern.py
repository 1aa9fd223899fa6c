"""PATTERN, the published graphs: which nodes belong to the pattern? (Dwivedi et al. 2020)."""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

from gtx.data.sources.packed_source import PackedSource
from gtx.data.spec import Categorical, Column, Label


@dataclasses.dataclass(frozen=True)
class Pattern(PackedSource):
    """`<root>/pattern/pattern.npz`: node column "type", a label of each node, 10,000/2,000/2,000.

    `SBMPattern` draws graphs like these. Published models have one output for the two classes
    (`config.task.kind = "binary"`). The real file was not at hand when this was written: the form
    is tested, the contents are not.

    Attributes:
      root: the folder that holds the folder `pattern`.
    """

    file: ClassVar[str] = "pattern/pattern.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"type": Categorical((3,))}
    edges: ClassVar[Mapping[str, Column]] = {}
    label: ClassVar[Label] = Label("node", "multiclass", 2)
