"""Heterophilous graphs, whose neighbours often differ in class; one graph each, ten splits."""

import dataclasses
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from gtx.data import npz, splits
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.packed import find
from gtx.data.sources.base import DataSource
from gtx.data.sources.planetoid import both_ways
from gtx.data.spec import Continuous, GraphSpec, Label
from gtx.limits import Name, Whole

NUM_CLASSES = dict(
    minesweeper=2, tolokers=2, actor=5, chameleon=5, chameleon_filtered=5, squirrel=5,
    squirrel_filtered=5, cornell=5, texas=5, wisconsin=5,
)  # fmt: skip
NUM_FEATURES = dict(
    minesweeper=7, tolokers=10, actor=932, chameleon=2325, chameleon_filtered=2325, squirrel=2089,
    squirrel_filtered=2089, cornell=1703, texas=1703, wisconsin=1703,
)  # fmt: skip
_PARTS = dict(train="train_masks", valid="val_masks", test="test_masks")


@dataclasses.dataclass(frozen=True)
class Heterophilous(DataSource):
    """`<root>/heterophilous/<graph>.npz`: one graph, a label at each node, ten splits of the nodes.

    Minesweeper and tolokers (Platonov et al. 2023) have two classes. As a binary label
    (`config.task.kind`) they are scored by ROC-AUC, as in the paper. The others are the older
    graphs of Pei et al. (2020) and Rozemberczki et al. (2021); the filtered ones have no duplicate
    nodes. Node column "x" holds the features. Every edge is taken in both directions, once.

    A file holds `edges` [edges, 2], `node_features`, `node_labels`, and `train_masks`,
    `val_masks` and `test_masks` [10, nodes].

    Attributes:
      root: the folder that holds the folder `heterophilous`.
      graph: name of the graph.
      fold: number of the split, from 0 to 9. All are splits of the same graph.
    """

    root: Name
    graph: Literal[
        "minesweeper", "tolokers", "actor", "chameleon", "chameleon_filtered", "squirrel",
        "squirrel_filtered", "cornell", "texas", "wisconsin",
    ] = "minesweeper"  # fmt: skip
    fold: Annotated[int, Whole(0, 10)] = 0

    needs: ClassVar[str] = "the file <root>/heterophilous/<graph>.npz"

    @property
    def label(self) -> Label:
        return Label("node", "multiclass", NUM_CLASSES[self.graph])

    def declared_spec(self) -> GraphSpec:
        return GraphSpec(nodes=dict(x=Continuous(NUM_FEATURES[self.graph])), label=self.label)

    def load(self) -> Dataset:
        data = _read(self.root, self.graph)
        dataset = Dataset.from_columns(
            nodes=dict(x=data["node_features"]),
            **both_ways(data["edges"].T, len(data["node_labels"])),
        )
        dataset = dataset.with_targets("node", labels=data["node_labels"], label=self.label)
        parts: dict[str, Any] = {part: data[name].T for part, name in _PARTS.items()}
        return splits.masks(dataset, fold=self.fold, **parts)


def _read(root: str, graph: str) -> dict[str, np.ndarray]:
    path = find(root, f"heterophilous/{graph}.npz")
    names = ("edges", "node_features", "node_labels", *_PARTS.values())
    try:
        with path.open("rb") as stream:
            archive = npz.Archive(path, stream)
            missing = sorted(set(names) - set(archive.names))
            if missing:
                raise DatasetError(f"{path.name}: {missing} are missing. Fetch the file again.")
            return {name: archive.read(name) for name in names}
    except npz.NpzError as error:
        raise DatasetError(f"{error} Fetch the file again.") from error
