"""The handwritten digits of scikit-learn: images of 8 x 8 pixels, as grids of patches or sets."""

import dataclasses
from typing import Annotated, ClassVar, Literal

import numpy as np

from gtx.data.columns import offsets
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.sources.base import DataSource
from gtx.data.spec import Categorical, Column, Continuous, GraphSpec, Label
from gtx.limits import Seed, Whole

SIDE, LARGEST = 8, 16.0


@dataclasses.dataclass(frozen=True)
class Digits(DataSource):
    """1,797 digits that scikit-learn ships: the test part of UCI's set of handwritten digits.

    With form "grid" a node is a patch of pixels. Node column "x" holds its values row by row, from
    0 to 1, and "place" the number of the patch, counted row by row. Patches that share a side are
    joined in both directions. With form "set" a node is a pixel with ink. Its "x" holds row and
    column, from -1 to 1, and the value, and there are no edges.

    A tenth of the images is for validation, a fifth for the test, and the rest for training, drawn
    by `split_seed`. Images of one writer may be in several parts.

    Attributes:
      form: "grid" or "set".
      patch: side of a patch in pixels, which divides 8.
      split_seed: seed of the parts.
    """

    form: Literal["grid", "set"] = "grid"
    patch: Annotated[int, Whole(1, SIDE + 1)] = 2
    split_seed: Seed = 0

    label: ClassVar[Label] = Label("graph", "multiclass", 10, tuple(map(str, range(10))))

    def __post_init__(self) -> None:
        super().__post_init__()
        if SIDE % self.patch:
            raise DatasetError(
                f"Digits: patch is {self.patch}, which does not divide the side of {SIDE} pixels. "
                "Give 1, 2, 4 or 8."
            )

    def declared_spec(self) -> GraphSpec:
        if self.form == "set":
            return GraphSpec(nodes=dict(x=Continuous(3)), label=self.label)
        across = SIDE // self.patch
        columns: dict[str, Column] = dict(
            x=Continuous(self.patch**2), place=Categorical((across**2,))
        )
        return GraphSpec(nodes=columns, label=self.label)

    def load(self) -> Dataset:
        from sklearn.datasets import load_digits  # slow to import

        images, labels = load_digits(return_X_y=True)
        images = images.reshape(-1, SIDE, SIDE) / LARGEST
        return self._sets(images, labels) if self.form == "set" else self._grids(images, labels)

    def _grids(self, images: np.ndarray, labels: np.ndarray) -> Dataset:
        count, patch, across = len(images), self.patch, SIDE // self.patch
        patches = images.reshape(count, across, patch, across, patch).transpose(0, 1, 3, 2, 4)
        place = np.arange(across**2).reshape(across, across)
        near = [(place[:, :-1], place[:, 1:]), (place[:-1], place[1:])]
        one, other = (np.concatenate([pair[end].ravel() for pair in near]) for end in (0, 1))
        senders, receivers = np.concatenate([one, other]), np.concatenate([other, one])
        every = np.arange(count + 1)
        return Dataset.from_columns(
            nodes=dict(
                x=patches.reshape(-1, patch**2).astype(np.float32),
                place=np.tile(place.ravel(), count)[:, None].astype(np.int32),
            ),
            node_ptr=every * across**2,
            edge_ptr=every * len(senders),
            senders=np.tile(senders, count),
            receivers=np.tile(receivers, count),
            labels=labels.astype(np.int32),
            split=self._split(count),
            spec=self.declared_spec(),
        )

    def _sets(self, images: np.ndarray, labels: np.ndarray) -> Dataset:
        which, row, column = np.nonzero(images)
        middle = (SIDE - 1) / 2
        x = np.stack([row / middle - 1, column / middle - 1, images[which, row, column]], axis=1)
        none = np.zeros(0, np.int64)
        return Dataset.from_columns(
            nodes=dict(x=x.astype(np.float32)),
            node_ptr=offsets(np.bincount(which, minlength=len(images))),
            edge_ptr=np.zeros(len(images) + 1, np.int64),
            senders=none,
            receivers=none,
            labels=labels.astype(np.int32),
            split=self._split(len(images)),
            spec=self.declared_spec(),
        )

    def _split(self, count: int) -> np.ndarray:
        order = np.random.default_rng(self.split_seed).permutation(count)
        split = np.zeros(count, np.int8)
        split[order[: count // 10]] = 1
        split[order[count // 10 : count // 10 + count // 5]] = 2
        return split
