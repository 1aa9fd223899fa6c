"""What is known of a dataset's columns without looking at them: the GraphSpec."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

LabelKind = Literal["regression", "binary", "multiclass", "multilabel"]


@dataclasses.dataclass(frozen=True)
class Categorical:
    """Integer columns; column c holds values in [0, sizes[c])."""

    sizes: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Continuous:
    """Float columns."""

    dim: int


Column = Categorical | Continuous


@dataclasses.dataclass(frozen=True)
class Label:
    """What is to be predicted.

    Attributes:
      level: whose label it is.
      kind: regression and multilabel and binary have float labels `[.., dim]` with NaN
        for a missing one; multiclass has integer labels `[..]` and -1 for a missing one.
      dim: number of targets, or of classes for multiclass.
      names: one per target or class; may be empty.
      mean, std: of each regression target over the training split; empty for other kinds.
        Models predict `(label - mean) / std`; scores are in the label's own unit.
    """

    level: Literal["graph", "node"]
    kind: LabelKind
    dim: int
    names: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()


@dataclasses.dataclass(frozen=True)
class GraphSpec:
    """Names, kinds and vocabularies of the columns, and the label."""

    nodes: Mapping[str, Column] = dataclasses.field(default_factory=dict)
    edges: Mapping[str, Column] = dataclasses.field(default_factory=dict)
    pairs: Mapping[str, Column] = dataclasses.field(default_factory=dict)
    graphs: Mapping[str, Column] = dataclasses.field(default_factory=dict)
    label: Label | None = None

    def replace(self, **changes: Any) -> "GraphSpec":
        return dataclasses.replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """Plain data from which `from_json` builds an equal spec."""
        levels = {
            level: {
                name: dict(kind=type(column).__name__, **dataclasses.asdict(column))
                for name, column in getattr(self, level).items()
            }
            for level in ("nodes", "edges", "pairs", "graphs")
        }
        label = None if self.label is None else dataclasses.asdict(self.label)
        return dict(levels, label=label)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "GraphSpec":
        """The spec that `to_json` wrote."""

        def column(entry: Mapping[str, Any]) -> Column:
            if entry["kind"] == "Categorical":
                return Categorical(tuple(int(size) for size in entry["sizes"]))
            return Continuous(int(entry["dim"]))

        levels = {
            level: {name: column(entry) for name, entry in data[level].items()}
            for level in ("nodes", "edges", "pairs", "graphs")
        }
        label = data["label"]
        if label is not None:
            lists = {key: tuple(label[key]) for key in ("names", "mean", "std")}
            label = Label(**{**label, **lists})
        return cls(**levels, label=label)
