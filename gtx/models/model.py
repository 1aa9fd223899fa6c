"""What every published model has in common: fields, needs, and how it is built."""

import abc
import dataclasses
from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Protocol, runtime_checkable

import flax.linen as nn

from gtx import limits


@runtime_checkable
class Encoding(Protocol):
    """What a model knows of an encoding: its name and the columns that it makes."""

    @property
    def name(self) -> str: ...

    def columns(self) -> Mapping[Any, Any]: ...


@runtime_checkable
class Spec(Protocol):
    """What a model knows of the data: the columns of each level and edge set, the label."""

    @property
    def nodes(self) -> Mapping[str, Any]: ...
    @property
    def edges(self) -> Mapping[str, Any]: ...
    @property
    def pairs(self) -> Mapping[str, Any]: ...
    @property
    def graphs(self) -> Mapping[str, Any]: ...
    @property
    def edge_sets(self) -> Mapping[str, Mapping[str, Any]]: ...
    @property
    def label(self) -> Any: ...


@dataclasses.dataclass(frozen=True)
class Needs:
    """What a model cannot do without.

    Attributes:
      encodings: names of `gtx.encodings.ENCODINGS`.
      structures: names of structures that are added to each graph.
      dense: whether it reads all pairs of the nodes of a graph, so that batches need a layout.
    """

    encodings: tuple[str, ...] = ()
    structures: tuple[str, ...] = ()
    dense: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Model(abc.ABC):
    """A published model: a frozen dataclass whose fields are its hyper-parameters.

    The defaults are those of the paper. `config.model` of a recipe holds these fields and no
    others, and their annotations say what each may be. `LayeredModel` has the fields and methods
    that models of layers have in common.

    Attributes:
      paper: authors, year and where it was published, for `docs/models.md`; likewise:
      complexity: time and memory of one layer, in n nodes, m edges, d features.
      recipe: the config in `configs/` whose number of parameters and score stand there.
      published: the score of that recipe in the paper, or in the code if that is said.
      unread: fields of a base class that this model does not read. `config.model` does not hold
        them, and any value but the default is refused.

    Raises:
      ValueError: a field is not what its annotation says, or is set and not read.
    """

    paper: ClassVar[str] = ""
    complexity: ClassVar[str] = ""
    recipe: ClassVar[str] = ""
    published: ClassVar[str] = ""
    unread: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        limits.check(self)
        for field in dataclasses.fields(self):
            if field.name in self.unread and getattr(self, field.name) != field.default:
                raise ValueError(
                    f"{field.name}: {type(self).__name__} does not read it. Leave it out."
                )

    def needs(self) -> Needs:
        """What the data must have for this model."""
        return Needs()

    @abc.abstractmethod
    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> nn.Module:
        """The flax module for data like these.

        Args:
          spec: their columns and label.
          encodings: those that made some of the columns.
          structures: names of what was added to the graphs.

        Raises:
          ValueError: the fields and the data do not go together; says why.
        """
