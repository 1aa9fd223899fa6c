"""Why the flags of a command cannot be read, by the recipe's file and by its fields."""

import ast
import difflib
import pathlib
import re
import runpy
import traceback
from collections.abc import Sequence
from typing import Any

from absl import flags
from ml_collections import ConfigDict
from ml_collections.config_flags.config_flags import is_config_flag

from gtx.recipes import ConfigError
from gtx.recipes.fields import rules_of


def reads_recipe() -> bool:
    """Whether the command's --config is a recipe."""
    return "config" in flags.FLAGS and is_config_flag(flags.FLAGS["config"])


def explained(argv: Sequence[str]) -> str | None:
    """What is wrong with the recipe's file, or with an override; None if nothing is."""
    path = _config_path(argv)
    if path is None:
        return None
    if not pathlib.Path(path.partition(":")[0]).is_file():
        return f"--config={path}: there is no such file. Give a recipe, as configs/smoke.py"
    try:
        config = _get_config(path)
    except ConfigError as error:
        return str(error)
    for argument, following in zip(argv, [*argv[1:], None], strict=True):
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
    """Why the override of a field cannot be read; None if it can."""
    group: Any = config
    *groups, last = name.split(".")
    for number, part in enumerate([*groups, last]):
        if not isinstance(group, ConfigDict) or part not in group:
            above = ".".join(["config", *name.split(".")[:number]])
            fields = sorted(group) if isinstance(group, ConfigDict) else []
            near = difflib.get_close_matches(part, fields, n=1)
            hint = f", did you mean {near[0]!r}?" if near else ""
            known = f"it has {', '.join(fields)}" if fields else "it has no fields in this recipe"
            return f"--config.{name}: {above} has no field {part!r}{hint}; {known}"
        group = group[part]
    if value is None:
        return f"--config.{name}: there is no value. Write --config.{name}=..."
    if isinstance(group, ConfigDict):
        if _is_dict(value):
            return None
        known = f"Set one of them: {', '.join(sorted(group))}" if group else "Give a dict"
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
    rule = rules_of(config.data.name).get(name)
    kind = {bool: "True or False", int: "an integer", float: "a number"}[type(group)]
    return f"config.{name}: {value!r} is not allowed. Give {rule.wanted if rule else kind}"


def _is_dict(text: str) -> bool:
    try:
        return isinstance(ast.literal_eval(text), dict)
    except (SyntaxError, ValueError):
        return False


def _get_config(path: str) -> ConfigDict:
    """The recipe in a file.

    Raises:
      ConfigError: names the file, and the line in it if there is one.
    """
    path, _, argument = path.partition(":")
    try:
        module = runpy.run_path(path)
        if "get_config" not in module:
            what = "It is a sweep, for experiments.sweep" if "get_sweep" in module else "Add it"
            raise ConfigError(f"--config={path}: defines no get_config(). {what}")
        return module["get_config"](argument) if argument else module["get_config"]()
    except ConfigError:
        raise
    except Exception as error:
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if pathlib.Path(frame.filename).name == pathlib.Path(path).name
        ]
        if isinstance(error, SyntaxError):
            lines = [error.lineno]
        place = f", line {lines[-1]}" if lines else ""
        raise ConfigError(
            f"--config={path}{place}: {type(error).__name__}: {error}. Mend the recipe"
        ) from error


def _config_path(argv: Sequence[str]) -> str | None:
    """What --config is, in either spelling."""
    for place, argument in enumerate(argv):
        if argument.startswith(("--config=", "-config=")):
            return argument.partition("=")[2]
        if argument in ("--config", "-config"):
            return argv[place + 1] if place + 1 < len(argv) else ""
    return None
