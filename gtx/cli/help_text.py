"""The text of `gtx COMMAND --help`: description, flags and exit codes."""

import textwrap

from absl import flags
from absl.flags import FlagValues

from gtx.cli.exit_codes import EXIT_CODES

_WIDTH = 88


def of(name: str, about: str, values: FlagValues) -> str:
    """The help of a command.

    Args:
      name: as it is typed, such as "gtx train".
      about: its docstring.
      values: its flags, in the order in which they are listed.
    """
    described = [
        line for flag in values if flag == values[flag].name for line in _lines(values[flag])
    ]
    parts = [f"{name}: {about.strip()}", "Flags:", *described, "", "Exit codes:", EXIT_CODES]
    parts[0] += "\n"
    return "\n".join(parts) + "\n"


def _lines(flag: flags.Flag) -> list[str]:
    """A flag with its description and its default."""
    shown = f"  --{flag.name}" if flag.boolean else f"  --{flag.name}=..."
    text = flag.help or ""
    if not flag.boolean and flag.default not in (None, "", []):
        text += f" Default: {str(flag.default_as_str).strip(chr(39))}."
    indent = " " * 20
    wrapped = textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)
    if len(shown) < len(indent) and wrapped:
        return [f"{shown:20}{wrapped[0].strip()}", *wrapped[1:]]
    return [shown, *wrapped]
