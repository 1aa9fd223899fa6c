"""PATTERN, the published graphs: which nodes belong to the pattern? (Dwivedi et al. 2020)."""

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
from gtx.data.spec import Categorical, Column, Label


@dataclasses.dataclass(frozen=True)
class Pattern(PackedSource):
    """`<root>/pattern/pattern.npz`: node column "type", a label of each node, 10,000/2,000/2,000.

    `SBMPattern` draws graphs like these. Published models have one output for the two classes
    (`config.task.kind = "binary"`). The published files could not be reached when this was written:
    what reads them is tested on small files of their form.

    Attributes:
      root: the folder that holds the folder `pattern`.
    """

    file: ClassVar[str] = "pattern/pattern.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"type": Categorical((3,))}
    edges: ClassVar[Mapping[str, Column]] = {}
    label: ClassVar[Label] = Label("node", "multiclass", 2)

    def published(self) -> Published:
        return Published(
            files=(
                Remote(
                    "PATTERN_v2.zip",
                    "https://data.pyg.org/datasets/benchmarking-gnns/PATTERN_v2.zip",
                ),
            ),
            statistics=Statistics(14_000),
            licence="MIT (benchmarking-gnns)",
            citation="Dwivedi et al. (2020), arXiv:2003.00982",
            page="https://github.com/graphdeeplearning/benchmarking-gnns",
        )

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        (path,) = files.values()
        return pyg_lists.read_benchmark(path, "PATTERN_v2.pt", self.declared_spec(), type_columns)


def type_columns(graph: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """The type of a node is published as a one in its place."""
    x = np.asarray(graph["x"])
    if x.ndim != 2 or not np.all((x == 0) | (x == 1)) or np.any(x.sum(axis=1) != 1):
        raise ValueError("x is no type of each node")
    return dict(type=np.argmax(x, axis=1)), {}, np.asarray(graph["y"]).reshape(-1)
