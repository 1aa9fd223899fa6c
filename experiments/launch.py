"""What every command does first: quiet logs, and messages instead of tracebacks."""

import logging as std_logging
import os
import sys
from collections.abc import Callable, Sequence

from absl import app, flags, logging

from experiments import flag_errors
from gtx.batching import BudgetError
from gtx.encodings import EncodingError
from gtx.graphs import GraphError
from gtx.recipes import ConfigError
from gtx.recipes.provenance import OtherDataError
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
    guarded = guard(main)

    def ended(argv: Sequence[str]) -> int | None:
        code = guarded(argv)
        if code is not None and code > 128:
            # XLA may be compiling in threads of its own, which crash when Python is taken down.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        return code

    app.run(ended, flags_parser=parse)


def parse(argv: Sequence[str]) -> list[str]:
    """Read the flags; what is left over is returned. A wrong flag ends the program: exit code 2."""
    # A process that reads a second file would find the names of the first in it.
    sys.modules.pop("config_config", None)
    try:
        rest = flags.FLAGS(argv)
        if flag_errors.reads_recipe():
            list(flags.FLAGS["config"].value)  # of a missing file it is an error to read, not to be
        return rest
    except Exception as error:
        reason = flag_errors.explained(argv) if flag_errors.reads_recipe() else None
        if reason is None and not isinstance(error, flags.Error | OSError):
            raise
        text = " ".join(str(reason or error).split())
        print(f"error: {text}", file=sys.stderr)
        sys.exit(2)


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
