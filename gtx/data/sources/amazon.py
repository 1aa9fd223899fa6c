"""Amazon computers and photo (Shchur et al. 2018): kinds of products that are bought together."""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar, Literal

from gtx.data.sources.shchur import Shchur


@dataclasses.dataclass(frozen=True)
class Amazon(Shchur):
    """`<root>/amazon/<graph>.npz`: one graph, a class at each node, a split that is drawn.

    See `gtx.data.sources.shchur.Shchur`, whose file, columns and parts these are. The published
    files could not be reached when this was written: what reads them is tested on small files of
    their form.

    Attributes:
      root: the folder that holds the folder `amazon`.
      split_seed: seed of the parts.
      graph: name of the graph.
    """

    graph: Literal["computers", "photo"] = "computers"

    folder: ClassVar[str] = "amazon"
    graphs: ClassVar[Mapping[str, tuple[str, int, int, int, int]]] = {
        "computers": ("amazon_electronics_computers.npz", 767, 10, 13_752, 491_722),
        "photo": ("amazon_electronics_photo.npz", 745, 8, 7_650, 238_162),
    }
