"""What every command does first: quiet logs, and messages instead of tracebacks."""

import logging as std_logging
import sys
from collections.abc import Callable, Sequence

from absl import app, logging

from gtx.build import ConfigError
from gtx.graphs import GraphError
from gtx.training import CheckpointError, ResumeError

# Errors that a person mends in a config, a file or a folder: their message says how.
_EXPECTED = (ConfigError, GraphError, CheckpointError, ResumeError, OSError, ImportError)


def run(main: Callable[[Sequence[str]], int | None]) -> None:
    """Run a command; an expected error is one line on stderr and exit code 2."""

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

    app.run(guarded)
