"""The GraphSpec: a description of the columns and labels of a dataset, without their values."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np

from gtx.data.exact import INT32_MAX, DatasetError, count, number, record, texts
from gtx.typing import LEVELS, Level

LabelKind = Literal["regression", "binary", "multiclass", "multilabel"]
# Of the targets of a table, which may be of several kinds.
TableKind = Literal["regression", "binary", "multiclass", "multilabel", "mixed"]


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
        one; multiclass has integer labels `[..]` with -1 for a missing one. "mixed" has several
        `parts`, and float labels `[.., columns]` of all parts side by side, where the column of a
        multiclass part holds the number of the class; NaN is missing. "sequence" has the numbers of
        words, see `gtx.data.subtokens`.
      dim: number of targets, or of classes for multiclass; of outputs of all parts for mixed, and
        of all positions for a sequence.
      names: one per target or class, all different; may be empty, and is for mixed. Of a sequence
        the words of the vocabulary.
      mean, std: mean and standard deviation of each regression target over the training split;
        empty for other kinds. Models predict `(label - mean) / std`; scores are in the label's own
        unit.
      name: what a part of a mixed label is called in its scores.
      class_weights: how much a label counts in the loss: one for each class of multiclass; for
        binary and multilabel two for each target, of labels 0 and 1. Empty if all count the same.
      parts: the labels of the heads of a mixed label.
      positions: of a sequence, how many words are predicted, each of the vocabulary or the unknown
        word or the end; 0 for other kinds.
      longest: of a sequence, the words of the longest, which are as many columns.

    Raises:
      DatasetError: names the field that is not valid.
    """

    level: Level
    kind: LabelKind | Literal["mixed", "sequence"]
    dim: int
    names: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    name: str = ""
    class_weights: tuple[float, ...] = ()
    parts: "tuple[Label, ...]" = ()
    positions: int = 0
    longest: int = 0

    def __post_init__(self) -> None:
        for field, choices in (
            ("level", get_args(Level)),
            ("kind", (*get_args(LabelKind), "mixed", "sequence")),
        ):
            value = getattr(self, field)
            if value not in choices:
                raise DatasetError(f"Label: {field} is {value!r}. It must be one of {choices}.")
        object.__setattr__(self, "dim", count(self.dim, "Label: dim"))
        object.__setattr__(self, "names", texts(self.names, "Label: names"))
        self._check_sequence()
        if self.names and self.kind != "sequence" and len(self.names) != self.dim:
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
        texts((self.name,) if self.name else (), "Label: name")
        self._check_class_weights()
        self._check_parts()

    @property
    def num_columns(self) -> int:
        """The width of the labels of a row: the number of targets, where classes are one."""
        if self.kind == "mixed":
            return sum(part.num_columns for part in self.parts)
        if self.kind == "sequence":
            return self.longest
        return 1 if self.kind == "multiclass" else self.dim

    def _check_sequence(self) -> None:
        sizes = (self.positions, self.longest)
        if self.kind != "sequence":
            if sizes != (0, 0):
                raise DatasetError(
                    f"Label: positions and longest are {sizes} of a {self.kind} label. They are of "
                    "sequences; leave them out."
                )
            return
        for field in ("positions", "longest"):
            object.__setattr__(self, field, count(getattr(self, field), f"Label: {field}"))
        if not self.names or self.dim != self.positions * (len(self.names) + 2):
            raise DatasetError(
                f"Label: dim is {self.dim} for {self.positions} positions and {len(self.names)} "
                "words. Each position has the words, the unknown word and the end."
            )

    def _check_class_weights(self) -> None:
        wanted = {"multiclass": self.dim, "binary": 2, "multilabel": 2 * self.dim}.get(self.kind, 0)
        values = self.class_weights
        if not isinstance(values, list | tuple) or len(values) not in (0, wanted):
            raise DatasetError(
                f"Label: class_weights is {values!r:.100}. Give a {self.kind} label {wanted} "
                "numbers, or none."
            )
        numbers = (
            number(value, f"Label: class_weights[{place}]", positive=True)
            for place, value in enumerate(values)
        )
        object.__setattr__(self, "class_weights", tuple(numbers))

    def _check_parts(self) -> None:
        parts = tuple(self.parts)
        object.__setattr__(self, "parts", parts)
        if (self.kind == "mixed") != bool(parts):
            raise DatasetError(
                f"Label: a {self.kind} label has {len(parts)} parts. Give several labels as the "
                "parts of a mixed label, and none to another."
            )
        if not parts:
            return
        names = [part.name for part in parts]
        if len(set(names)) < len(names) or not all(names):
            raise DatasetError(f"Label: the parts are named {names}. Give each a name of its own.")
        wrong = [
            part.name
            for part in parts
            if part.kind in ("mixed", "sequence") or part.level != self.level
        ]
        if wrong:
            raise DatasetError(
                f"Label: the parts {wrong} are mixed, sequences or of another level than "
                f"{self.level!r}. Give labels of one level and of a kind of their own."
            )
        for part in parts:  # by these names a table has columns
            if part.dim > 1:
                names += [f"{part.name} {own}" for own in part.names or range(part.dim)]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise DatasetError(
                f"Label: in tables {twice[0]!r} would stand for two things, as names of parts come "
                "before those of their targets and classes. Rename a part, target or class."
            )
        if sum(part.dim for part in parts) != self.dim or self.names:
            raise DatasetError(
                f"Label: dim is {self.dim} and names are {self.names}, but the parts have "
                f"{[part.dim for part in parts]} outputs, and names of their own. Call mixed_label."
            )


def mixed_label(parts: Sequence[Label]) -> Label:
    """The label of several heads: each part has a name, and all are of one level.

    Raises:
      DatasetError: there is no part, or the parts do not go together.
    """
    if not parts:
        raise DatasetError("mixed_label: there are no parts. Give a Label for each head.")
    dim = sum(part.dim for part in parts)
    return Label(parts[0].level, "mixed", dim, parts=tuple(parts))


def _label_to_json(label: Label) -> dict[str, Any]:
    """Plain data. Fields that older specs lack are left out where they hold their default."""
    data = dataclasses.asdict(label)
    for field in ("name", "class_weights", "parts", "positions", "longest"):
        if not data[field]:
            del data[field]
    if label.parts:
        data["parts"] = [_label_to_json(part) for part in label.parts]
    return data


def _label_from_json(data: Any, field: str) -> Label:
    fields = dataclasses.fields(Label)
    required = {f.name for f in fields if f.default is dataclasses.MISSING}
    optional = {f.name for f in fields} - required
    found = dict(record(data, field, required=required, optional=optional))
    parts = found.pop("parts", ())
    if not isinstance(parts, list | tuple):
        raise DatasetError(f"{field}.parts is {parts!r:.100}. It must be a list of labels.")
    made = (_label_from_json(part, f"{field}.parts[{i}]") for i, part in enumerate(parts))
    return Label(**{name: _tuple(value) for name, value in found.items()}, parts=tuple(made))


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
        label = None if self.label is None else _label_to_json(self.label)
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
            label = _label_from_json(label, "spec.label")
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
