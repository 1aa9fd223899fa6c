"""What every command does first: quiet logs, and messages instead of tracebacks."""

import ast
import difflib
import logging as std_logging
import pathlib
import re
import runpy
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from absl import app, flags, logging
from ml_collections import ConfigDict
from ml_collections.config_flags.config_flags import is_config_flag

from gtx.batching import BudgetError
from gtx.build import ConfigError
from gtx.config_check import rules_of
from gtx.encodings import EncodingError
from gtx.graphs import GraphError
from gtx.provenance import OtherDataError
from gtx.sweeps import SweepError
from gtx.training import CheckpointError, FolderLockedError, NonFiniteError, ResumeError
from gtx.training.hooks.signals import Interrupted, StopAtOnce

# Errors that a person mends in a config, a file or a folder: their message says how.
_EXPECTED = (
    BudgetError,
    CheckpointError,
    ConfigError,
    EncodingError,
    FolderLockedError,
    GraphError,
    ImportError,
    NonFiniteError,
    OSError,
    OtherDataError,
    ResumeError,
    SweepError,
)

Main = Callable[[Sequence[str]], int | None]


def run(main: Main) -> None:
    """Run a command and exit with its code."""
    app.run(guard(main), flags_parser=parse)


def parse(argv: Sequence[str]) -> list[str]:
    """Read the flags; what is left over is returned. A wrong flag ends the program: exit code 2."""
    # A process that reads a second file would find the names of the first in it.
    sys.modules.pop("config_config", None)
    try:
        rest = flags.FLAGS(argv)
        if _reads_recipe():
            list(flags.FLAGS["config"].value)  # of a missing file it is an error to read, not to be
        return rest
    except Exception as error:
        reason = _explained(argv) if _reads_recipe() else None
        if reason is None and not isinstance(error, flags.Error | OSError):
            raise
        text = " ".join(str(reason or error).split())
        print(f"error: {text}", file=sys.stderr)
        sys.exit(2)


def _reads_recipe() -> bool:
    """Whether the command's --config is a recipe."""
    return "config" in flags.FLAGS and is_config_flag(flags.FLAGS["config"])


def _explained(argv: Sequence[str]) -> str | None:
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
    for argument in argv:
        found = re.match(r"--?config\.([^=]+)(?:=(.*))?$", argument, re.DOTALL)
        reason = _field_error(config, *found.groups()) if found else None
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
        try:
            ast.literal_eval(value)["a dict"]
        except KeyError:
            return None
        except Exception:
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


def _message(error: Exception) -> str:
    """One line, but for a list of differences, which has a line each."""
    return str(error) if isinstance(error, ResumeError) else " ".join(str(error).split())


def guard(main: Main) -> Main:
    """A command whose expected errors are one line on stderr and exit code 2.

    Likewise SIGINT, SIGTERM and SIGUSR1, with 128 + signal; `fit` saves before it obeys them.
    """

    def guarded(argv: Sequence[str]) -> int | None:
        if len(argv) > 1:
            raise app.UsageError(f"unexpected arguments: {' '.join(argv[1:])}")
        logging.set_verbosity(logging.WARNING)
        std_logging.getLogger("gtx").setLevel(std_logging.INFO)
        with StopAtOnce() as signals:
            try:
                return main(argv)
            except _EXPECTED as error:
                print(f"error: {_message(error)}", file=sys.stderr)
                return 2
            except Interrupted as stop:
                if stop is signals.raised:  # others have been logged where they were raised
                    print(stop, file=sys.stderr)
                return stop.signum + 128

    return guarded
