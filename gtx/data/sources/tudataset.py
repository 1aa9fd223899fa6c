"""TUDataset (Morris et al. 2020): sets of graphs with a class each, by name."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from gtx.data import packed
from gtx.data.columns import SPLITS
from gtx.data.dataset import Dataset
from gtx.data.download import Remote
from gtx.data.exact import DatasetError
from gtx.data.sources.formats import tu_text
from gtx.data.sources.installing import tell_differences
from gtx.data.sources.packed_source import PackedSource
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Categorical, Column, Continuous, GraphSpec, Label
from gtx.limits import Name, Seed, Whole

NUM_FOLDS = 10
# Labels of nodes, attributes of nodes, classes, and the sizes of the published sets.
KNOWN: dict[str, tuple[int, int, int, Statistics]] = {
    "MUTAG": (7, 0, 2, Statistics(188, 3371, 7442)),
    "PTC": (22, 0, 2, Statistics(344, 8792, 17862)),
    "PTC_MR": (18, 0, 2, Statistics(344)),
    "PROTEINS": (3, 0, 2, Statistics(1113, 43471, 162088)),
    "NCI1": (37, 0, 2, Statistics(4110, 122747, 265506)),
    "NCI109": (38, 0, 2, Statistics(4127)),
    "ENZYMES": (3, 18, 6, Statistics(600, 19580, 74564)),
    "DD": (89, 0, 2, Statistics(1178)),
    "IMDB-BINARY": (0, 0, 2, Statistics(1000, 19773, 193062)),
    "IMDB-MULTI": (0, 0, 3, Statistics(1500, 19502, 197806)),
    "COLLAB": (0, 0, 3, Statistics(5000)),
    "REDDIT-BINARY": (0, 0, 2, Statistics(2000)),
    "REDDIT-MULTI-5K": (0, 0, 5, Statistics(4999)),
}


@dataclasses.dataclass(frozen=True)
class TUDataset(PackedSource):
    """`<root>/tudatasets/<graphs>.npz`: graphs with a class each, and ten folds.

    Node column "type" holds the label of a node (0 everywhere where there is none), and "feat" the
    attributes where there are some. Fold number `fold` is test, the next one (after the last, the
    first) is the validation part, and the others are train. Files of Zhang et al. (2018) have the
    folds of that paper, in which a few graphs are in no fold and belong to train; others have
    stratified folds that are drawn by `split_seed` (Xu et al. 2019).

    The sets of `KNOWN` need nothing else. Of another one, the numbers of labels, attributes and
    classes must be given. "PTC" is PTC_MR as Zhang et al. publish it, with its own labels. The
    published archives could not be reached when this was written: what reads them is tested on
    small files of their form.

    Attributes:
      root: the folder that holds the folder `tudatasets`.
      graphs: name of the set, as TUDataset writes it.
      fold: number of the test fold, from 0 to 9.
      split_seed: seed of folds that are drawn.
      num_labels, num_attributes, num_classes: of a set that is not in `KNOWN`.
    """

    graphs: Name = "MUTAG"
    fold: Annotated[int, Whole(0, NUM_FOLDS)] = 0
    split_seed: Seed = 0
    num_labels: Annotated[int, Whole(0)] = 0
    num_attributes: Annotated[int, Whole(0)] = 0
    num_classes: Annotated[int, Whole(0)] = 0

    needs: ClassVar[str] = "the file <root>/tudatasets/<graphs>.npz"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.graphs.replace("-", "").replace("_", "").isalnum():
            raise DatasetError(f"TUDataset.graphs: {self.graphs!r} is no name of a set.")
        if self.graphs not in KNOWN and self.num_classes < 2:
            raise DatasetError(
                f"TUDataset.graphs: {self.graphs!r} is none of {', '.join(KNOWN)}. Give its "
                "num_classes, num_labels and num_attributes to use it all the same."
            )

    @property
    def _sizes(self) -> tuple[int, int, int]:
        given = (self.num_labels, self.num_attributes, self.num_classes)
        return KNOWN[self.graphs][:3] if self.graphs in KNOWN else given

    @property
    def file(self) -> str:  # type: ignore[override]
        return f"tudatasets/{self.graphs.replace('-', '')}.npz"

    @property
    def label(self) -> Label:  # type: ignore[override]
        return Label("graph", "multiclass", self._sizes[2])

    def declared_spec(self) -> GraphSpec:
        labels, attributes, _ = self._sizes
        nodes: dict[str, Column] = {"type": Categorical((max(labels, 1),))}
        if attributes:
            nodes["feat"] = Continuous(attributes)
        return GraphSpec(nodes=nodes, label=self.label)

    def load(self) -> Dataset:
        path = packed.find(self.root, self.file)
        spec = self.declared_spec()
        dataset = packed.load(path, label=self.label)
        columns = {}
        for name, column in spec.nodes.items():
            if name not in dataset.nodes:
                raise DatasetError(
                    f"{self.file}: has no node column {name!r}. Fetch it again, or say by "
                    "num_labels and num_attributes what it has."
                )
            columns[name] = column
        nodes = {name: dataset.nodes[name] for name in columns}
        dataset = dataclasses.replace(dataset, nodes=nodes, edges={}, spec=spec)
        dataset.check()
        tell_differences(self, dataset)
        return dataset.with_split(self._split(path, dataset))

    def _split(self, path: Path, dataset: Dataset) -> np.ndarray:
        folds = _folds_of(path, len(dataset))
        if folds is None:
            folds = _drawn(dataset.targets.labels, self.split_seed)
        split = np.full(len(dataset), SPLITS.index("train"), np.int8)
        split[folds == (self.fold + 1) % NUM_FOLDS] = SPLITS.index("valid")
        split[folds == self.fold] = SPLITS.index("test")
        return split

    @classmethod
    def variants(cls) -> tuple[dict[str, Any], ...]:
        return tuple(dict(graphs=name) for name in KNOWN)

    def published(self) -> Published:
        known = KNOWN.get(self.graphs)
        # The set of Zhang et al. has another name there.
        name = "PTC_MR" if self.graphs == "PTC" else self.graphs
        address = f"https://www.chrsmrrs.com/graphkerneldatasets/{name}.zip"
        return Published(
            files=() if self.graphs == "PTC" else (Remote(f"{name}.zip", address),),
            statistics=None if known is None else known[3],
            licence="as stated by the authors of each set; free for research",
            citation="Morris et al. (2020), TUDataset",
            page="https://chrsmrrs.github.io/datasets",
        )

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        return tu_text.read(files[f"{self.graphs}.zip"], self.graphs, self.declared_spec())


def _folds_of(path: Path, num_graphs: int) -> np.ndarray | None:
    """The folds that a file holds; -1 is in no fold."""
    from gtx.data import npz

    with path.open("rb") as stream:
        archive = npz.Archive(path, stream)
        if "fold_test" not in archive.names:
            return None
        folds = archive.read("fold_test")
    if folds.shape != (num_graphs,) or folds.min() < -1 or folds.max() >= NUM_FOLDS:
        raise DatasetError(f"{path.name}: fold_test is not a fold for each of {num_graphs} graphs.")
    return folds


def _drawn(labels: np.ndarray | None, seed: int) -> np.ndarray:
    from sklearn.model_selection import StratifiedKFold  # slow to import

    assert labels is not None, "the file has classes"
    folds = np.zeros(len(labels), np.int8)
    drawn = StratifiedKFold(NUM_FOLDS, shuffle=True, random_state=seed)
    for number, (_, test) in enumerate(drawn.split(labels, labels)):
        folds[test] = number
    return folds
