"""Your own graphs in a packed file, or in a packed folder if they are larger than memory."""

import dataclasses
from pathlib import Path
from typing import ClassVar

from gtx.data import packed, packed_folder, packed_shards
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.sharded import ShardedDataset
from gtx.data.sources.base import DataSource, Further
from gtx.data.sources.packed_source import further
from gtx.data.spec import GraphSpec, Label, LabelKind
from gtx.limits import Count, Name
from gtx.typing import Level


@dataclasses.dataclass(frozen=True)
class PackedFile(DataSource):
    """The graphs, labels and split of a packed file, with the columns that it describes.

    Any dataset can be written with `gtx.data.packed.save(dataset, path)`: one that
    `gtx.data.convert` made, for example. `gtx.data.packed_folder.save` writes one, or several one
    after the other, to a folder, whose columns stay on the disk; `gtx.data.packed_shards.save`
    writes a folder of such folders.

    Attributes:
      path: the `.npz` file, the folder, or the folder of shards.
      level: what has a label there: graph, node, edge or pair.
      kind: what the labels are: regression, binary, multiclass or multilabel.
      split: "given" is the split in the file, the only one of a folder.
      window: how many shards are shuffled together in training.
    """

    path: Name
    level: Level = "graph"
    kind: LabelKind = "regression"
    split: Name = "given"
    window: Count = 4

    recipe_name: ClassVar[str] = "packed"
    splits: ClassVar[tuple[str, ...]] = ("given", "random")
    has_validation: ClassVar[bool] = False
    needs: ClassVar[str] = "the file or folder <path>"

    @property
    def label(self) -> Label:
        """The label, of one target (or of two classes): only the file tells how many there are."""
        return Label(self.level, self.kind, 2 if self.kind == "multiclass" else 1)

    def load(self) -> Dataset:
        if packed_shards.is_sharded(self.path):
            dataset: Dataset = ShardedDataset.of(packed_shards.load(self.path), self.window)
        else:
            dataset = self._read(self.path)
        label, name = dataset.spec.label, Path(self.path).name
        if label is None:
            raise DatasetError(
                f"{name}: has no labels to train on. Add them with Dataset.with_targets before it "
                "is saved."
            )
        if (label.level, label.kind) != (self.level, self.kind):
            raise DatasetError(
                f"{name}: has a {label.kind} label of each {label.level}. Give "
                f"--config.data.level={label.level} and --config.data.kind={label.kind}."
            )
        if self.split == "given" and not len(dataset.part("train").targets):
            raise DatasetError(
                f"{name}: puts no {label.level} into train. Give --config.data.split=random, or "
                "set a split with Dataset.with_split before it is saved."
            )
        return dataset

    def read_further(self, path: str, spec: GraphSpec) -> Further:
        dataset = self._read(path)
        if dataset.targets.level != self.level and self.level != "pair":
            dataset = dataset.without_labels().with_targets(self.level)
        return further(dataset, spec)

    def _read(self, path: str) -> Dataset:
        if packed_shards.is_sharded(path):
            raise DatasetError(
                f"{path}: holds shards, and predictions are made for one at a time. Name the "
                "folder of one of them."
            )
        if Path(path).is_dir():
            return packed_folder.load(path)
        if not Path(path).is_file():
            raise FileNotFoundError(
                f"there is no file {path}. Write one with gtx.data.packed.save, or name another."
            )
        return packed.load(path)
