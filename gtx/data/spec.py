"""The GraphSpec: a description of the columns and labels of a dataset, without their values."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np

from gtx.data.exact import INT32_MAX, DatasetError, count, number, record, texts
from gtx.typing import LEVELS, Level

LabelKind = Literal["regression", "binary", "multiclass", "multilabel"]


@dataclasses.dataclass(frozen=True)
class Categorical:
    """Integer columns; column c holds values in [0, sizes[c]).

    Attributes:
      sizes: the number of categories of each column.
      fill: the value of nodes and pairs that a structure adds: an existing category, the same in
        each column, or None for a new category, which is added to each column.
      names: for each column the names of its categories in their order, where the data had texts
        (or other numbers); () where they were numbered from 0 already.

    Raises:
      DatasetError: there is no column, a size is not an integer of at least 1, `fill` is not a
        category, or a column has another number of names than of categories.
    """

    sizes: tuple[int, ...]
    fill: int | None = None
    names: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        sizes = self.sizes.tolist() if isinstance(self.sizes, np.ndarray) else self.sizes
        if not isinstance(sizes, list | tuple) or not sizes:
            raise DatasetError(
                f"Categorical: sizes is {self.sizes!r}. Give a tuple with the number of "
                "categories of each column."
            )
        checked = (
            count(size, f"Categorical: sizes[{place}]", high=INT32_MAX + 1)
            for place, size in enumerate(sizes)
        )
        object.__setattr__(self, "sizes", tuple(checked))
        if self.fill is not None:
            high = min(self.sizes) - 1
            object.__setattr__(
                self, "fill", count(self.fill, "Categorical: fill", low=0, high=high)
            )
        if not isinstance(self.names, list | tuple):
            raise DatasetError(
                f"Categorical: names is {self.names!r:.100}. Give a tuple of texts for each column."
            )
        names = tuple(
            texts(of_column, f"Categorical: names[{place}]")
            for place, of_column in enumerate(self.names)
        )
        object.__setattr__(self, "names", names)
        if names and tuple(map(len, names)) != self.sizes:
            raise DatasetError(
                f"Categorical: names has {list(map(len, names))} names for {list(self.sizes)} "
                "categories. Give one for each category, or none."
            )

    def to_json(self) -> dict[str, Any]:
        """Plain data; `fill` and `names` where they are not the default."""
        return (
            dict(kind="Categorical", sizes=self.sizes)
            | ({} if self.fill is None else dict(fill=self.fill))
            | (dict(names=self.names) if self.names else {})
        )

    def extended(self, values: np.ndarray, count: int) -> tuple[np.ndarray, "Categorical"]:
        """The column with `count` rows more, which hold the fill, and what it is then."""
        sizes = self.sizes if self.fill is not None else tuple(size + 1 for size in self.sizes)
        fill = self.sizes if self.fill is None else [self.fill] * len(self.sizes)
        rows = np.tile(np.array(fill, values.dtype), (count, 1))
        # The new category has no name in the data, and a part of the names would be wrong.
        names = self.names if sizes == self.sizes else ()
        return np.concatenate([values, rows]), Categorical(sizes, self.fill, names)


@dataclasses.dataclass(frozen=True)
class Continuous:
    """Float columns.

    Attributes:
      dim: number of columns.
      fill: the value of nodes and pairs that a structure adds.
      mean, std: by which the values of each column were standardised, (value - mean) / std; ()
        where they were not.

    Raises:
      DatasetError: `dim` is not an integer of at least 1, `fill` is not a finite number, or there
        is not one mean and one positive std for each column.
    """

    dim: int
    fill: float = 0.0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "dim", count(self.dim, "Continuous: dim"))
        object.__setattr__(self, "fill", number(self.fill, "Continuous: fill", positive=False))
        for field in ("mean", "std"):
            values = getattr(self, field)
            if not isinstance(values, list | tuple) or len(values) not in (0, self.dim):
                raise DatasetError(
                    f"Continuous: {field} is {values!r:.100}. Give a tuple with one number for "
                    f"each of {self.dim} columns, or none."
                )
            numbers = (
                number(each, f"Continuous: {field}[{place}]", positive=field == "std", float64=True)
                for place, each in enumerate(values)
            )
            object.__setattr__(self, field, tuple(numbers))
        if len(self.mean) != len(self.std):
            raise DatasetError(
                f"Continuous: mean {self.mean} and std {self.std}. Give both, or neither."
            )

    def to_json(self) -> dict[str, Any]:
        """Plain data; fields where they are not the default."""
        return (
            dict(kind="Continuous", dim=self.dim)
            | (dict(fill=self.fill) if self.fill else {})
            | (dict(mean=self.mean, std=self.std) if self.mean else {})
        )

    def extended(self, values: np.ndarray, count: int) -> tuple[np.ndarray, "Continuous"]:
        """The column with `count` rows more, which hold the fill, and what it is then."""
        rows = np.full((count, self.dim), self.fill, values.dtype)
        return np.concatenate([values, rows]), self


Column = Categorical | Continuous


@dataclasses.dataclass(frozen=True)
class Label:
    """The description of the labels to predict.

    Attributes:
      level: what has a label: a graph, a node, an edge or a pair of nodes.
      kind: regression, multilabel and binary have float labels `[.., dim]` with NaN for a missing
        one; multiclass has integer labels `[..]` with -1 for a missing one.
      dim: number of targets, or of classes for multiclass.
      names: one per target or class, all different; may be empty.
      mean, std: mean and standard deviation of each regression target over the training split;
        empty for other kinds. Models predict `(label - mean) / std`; scores are in the label's own
        unit.

    Raises:
      DatasetError: names the field that is not valid.
    """

    level: Level
    kind: LabelKind
    dim: int
    names: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for field, choices in (("level", get_args(Level)), ("kind", get_args(LabelKind))):
            value = getattr(self, field)
            if value not in choices:
                raise DatasetError(f"Label: {field} is {value!r}. It must be one of {choices}.")
        object.__setattr__(self, "dim", count(self.dim, "Label: dim"))
        object.__setattr__(self, "names", texts(self.names, "Label: names"))
        if self.names and len(self.names) != self.dim:
            raise DatasetError(
                f"Label: names has {len(self.names)} names for {self.dim} targets or classes. "
                "Give one each, or none."
            )
        for field in ("mean", "std"):
            values = getattr(self, field)
            values = values.tolist() if isinstance(values, np.ndarray) else values
            if not isinstance(values, list | tuple) or len(values) not in (0, self.dim):
                raise DatasetError(
                    f"Label: {field} is {values!r:.100}. Give a tuple with one number for each of "
                    f"{self.dim} targets, or none."
                )
            numbers = (
                number(value, f"Label: {field}[{place}]", positive=field == "std")
                for place, value in enumerate(values)
            )
            object.__setattr__(self, field, tuple(numbers))
        if len(self.mean) != len(self.std) or (self.mean and self.kind != "regression"):
            raise DatasetError(
                f"Label: mean {self.mean} and std {self.std} of a {self.kind} label. Give both "
                "for regression, or neither; other kinds have none."
            )


@dataclasses.dataclass(frozen=True)
class GraphSpec:
    """Names, kinds and vocabularies of the columns, and the label.

    Attributes:
      nodes, edges, pairs, graphs: columns by name.
      label: description of the labels, or None.
      edge_sets: for each edge set by name, its columns by name.

    Raises:
      DatasetError: a name is not a text, or a value is not a column or a label.
    """

    nodes: Mapping[str, Column] = dataclasses.field(default_factory=dict)
    edges: Mapping[str, Column] = dataclasses.field(default_factory=dict)
    pairs: Mapping[str, Column] = dataclasses.field(default_factory=dict)
    graphs: Mapping[str, Column] = dataclasses.field(default_factory=dict)
    label: Label | None = None
    edge_sets: Mapping[str, Mapping[str, Column]] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.edge_sets, Mapping):
            raise DatasetError(
                f"GraphSpec: edge_sets is {self.edge_sets!r:.100}. Give a dict from the name of a "
                "set to its columns."
            )
        texts(list(self.edge_sets), "GraphSpec: names of edge_sets")
        sets = {f"edge_sets[{name!r}]": columns for name, columns in self.edge_sets.items()}
        for level, columns in (
            {name: getattr(self, name) for name in LEVELS.values()} | sets
        ).items():
            if not isinstance(columns, Mapping):
                raise DatasetError(
                    f"GraphSpec: {level} is {columns!r:.100}. Give a dict of name to Categorical "
                    "or Continuous."
                )
            texts(list(columns), f"GraphSpec: names of {level}")
            for name, column in columns.items():
                if not isinstance(column, Column):
                    raise DatasetError(
                        f"GraphSpec: {level}[{name!r}] is {column!r:.100}. It must be a "
                        "Categorical or Continuous."
                    )
        if not isinstance(self.label, Label | None):
            raise DatasetError(f"GraphSpec: label is {self.label!r:.100}. Give a Label or None.")

    def replace(self, **changes: Any) -> "GraphSpec":
        return dataclasses.replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """Plain data from which `from_json` builds an equal spec."""

        def columns(given: Mapping[str, Column]) -> dict[str, Any]:
            return {name: column.to_json() for name, column in given.items()}

        levels = {level: columns(getattr(self, level)) for level in LEVELS.values()}
        label = None if self.label is None else dataclasses.asdict(self.label)
        # Left out if there are none, so that this text equals that of older specs.
        sets = {name: columns(given) for name, given in self.edge_sets.items()}
        return dict(levels, label=label, **(dict(edge_sets=sets) if sets else {}))

    @classmethod
    def from_json(cls, data: Any) -> "GraphSpec":
        """The spec that `to_json` wrote.

        Fields that did not exist when the data were written get their defaults.

        Raises:
          DatasetError: names the field that is missing, unknown or of another type.
        """
        data = record(data, "spec", required=(*LEVELS.values(), "label"), optional=("edge_sets",))

        def columns(given: Any, field: str) -> dict[str, Column]:
            if not isinstance(given, Mapping):
                raise DatasetError(f"{field} is {given!r:.100}. It must be a dict.")
            return {name: _column(entry, f"{field}.{name}") for name, entry in given.items()}

        levels = {level: columns(data[level], f"spec.{level}") for level in LEVELS.values()}
        sets = data.get("edge_sets") or {}
        if not isinstance(sets, Mapping):
            raise DatasetError(f"spec.edge_sets is {sets!r:.100}. It must be a dict.")
        edge_sets = {name: columns(sets[name], f"spec.edge_sets.{name}") for name in sets}
        label = data["label"]
        if label is not None:
            fields = dataclasses.fields(Label)
            required = {f.name for f in fields if f.default is dataclasses.MISSING}
            optional = {f.name for f in fields} - required
            label = record(label, "spec.label", required=required, optional=optional)
            label = Label(**{name: _tuple(value) for name, value in label.items()})
        return cls(**levels, label=label, edge_sets=edge_sets)


def _column(entry: Any, field: str) -> Column:
    kinds: dict[Any, Any] = {"Categorical": Categorical, "Continuous": Continuous}
    kind = entry.get("kind") if isinstance(entry, Mapping) else None
    if not isinstance(kind, str) or kind not in kinds:
        raise DatasetError(f"{field} is {entry!r:.100}. Its kind must be one of {sorted(kinds)}.")
    fields = dataclasses.fields(kinds[kind])
    optional = [f.name for f in fields if f.default is not dataclasses.MISSING]
    required = ("kind", *(f.name for f in fields if f.name not in optional))
    entry = record(entry, field, required=required, optional=optional)
    return kinds[kind](**{name: _tuple(value) for name, value in entry.items() if name != "kind"})


def _tuple(value: Any) -> Any:
    """Converts the lists of JSON back to tuples, also those inside of lists."""
    return tuple(map(_tuple, value)) if isinstance(value, list) else value
