"""Explains why a field of a recipe cannot be overridden, with its name and allowed values."""

import ast
import difflib
import re
from collections.abc import Sequence
from typing import Any

from ml_collections import ConfigDict

from gtx.recipes.fields import rules_of


def explained(config: ConfigDict, arguments: Sequence[str]) -> str | None:
    """The error of the first wrong --config.x.y=... of a command; None if all are right."""
    for argument, following in zip(arguments, [*arguments[1:], None], strict=True):
        found = re.match(r"--?config\.([^=]+)(?:=(.*))?$", argument, re.DOTALL)
        if found:
            name, value = found.groups()
            if value is None and following is not None and not following.startswith("-"):
                value = following
            reason = _field_error(config, name, value)
            if reason is not None:
                return reason
    return None


def _field_error(config: ConfigDict, name: str, value: str | None) -> str | None:
    """The reason why the override of a field cannot be read; None if it can."""
    group: Any = config
    *groups, last = name.split(".")
    for number, part in enumerate([*groups, last]):
        if not isinstance(group, ConfigDict) or part not in group:
            above = ".".join(["config", *name.split(".")[:number]])
            fields = sorted(group) if isinstance(group, ConfigDict) else []
            near = difflib.get_close_matches(part, fields, n=1)
            hint = f", did you mean {near[0]!r}?" if near else ""
            known = f"it has {', '.join(fields)}." if fields else "it has no fields in this recipe."
            return f"--config.{name}: {above} has no field {part!r}{hint}; {known}"
        group = group[part]
    if value is None:
        if isinstance(group, bool):
            return None  # a flag alone means True
        return f"--config.{name}: there is no value. Write --config.{name}=VALUE."
    if isinstance(group, ConfigDict):
        if _is_dict(value):
            return None
        known = f"Set one of them: {', '.join(sorted(group))}." if group else "Give a dict."
        return f"--config.{name}={value}: {name} is a group of fields. {known}"
    if isinstance(group, bool):
        readable = value.lower() in ("true", "false", "1", "0", "t", "f")
    elif isinstance(group, int | float):
        try:
            type(group)(value)
            readable = True
        except ValueError:
            readable = False
    else:
        return None
    if readable:
        return None
    rule = rules_of(config.data.name, config.model.name).get(name)
    kind = {bool: "True or False", int: "an integer", float: "a number"}[type(group)]
    return f"config.{name}: {value!r} is not allowed. Give {rule.wanted if rule else kind}."


def _is_dict(text: str) -> bool:
    try:
        return isinstance(ast.literal_eval(text), dict)
    except (SyntaxError, ValueError):
        return False
