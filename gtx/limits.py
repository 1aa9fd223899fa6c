"""Limits of the values of fields, stated in annotations.

    dim: Width = 64                                 # an integer of at least 1
    root: Annotated[str, Text(empty=False)]

Sources of data, encodings, models and parts are dataclasses. The annotation of a field states which
values are allowed. It may also be a plain `int`, `float`, `bool`, `str`, `Literal`, tuple or union.
`rule_of` reads one annotation and `check` checks a whole object. Configs are checked by the same
rules.
"""

import abc
import dataclasses
import difflib
import math
import numbers
import types
import typing
from collections.abc import Iterable
from typing import Annotated, Any, Literal


class Rule(abc.ABC):
    """The values that a field may have; `wanted` describes them in words."""

    @property
    @abc.abstractmethod
    def wanted(self) -> str: ...

    @abc.abstractmethod
    def allows(self, value: Any) -> bool: ...

    def problem(self, field: str, value: Any) -> str | None:
        """One or two sentences on what is wrong with a value of the field; None if it is right."""
        if self.allows(value):
            return None
        return f"{field}: {value!r} is not allowed. Give {self.wanted}."


@dataclasses.dataclass(frozen=True)
class Whole(Rule):
    """An integer of at least `least` and below `limit`; None means no limit."""

    least: int | None = None
    limit: int | None = None

    @property
    def wanted(self) -> str:
        limits = []
        if self.least is not None:
            limits.append(f"of at least {self.least}")
        if self.limit is not None:
            limits.append(f"below {self.limit}")
        return " ".join(["an integer", " and ".join(limits)]).strip()

    def allows(self, value: Any) -> bool:
        if not isinstance(value, numbers.Integral) or isinstance(value, bool):
            return False
        value = int(value)
        enough = self.least is None or value >= self.least
        return bool(enough and (self.limit is None or value < self.limit))


@dataclasses.dataclass(frozen=True)
class Real(Rule):
    """A finite number: at least `least`, above `above`, at most `most` and below `below`."""

    least: float = -math.inf
    above: float = -math.inf
    most: float = math.inf
    below: float = math.inf

    @property
    def wanted(self) -> str:
        limits = [
            f"{word} {limit:g}"
            for word, limit in (
                ("at least", self.least),
                ("above", self.above),
                ("at most", self.most),
                ("below", self.below),
            )
            if math.isfinite(limit)
        ]
        return "a finite number" + (f", {' and '.join(limits)}" if limits else "")

    def allows(self, value: Any) -> bool:
        real = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if not real or not math.isfinite(value):
            return False
        return self.least <= value <= self.most and self.above < value < self.below


@dataclasses.dataclass(frozen=True)
class Flag(Rule):
    """True or False."""

    wanted: str = "True or False"

    def allows(self, value: Any) -> bool:
        return isinstance(value, bool)


@dataclasses.dataclass(frozen=True)
class Text(Rule):
    """A string; an empty one only with `empty`."""

    empty: bool = False

    @property
    def wanted(self) -> str:
        return "a text" if self.empty else "a text that is not empty"

    def allows(self, value: Any) -> bool:
        return isinstance(value, str) and (self.empty or bool(value.strip()))


@dataclasses.dataclass(frozen=True)
class OneOf(Rule):
    """One of some names or numbers."""

    names: tuple[Any, ...]

    @property
    def wanted(self) -> str:
        return f"one of {', '.join(map(str, self.names))}"

    def allows(self, value: Any) -> bool:
        # The types are compared too, because True == 1, but True is not one of (1, 2).
        return any(type(value) is type(name) and value == name for name in self.names)

    def problem(self, field: str, value: Any) -> str | None:
        if isinstance(value, str) and not self.allows(value):
            return f"{field}: {unknown(value, self.names)}"
        return super().problem(field, value)


@dataclasses.dataclass(frozen=True)
class TupleOf(Rule):
    """A tuple of values of one rule each, `length` of them if that is given."""

    each: Rule
    length: int | None = None

    @property
    def wanted(self) -> str:
        number = "a tuple" if self.length is None else f"a tuple of length {self.length}"
        end = ", () for none" if self.length is None else ""
        return f"{number}: {self.each.wanted} in each place{end}"

    def allows(self, value: Any) -> bool:
        if not isinstance(value, tuple) or self.length not in (None, len(value)):
            return False
        return all(self.each.allows(entry) for entry in value)


@dataclasses.dataclass(frozen=True)
class Nothing(Rule):
    """None."""

    wanted: str = "None"

    def allows(self, value: Any) -> bool:
        return value is None


@dataclasses.dataclass(frozen=True)
class AnyOf(Rule):
    """A value that at least one of the rules allows."""

    rules: tuple[Rule, ...]

    @property
    def wanted(self) -> str:
        return " or ".join(rule.wanted for rule in self.rules)

    def allows(self, value: Any) -> bool:
        return any(rule.allows(value) for rule in self.rules)


@dataclasses.dataclass(frozen=True)
class Anything(Rule):
    """Any value of a type without a rule, such as a function; `wanted` is its annotation."""

    annotation: str

    @property
    def wanted(self) -> str:
        return self.annotation

    def allows(self, value: Any) -> bool:
        return True


# The upper limits are beyond what any machine can compute. They turn a typing error into a clear
# message, where it would otherwise use up the memory.
Width = Annotated[int, Whole(1, 2**16)]
Layers = Annotated[int, Whole(1, 2**10)]
Count = Annotated[int, Whole(1, 2**31)]
Seed = Annotated[int, Whole(0, 2**31)]
Rate = Annotated[float, Real(least=0.0, below=1.0)]
Probability = Annotated[float, Real(least=0.0, most=1.0)]
Name = Annotated[str, Text()]


def rule_of(annotation: Any) -> Rule:
    """The rule that an annotation states."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        rules = [each for each in inner[1:] if isinstance(each, Rule)]
        return rules[0] if rules else rule_of(inner[0])
    if origin is Literal:
        return OneOf(inner)
    if origin in (typing.Union, types.UnionType):
        return AnyOf(tuple(rule_of(each) for each in inner))
    if origin is tuple:
        return TupleOf(rule_of(inner[0]), None if inner[-1] is Ellipsis else len(inner))
    simple: dict[Any, Rule] = {
        bool: Flag(),
        float: Real(),
        int: Whole(),
        str: Text(empty=True),
        type(None): Nothing(),
    }
    return simple.get(annotation) or Anything(str(annotation))


def unknown(name: Any, names: Iterable[Any]) -> str:
    """A message: there is no such name among `names`; it lists them and the nearest one."""
    known = sorted(map(str, names))
    near = difflib.get_close_matches(str(name), known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return f"there is no {name!r} among {', '.join(known)}{hint}"


def rules_of(kind: Any) -> dict[str, Rule]:
    """The rules of the fields of a dataclass that its constructor takes."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {
        field.name: rule_of(hints[field.name]) for field in dataclasses.fields(kind) if field.init
    }


def check(instance: Any) -> None:
    """Raise a ValueError for the first field of a dataclass that its annotation forbids."""
    for name, rule in rules_of(type(instance)).items():
        problem = rule.problem(f"{type(instance).__name__}.{name}", getattr(instance, name))
        if problem is not None:
            raise ValueError(problem)
