"""ConfigError, and checks of names and settings in a config."""

import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any

from ml_collections import ConfigDict

from gtx.limits import Rule, rule_of, unknown


class ConfigError(ValueError):
    """A config asks for something that does not exist; the message lists what exists."""


def check_value(path: str, value: Any, rule: Rule) -> None:
    """Raise a ConfigError unless the rule allows the value."""
    problem = rule.problem(f"config.{path}", value)
    if problem is not None:
        raise ConfigError(problem)


def choose(choices: Mapping[str, Any], name: Any, field: str) -> Any:
    """The choice of this name.

    Raises:
      ConfigError: there is no such choice; the message lists all and names the nearest.
    """
    if isinstance(name, str) and name in choices:
        return choices[name]
    raise ConfigError(f"{field}: {unknown(name, choices)}")


def settings_of(group: Any, field: str) -> dict[str, Any]:
    """The settings in a group of fields; a ConfigError if `group` is not a group."""
    if not isinstance(group, ConfigDict | Mapping):
        raise ConfigError(
            f"{field}: {group!r} is not allowed. Give settings by name, {{}} for none."
        )
    return dict(group.items())


def call_checked(maker: Callable[..., Any], settings: Mapping[str, Any], field: str) -> Any:
    """`maker(**settings)`, after a check that every setting has the type that the maker declares.

    Raises:
      ConfigError: names the setting below `field` and its allowed values, or quotes the error of
        the maker.
    """
    check_settings(maker, settings, field)
    try:
        return maker(**settings)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{field}: {error}") from error


def check_settings(
    maker: Callable[..., Any], settings: Mapping[str, Any], field: str, *leading: Any
) -> None:
    """Raise a ConfigError unless the maker takes these settings with these types."""
    try:
        inspect.signature(maker).bind(*leading, **settings)
    except TypeError as error:
        raise ConfigError(f"{field}: {error}") from error
    annotated = maker if inspect.isfunction(maker) else maker.__init__
    declared = typing.get_type_hints(annotated, include_extras=True)
    for name, value in settings.items():
        problem = rule_of(declared.get(name, object)).problem(f"{field}.{name}", value)
        if problem is not None:
            raise ConfigError(problem)


def frozen(value: Any) -> Any:
    """A value with plain dicts and tuples, as constructors take it. Recipes may have lists."""
    if isinstance(value, ConfigDict | Mapping):
        return {name: frozen(each) for name, each in value.items()}
    return tuple(frozen(each) for each in value) if isinstance(value, list | tuple) else value
