"""Coauthor CS and physics (Shchur et al. 2018): fields of authors who wrote papers together."""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar, Literal

from gtx.data.sources.shchur import Shchur


@dataclasses.dataclass(frozen=True)
class Coauthor(Shchur):
    """`<root>/coauthor/<graph>.npz`: one graph, a class at each node, a split that is drawn.

    See `gtx.data.sources.shchur.Shchur`, whose file, columns and parts these are. The published
    files could not be reached when this was written: what reads them is tested on small files of
    their form.

    Attributes:
      root: the folder that holds the folder `coauthor`.
      split_seed: seed of the parts.
      graph: name of the graph.
    """

    graph: Literal["cs", "physics"] = "cs"

    folder: ClassVar[str] = "coauthor"
    graphs: ClassVar[Mapping[str, tuple[str, int, int, int, int]]] = {
        "cs": ("ms_academic_cs.npz", 6_805, 15, 18_333, 163_788),
        "physics": ("ms_academic_phy.npz", 8_415, 5, 34_493, 495_924),
    }
