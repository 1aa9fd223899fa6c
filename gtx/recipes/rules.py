"""What a field may be: rules that say it in words, and settings as their maker declares them."""

import csv
import dataclasses
import difflib
import inspect
import math
import numbers
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol, runtime_checkable

from ml_collections import ConfigDict

from gtx.data import csv_source


class ConfigError(ValueError):
    """A config asks for something that does not exist; the message says what does."""


@runtime_checkable
class Rule(Protocol):
    """Which values a field may have; `wanted` says it in words."""

    @property
    def wanted(self) -> str: ...

    def allows(self, value: Any) -> bool: ...


@dataclasses.dataclass(frozen=True)
class Whole:
    """An integer from `least` on, below `limit` if there is one."""

    least: int
    limit: int | None = None

    @property
    def wanted(self) -> str:
        end = "" if self.limit is None else f" and below {self.limit}"
        return f"an integer of at least {self.least}{end}"

    def allows(self, value: Any) -> bool:
        whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        return whole and self.least <= value and (self.limit is None or value < self.limit)


@dataclasses.dataclass(frozen=True)
class Real:
    """A finite number of at least `least`; `above` excludes it. At most `most`, or `below` it."""

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
class Flag:
    """True or False."""

    wanted: str = "True or False"

    def allows(self, value: Any) -> bool:
        return isinstance(value, bool)


@dataclasses.dataclass(frozen=True)
class Text:
    """A string; an empty one only with `empty`."""

    empty: bool = False

    @property
    def wanted(self) -> str:
        return "a text" if self.empty else "a text that is not empty"

    def allows(self, value: Any) -> bool:
        return isinstance(value, str) and (self.empty or bool(value.strip()))


@dataclasses.dataclass(frozen=True)
class Texts:
    """A tuple of strings."""

    wanted: str = "a tuple of texts, () for none"

    def allows(self, value: Any) -> bool:
        return isinstance(value, tuple | list) and all(isinstance(each, str) for each in value)


@dataclasses.dataclass(frozen=True)
class Columns:
    """Names of columns: one text with commas between them, or a tuple of texts."""

    wanted: str = "the name of a column, or several with commas between them"

    def allows(self, value: Any) -> bool:
        try:
            names = self.split(value)
        except csv.Error:  # a quote is not closed
            return False
        return bool(names) and Texts().allows(names) and all(name.strip() for name in names)

    @staticmethod
    def split(value: Any) -> Any:
        """The names in a text, where quotes keep commas together; a tuple as it is."""
        return csv_source.names_in(value) if isinstance(value, str) else value


@dataclasses.dataclass(frozen=True)
class OneOf:
    """One of some names."""

    names: tuple[str, ...]

    @property
    def wanted(self) -> str:
        return f"one of {', '.join(self.names)}"

    def allows(self, value: Any) -> bool:
        return isinstance(value, str) and value in self.names


def check_value(path: str, value: Any, rule: Rule) -> None:
    """Raise a ConfigError unless the rule allows the value."""
    if not rule.allows(value):
        if isinstance(rule, OneOf) and isinstance(value, str):
            choose(dict.fromkeys(rule.names), value, f"config.{path}")
        raise ConfigError(f"config.{path}: {value!r} is not allowed. Give {rule.wanted}")


def choose(choices: Mapping[str, Any], name: Any, field: str) -> Any:
    """The choice of this name.

    Raises:
      ConfigError: there is none; names those there are and the nearest.
    """
    if isinstance(name, str) and name in choices:
        return choices[name]
    near = difflib.get_close_matches(str(name), choices, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ConfigError(f"{field}: there is no {name!r} among {', '.join(sorted(choices))}{hint}")


def settings_of(group: Any, field: str) -> dict[str, Any]:
    """The settings in a group of fields, or a ConfigError if it is none."""
    if not isinstance(group, ConfigDict | Mapping):
        raise ConfigError(
            f"{field}: {group!r} is not allowed. Give settings by name, {{}} for none"
        )
    return dict(group.items())


def call_checked(maker: Callable[..., Any], settings: Mapping[str, Any], field: str) -> Any:
    """`maker(**settings)`, with every setting of the type that the maker declares.

    Raises:
      ConfigError: names the setting below `field`, and what it may be; or what the maker says.
    """
    check_settings(maker, settings, field)
    try:
        return maker(**settings)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{field}: {error}") from error


def check_settings(
    maker: Callable[..., Any], settings: Mapping[str, Any], field: str, *leading: Any
) -> None:
    """Raise a ConfigError unless the maker takes these settings, and of these types."""
    try:
        inspect.signature(maker).bind(*leading, **settings)
    except TypeError as error:
        raise ConfigError(f"{field}: {error}") from error
    declared = typing.get_type_hints(maker if inspect.isfunction(maker) else maker.__init__)
    for name, value in settings.items():
        if name in declared and not _fits(value, declared[name]):
            raise ConfigError(
                f"{field}.{name}: {value!r} is not allowed. Give {_in_words(declared[name])}"
            )


def _fits(value: Any, declared: Any) -> bool:
    """Whether a value is of a declared type: numbers, texts, names, tuples of them, or None."""
    origin, inner = typing.get_origin(declared), typing.get_args(declared)
    if origin is Literal:
        return value in inner
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, each) for each in inner)
    if origin is tuple:
        each = inner[0] if inner else Any
        return isinstance(value, tuple) and all(_fits(entry, each) for entry in value)
    if declared is type(None):
        return value is None
    if declared is bool:
        return isinstance(value, bool)
    if declared is int:
        return isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if declared is float:
        return Real().allows(value)
    if declared is str:
        return isinstance(value, str)
    return True


def _in_words(declared: Any) -> str:
    origin, inner = typing.get_origin(declared), typing.get_args(declared)
    if origin is Literal:
        return f"one of {', '.join(map(str, inner))}"
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_in_words(each) for each in inner)
    if origin is tuple:
        return "a tuple, of " + (_in_words(inner[0]) if inner else "anything") + " each"
    words = {bool: "True or False", int: "an integer", float: "a finite number", str: "a text"}
    return words.get(declared, "None" if declared is type(None) else str(declared))
