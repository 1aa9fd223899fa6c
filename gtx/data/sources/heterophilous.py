"""Heterophilous graphs, whose neighbours often differ in class; one graph each, ten splits."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from gtx.data import npz, splits
from gtx.data.dataset import Dataset
from gtx.data.download import Remote
from gtx.data.exact import DatasetError
from gtx.data.packed import find
from gtx.data.sources.base import DataSource
from gtx.data.sources.installing import tell_differences, write_bytes
from gtx.data.sources.planetoid import both_ways
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Continuous, GraphSpec, Label
from gtx.limits import Name, Whole

NUM_CLASSES = dict(
    minesweeper=2, tolokers=2, actor=5, chameleon=5, chameleon_filtered=5, squirrel=5,
    squirrel_filtered=5, cornell=5, texas=5, wisconsin=5, roman_empire=18, amazon_ratings=5,
    questions=2,
)  # fmt: skip
NUM_FEATURES = dict(
    minesweeper=7, tolokers=10, actor=932, chameleon=2325, chameleon_filtered=2325, squirrel=2089,
    squirrel_filtered=2089, cornell=1703, texas=1703, wisconsin=1703,
    roman_empire=300, amazon_ratings=300, questions=301,
)  # fmt: skip
# Nodes and directed edges.
_SIZES = dict(
    minesweeper=(10_000, 78_804), tolokers=(11_758, 1_038_000), actor=(7_600, 53_318),
    chameleon=(2_277, 62_742), chameleon_filtered=(890, 17_708), squirrel=(5_201, 396_706),
    squirrel_filtered=(2_223, 93_996), cornell=(183, 554), texas=(183, 558), wisconsin=(251, 900),
    roman_empire=(22_662, 65_854), amazon_ratings=(24_492, 186_100), questions=(48_921, 307_080),
)  # fmt: skip
_SHA256 = dict(
    actor="c350eef06b2c2a9bf8218be2b57cac6d4003d0922eb597a039e9123f75817816",
    chameleon="4c640bd2877fc4f9f101531e2f977bc16445a54e09a5cb01178df608e552f3fd",
    chameleon_filtered="bf46f07e1fb5249280447e5fe3100f3e82fc4b93ad1e13ffcfdec924b6ac0bb5",
    cornell="684c54ba3daa13b0ba1f04a3d6dd1b1175c1ae9bdeb982851fd4ff96d3aac298",
    minesweeper="e664c8dacf1e8ac466c2c09ed4b237bd2c5541f47a6eae9c6092cb87f16412b3",
    squirrel="d436e3b42c0546b105241c0ab0766097074e68e55f67b133eeb9b0162e55cbd9",
    squirrel_filtered="f06370ffb3116c5de8b7a600005400b2293c025e0ce2f6916d8201a825505ac7",
    texas="b164b99e6c3d43e4ab07488ec59bd8c815f90cbc1bd4cf425ce587d2b534d844",
    tolokers="dacf3ac94cec53d03cd2adb5255c08b33dee1656c33ca8164a464bd9450a1667",
    wisconsin="2543c89838cfc75f737f7c4664cc1d097f8268602c20b2d1bd4f21407df9c074",
)
_PARTS = dict(train="train_masks", valid="val_masks", test="test_masks")


@dataclasses.dataclass(frozen=True)
class Heterophilous(DataSource):
    """`<root>/heterophilous/<graph>.npz`: one graph, a label at each node, ten splits of the nodes.

    Minesweeper and tolokers (Platonov et al. 2023) have two classes. As a binary label
    (`config.task.kind`) they are scored by ROC-AUC, as in the paper. The others are the older
    graphs of Pei et al. (2020) and Rozemberczki et al. (2021); the filtered ones have no duplicate
    nodes. Roman-empire, amazon-ratings and questions are of Platonov et al. too; their files could
    not be reached when this was written. Node column "x" holds the features. Every edge is taken in
    both directions, once.

    A file is as the authors publish it and holds `edges` [edges, 2], `node_features`,
    `node_labels`, and `train_masks`, `val_masks` and `test_masks` [10, nodes].

    Attributes:
      root: the folder that holds the folder `heterophilous`.
      graph: name of the graph.
      fold: number of the split, from 0 to 9. All are splits of the same graph.
      normalize_words: whether the features of a node are divided by their sum. Those of actor,
        chameleon, squirrel, cornell, texas and wisconsin are bags of words.
    """

    root: Name
    graph: Literal[
        "minesweeper", "tolokers", "actor", "chameleon", "chameleon_filtered", "squirrel",
        "squirrel_filtered", "cornell", "texas", "wisconsin", "roman_empire", "amazon_ratings",
        "questions",
    ] = "minesweeper"  # fmt: skip
    fold: Annotated[int, Whole(0, 10)] = 0
    normalize_words: bool = False

    needs: ClassVar[str] = "the file <root>/heterophilous/<graph>.npz"

    @property
    def file(self) -> str:
        return f"heterophilous/{self.graph}.npz"

    @property
    def label(self) -> Label:
        return Label("node", "multiclass", NUM_CLASSES[self.graph])

    def declared_spec(self) -> GraphSpec:
        return GraphSpec(nodes=dict(x=Continuous(NUM_FEATURES[self.graph])), label=self.label)

    @classmethod
    def variants(cls) -> tuple[dict[str, Any], ...]:
        return tuple(dict(graph=graph) for graph in NUM_CLASSES)

    def published(self) -> Published:
        name = f"{self.graph}.npz"
        address = f"https://github.com/yandex-research/heterophilous-graphs/raw/main/data/{name}"
        nodes, edges = _SIZES[self.graph]
        newer = self.graph in (
            "minesweeper", "tolokers", "roman_empire", "amazon_ratings", "questions"
        )  # fmt: skip
        return Published(
            files=(Remote(name, address, _SHA256.get(self.graph, "")),),
            statistics=Statistics(1, nodes, edges),
            licence="MIT",
            citation="Platonov et al. (2023), arXiv:2302.11640"
            + ("" if newer else "; Pei et al. (2020); Rozemberczki et al. (2021)"),
            page="https://github.com/yandex-research/heterophilous-graphs",
            tried=self.graph in _SHA256,
        )

    def convert(self, files: Mapping[str, Path], target: Path) -> None:
        (path,) = files.values()
        statistics = self.published().statistics
        assert statistics is not None, "every graph has sizes"
        wrong = statistics.differences(self._dataset(_arrays(path)))
        if wrong:
            raise DatasetError(f"{path.name}: holds {', '.join(wrong)}. Fetch it again.")
        write_bytes(path.read_bytes(), target)

    def load(self) -> Dataset:
        data = _arrays(find(self.root, self.file))
        dataset = self._dataset(data)
        tell_differences(self, dataset)
        parts: dict[str, Any] = {part: data[name].T for part, name in _PARTS.items()}
        return splits.masks(dataset, fold=self.fold, **parts)

    def _dataset(self, data: dict[str, np.ndarray]) -> Dataset:
        """The graph with all its nodes as targets, without a split."""
        features: np.ndarray = np.asarray(data["node_features"], np.float32)
        if self.normalize_words:
            sums = features.sum(axis=1, keepdims=True)
            features = features / np.where(sums == 0, np.float32(1), sums)
        dataset = Dataset.from_columns(
            nodes=dict(x=features),
            **both_ways(data["edges"].T, len(data["node_labels"])),
        )
        return dataset.with_targets("node", labels=data["node_labels"], label=self.label)


def _arrays(path: Path) -> dict[str, np.ndarray]:
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
