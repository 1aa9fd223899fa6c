"""Scales of regression targets and graph-level features, fitted on the train part only."""

import dataclasses
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from gtx.data import molecules
from gtx.data.check import DatasetError
from gtx.data.columns import SPLITS
from gtx.data.dataset import Dataset
from gtx.data.exact import number, record, texts
from gtx.data.labels import parts_of
from gtx.data.spec import Continuous, Label, mixed_label
from gtx.data.splits import graph_split


def standardize(dataset: Dataset) -> Dataset:
    """Set the label's mean and std to those of the train part; the labels do not change.

    Missing labels are left out, and so are targets of weight 0, which training does not see. A
    constant target gets std 1. Of a mixed label the parts that are regression get theirs.

    Raises:
      DatasetError: there is no regression label, no train part, or a target has no label in train.
    """
    label, table = dataset.spec.label, dataset.targets
    if label is not None and table.labels is not None and label.kind == "mixed":
        parts = []
        for part, columns, _ in parts_of(label):
            if part.kind == "regression":
                alone = table.replace(labels=table.labels[:, columns])
                spec = dataset.spec.replace(label=part)
                scaled = standardize(dataclasses.replace(dataset, targets=alone, spec=spec))
                parts.append(scaled.spec.label or part)
            else:
                parts.append(part)
        spec = dataset.spec.replace(label=mixed_label(parts))
        return dataclasses.replace(dataset, spec=spec)
    if label is None or table.labels is None or label.kind != "regression":
        kind = "no label" if label is None else f"a {label.kind} label"
        raise DatasetError(
            f"dataset: standardize needs a regression label, this has {kind}. Leave it out."
        )
    rows = (table.split == SPLITS.index("train")) & table.counted
    train = table.labels[rows].astype(np.float64)
    known = ~np.isnan(train)
    if not known.any(axis=0).all():
        target = int(np.argmin(known.any(axis=0)))
        name = label.names[target] if label.names else target
        raise DatasetError(
            f"dataset: target {name} has no label in the train part ({len(train)} rows). "
            "Set a split first, or drop the target."
        )
    mean, std = np.nanmean(train, axis=0), np.nanstd(train, axis=0)
    # Rounding may leave a constant target a tiny std, and to divide by it would magnify noise. Tiny
    # beside its mean, not beside 1: a target may be of 1e-14 in its unit.
    std = np.where(std > 1e-12 * np.abs(mean), std, 1.0)
    label = dataclasses.replace(label, mean=tuple(map(float, mean)), std=tuple(map(float, std)))
    return dataclasses.replace(dataset, spec=dataset.spec.replace(label=label))


def label_without_scale(label: Label) -> Label:
    """The label without the mean and the deviation of its regression targets."""
    if label.kind == "mixed":
        return mixed_label([label_without_scale(part) for part in label.parts])
    return dataclasses.replace(label, mean=(), std=())


@dataclasses.dataclass(frozen=True)
class Scaler:
    """(value - center) / scale, clipped to +-clip, of the columns that were useful in train.

    Attributes:
      names: names of the columns that are kept, so that another order or version of the source
        does not matter.
      center, scale: median, and interquartile range / 1.349, which is the standard deviation for a
        normal distribution. If half of the values are equal, the standard deviation is used.
      clip: the largest absolute value; it limits heavy tails.
      copies: how often the columns are repeated, each time with other centers and scales; see
        `side_by_side`.

    Raises:
      DatasetError: names the field that is not valid: a scale of 0, NaN, a name twice.
    """

    names: tuple[str, ...]
    center: tuple[float, ...]
    scale: tuple[float, ...]
    clip: float = 5.0
    copies: int = 1

    def __post_init__(self) -> None:
        texts(self.names, "Scaler: names")
        if not self.copies * len(self.names) == len(self.center) == len(self.scale):
            raise DatasetError(
                f"Scaler: {len(self.names)} names, {len(self.center)} centers and "
                f"{len(self.scale)} scales. Give one of each per column."
            )
        for place, (center, scale) in enumerate(zip(self.center, self.scale, strict=True)):
            number(center, f"Scaler: center[{place}]", float64=True)
            number(scale, f"Scaler: scale[{place}]", positive=True, float64=True)
        number(self.clip, "Scaler: clip", positive=True)

    @classmethod
    def fit(cls, values: np.ndarray, names: Sequence[str], *, clip: float = 5.0) -> "Scaler":
        """Keep the columns [graphs, columns] that are finite and not constant.

        Raises:
          DatasetError: no column is left.
        """
        values = np.asarray(values, np.float64)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)  # columns that are not finite
            low, center, high = np.percentile(values, (25, 50, 75), axis=0)
            std = values.std(axis=0)
            scale = np.where(high > low, (high - low) / 1.349, std)
            kept = np.isfinite(values).all(axis=0) & np.isfinite(scale)
            # A constant column may have a tiny std from rounding.
            kept &= std > 1e-9 * np.maximum(1.0, np.abs(center))
        if not kept.any():
            raise DatasetError(
                f"features: none of {len(names)} columns over {len(values)} rows is finite and "
                "varies. Use more molecules, or leave the features out."
            )
        return cls(
            names=tuple(name for name, keep in zip(names, kept, strict=True) if keep),
            center=tuple(map(float, center[kept])),
            scale=tuple(map(float, scale[kept])),
            clip=clip,
        )

    @classmethod
    def side_by_side(cls, scalers: "Sequence[Scaler]") -> "Scaler":
        """The scaler whose result is that of all these one after the other, [graphs, all widths].

        Args:
          scalers: of the same columns.
        """
        first = scalers[0]
        if {(each.names, each.clip, each.copies) for each in scalers} != {
            (first.names, first.clip, 1)
        }:
            raise DatasetError("Scaler: these scalers are not of the same columns.")
        center = tuple(number for each in scalers for number in each.center)
        scale = tuple(number for each in scalers for number in each.scale)
        return cls(first.names, center, scale, first.clip, len(scalers))

    @property
    def width(self) -> int:
        """The number of columns of its result."""
        return len(self.center)

    def only(self, names: Sequence[str]) -> "Scaler":
        """The scaler of these of its columns, in this order."""
        places = [self.names.index(name) for name in names]
        return dataclasses.replace(
            self,
            names=tuple(names),
            center=tuple(self.center[place] for place in places),
            scale=tuple(self.scale[place] for place in places),
        )

    def __call__(self, values: np.ndarray, names: Sequence[str]) -> np.ndarray:
        """Scale columns [graphs, columns] of these names; float32 [graphs, width].

        NaN becomes 0, which is the median of train.

        Raises:
          DatasetError: a kept column is not among `names`.
        """
        place = {name: number for number, name in enumerate(names)}
        missing = sorted(set(self.names) - set(place))
        if missing:
            raise DatasetError(
                f"features: the columns {missing} that were fitted are not there. Use the "
                "version of RDKit with which the model was trained."
            )
        chosen = np.asarray(values, np.float64)[:, [place[name] for name in self.names]]
        chosen = np.tile(chosen, self.copies)
        with np.errstate(all="ignore"):
            scaled = (chosen - np.array(self.center)) / np.array(self.scale)
        return np.clip(np.nan_to_num(scaled, nan=0.0), -self.clip, self.clip).astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """Plain data from which `from_json` builds an equal scaler; only of one without copies."""
        data = dataclasses.asdict(self)
        if data.pop("copies") != 1:
            raise DatasetError("Scaler: scalers side by side are not stored. Store each.")
        return data

    @classmethod
    def from_json(cls, data: Any) -> "Scaler":
        """The scaler that `to_json` wrote.

        Raises:
          DatasetError: names the field that is missing, unknown or of another type.
        """
        lists = ("names", "center", "scale")
        data = record(data, "scaler", required=(*lists, "clip"))
        for field in lists:
            if not isinstance(data[field], list | tuple):
                raise DatasetError(f"scaler.{field} is {data[field]!r:.100}. It must be a list.")
        names, center, scale = (tuple(data[field]) for field in lists)
        return cls(names, center, scale, number(data["clip"], "scaler.clip"))


def with_descriptors(
    dataset: Dataset,
    scaler: Scaler | None = None,
    *,
    descriptors: Sequence[str] | None = None,
    name: str = "descriptors",
    values: np.ndarray | None = None,
) -> tuple[Dataset, Scaler]:
    """Add RDKit's descriptors of the dataset's SMILES as a graph column.

    Args:
      dataset: its `names` are SMILES.
      scaler: for prediction, the scaler that was fitted at training; None fits one on the train
        part.
      descriptors: names of the descriptors if there is no scaler; None for all of RDKit's.
      name: name of the column.
      values: of the descriptors that are named, [graphs, descriptors], if they are known already.

    Returns:
      The dataset and the scaler, which must be stored with the model.
    """
    if dataset.names is None:
        raise DatasetError("dataset: descriptors need names that are SMILES. It has none.")
    if values is None and scaler is not None:
        descriptors = scaler.names
    names = molecules.descriptor_names() if descriptors is None else tuple(descriptors)
    if values is None:
        values = molecules.descriptors(dataset.names.tolist(), names, ids=dataset.ids.tolist())
    if scaler is None:
        scaler = Scaler.fit(values[graph_split(dataset) == SPLITS.index("train")], names)
    columns = {name: Continuous(scaler.width)}
    return dataset.with_columns("graph", {name: scaler(values, names)}, columns), scaler
