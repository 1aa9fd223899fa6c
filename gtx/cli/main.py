"""The program `gtx`: finds the requested command, or lists the commands."""

import difflib
import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from gtx._version import __version__
from gtx.cli import compilation_cache
from gtx.cli.exit_codes import EXIT_CODES, USAGE, leave

# Each command is the module gtx.cli.<name>. Only the requested one is imported.
COMMANDS: Mapping[str, str] = {
    "train": "Train a recipe, or go on with a run.",
    "predict": "Predict for molecules or graphs with a trained model.",
    "embed": "Write the vectors of molecules, graphs or nodes inside a trained model.",
    "explain": "Show what atoms or nodes contribute to a prediction.",
    "export": "Export a trained model as programs that run without gtx, and as safetensors.",
    "report": "Write a page that shows a run, or several side by side.",
    "evaluate": "Score a trained model on parts of its data.",
    "describe": "Show what a recipe will train, and what that costs.",
    "sweep": "Train many variants of a recipe, or go on with a sweep.",
    "datasets": "List the sources of data that a recipe may name; fetch or verify one.",
}

_WITH_WORDS = ("datasets", "report")  # they take arguments that are no flags

_HELP = """\
gtx {version}: graph transformers in JAX

  gtx COMMAND --flag=value ...    run a command
  gtx COMMAND --help              its flags

Commands:
{commands}

Exit codes:
{exit_codes}
"""


def main() -> NoReturn:
    """The console script `gtx`: runs a command and ends the process with its exit code."""
    arguments = sys.argv[1:]
    compilation_cache.use()
    try:
        code = run(arguments[0], arguments[1:]) if arguments else _refuse("which command?")
    except KeyboardInterrupt:  # during imports; later the command itself handles signals
        print("interrupted by SIGINT; start the same command again.", file=sys.stderr)
        code = 130
    leave(code)


def run(name: str, arguments: Sequence[str]) -> int:
    """The exit code of `gtx <name> <arguments>`, run in this process."""
    if name in ("--help", "-h", "help"):
        print(_help(), end="")
        return 0
    if name == "--version":
        print(f"gtx {__version__}")
        return 0
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f", did you mean {near[0]!r}?" if near else "."
        return _refuse(f"there is no command {name!r}{hint}")
    module = importlib.import_module(f"gtx.cli.{name}")
    from gtx.cli import command  # late, because it imports jax, which takes seconds

    about = command.Command(
        f"gtx {name}", module.__doc__ or "", module.define, module.main, words=name in _WITH_WORDS
    )
    return command.execute(about, arguments)


def _help() -> str:
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:{width}}  {line}" for name, line in COMMANDS.items())
    return _HELP.format(version=__version__, commands=commands, exit_codes=EXIT_CODES)


def _refuse(reason: str) -> int:
    names = ", ".join(COMMANDS)
    print(f"error: {reason} There are {names}. See `gtx --help`.", file=sys.stderr)
    return USAGE
