"""Reads the flags of a command and explains errors in them."""

import difflib
import re
from collections.abc import Sequence

from absl import flags
from absl.flags import FlagValues

from gtx.cli import recipe_flag
from gtx.recipes import plugins


class UsageError(ValueError):
    """The flags of a command cannot be read, or do not go together."""


def asks_for_help(arguments: Sequence[str]) -> bool:
    """Whether --help is among the arguments, even if others are wrong."""
    return any(argument in ("--help", "-help", "-h") for argument in arguments)


def read(
    name: str, values: FlagValues, arguments: Sequence[str], *, words: bool = False
) -> list[str]:
    """Set the flags from the arguments of a command; --config is replaced by its recipe.

    Args:
      name: name of the command, as it is typed.
      values: the flags that it defines.
      arguments: the arguments after its name.
      words: whether it takes arguments that are no flags.

    Returns:
      The arguments that are no flags.

    Raises:
      UsageError: a flag is unknown, missing or of the wrong kind, or a word is not a flag.
      ConfigError: the recipe cannot be read, or a field cannot have the given value.
    """
    see = f"See `{name} --help`."
    recipe = recipe_flag.defined(values)
    for argument in arguments:
        flag = _unknown(argument, values, recipe)
        if flag is not None:
            near = difflib.get_close_matches(flag.replace("-", "_"), list(values), n=1)
            hint = f", did you mean --{near[0]}?" if near else "."
            raise UsageError(f"--{flag}: there is no such flag{hint} {see}")
    values.set_gnu_getopt()  # flags may also follow values of "--config.x.y VALUE"
    try:
        rest = values([name, *arguments], known_only=True)[1:]
    except (flags.Error, ValueError) as error:
        missing = re.search(r"Flag --(\w+) must have a value other than None", str(error))
        said = f"--{missing[1]} is missing" if missing else str(error).removesuffix(".")
        raise UsageError(f"{said}. {see}") from error
    plugins.load(values.plugin)  # before the recipe, which may use names that they add
    if recipe:
        rest = recipe_flag.read(values, rest)
        if values.plugin:
            given = dict.fromkeys([*values.config.get("plugins", ()), *values.plugin])
            with values.config.unlocked():
                values.config.plugins = tuple(given)
    if rest and not words:
        raise UsageError(f"unexpected arguments: {' '.join(rest)}. {see}")
    return list(rest)


def _unknown(argument: str, values: FlagValues, recipe: bool) -> str | None:
    """The name of an unknown flag in an argument; None if the argument is not one."""
    if not re.match(r"--?[A-Za-z]", argument) or (recipe and recipe_flag.OVERRIDE.match(argument)):
        return None
    name = argument.lstrip("-").partition("=")[0]
    positive = name.removeprefix("no")
    negated = positive != name and positive in values and values[positive].boolean
    return None if name in values or negated else name
