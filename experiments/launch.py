"""What every command does first: quiet logs, and messages instead of tracebacks."""

import logging as std_logging
import sys
from collections.abc import Callable, Sequence

from absl import app, logging

from gtx.batching import BudgetError
from gtx.build import ConfigError
from gtx.encodings import EncodingError
from gtx.graphs import GraphError
from gtx.sweeps import SweepError
from gtx.training import CheckpointError, NonFiniteError, ResumeError

# Errors that a person mends in a config, a file or a folder: their message says how.
_EXPECTED = (
    BudgetError,
    CheckpointError,
    ConfigError,
    EncodingError,
    GraphError,
    ImportError,
    NonFiniteError,
    OSError,
    ResumeError,
    SweepError,
)

Main = Callable[[Sequence[str]], int | None]


def run(main: Main) -> None:
    """Run a command and exit with its code."""
    app.run(guard(main))


def guard(main: Main) -> Main:
    """A command whose expected errors are one line on stderr and exit code 2."""

    def guarded(argv: Sequence[str]) -> int | None:
        if len(argv) > 1:
            raise app.UsageError(f"unexpected arguments: {' '.join(argv[1:])}")
        logging.set_verbosity(logging.WARNING)
        std_logging.getLogger("gtx").setLevel(std_logging.INFO)
        try:
            return main(argv)
        except _EXPECTED as error:
            print(f"error: {error}", file=sys.stderr)
            return 2

    return guarded
