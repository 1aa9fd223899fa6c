"""The exit codes of commands, on which scripts may rely, and the end of the process."""

import os
import sys
from typing import NoReturn

USAGE = 2  # wrong flags, or an error that the user can fix in a recipe, a file or a folder
NOT_ALL = 3  # predict, embed, explain: some rows have no result

EXIT_CODES = """\
  0        it did what was asked
  1        sweep: every trial failed; any command: a traceback, which is a bug of gtx
  2        a wrong flag, recipe, file or folder; one line on standard error says which
  3        predict, embed, explain: some rows have no result; the column `error`, or of explain
           standard error, says why
  128 + n  ended by signal n: 130 by Ctrl-C, 143 by SIGTERM. train has saved where it was"""


def leave(code: int) -> NoReturn:
    """End the process."""
    if code > 128:
        # XLA may be compiling in its own threads, which crash while Python shuts down.
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BrokenPipeError:
                pass  # the reader of the output has ended
        os._exit(code)
    sys.exit(code)
