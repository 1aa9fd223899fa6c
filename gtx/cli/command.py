"""Runs a command: reads its flags, and prints errors that the user can fix as one line."""

import contextlib
import dataclasses
import logging
import pathlib
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence

from absl import logging as absl_logging
from absl.flags import FlagValues

from gtx.batching import BudgetError
from gtx.cli import help_text, reading, shared_flags
from gtx.cli.exit_codes import USAGE
from gtx.encodings import EncodingError
from gtx.explain import ExplainError
from gtx.graphs import GraphError
from gtx.recipes import ConfigError
from gtx.recipes.provenance import OtherDataError
from gtx.report.run import ReportError
from gtx.sweeps import SweepError
from gtx.training import CheckpointError, FolderLockedError, NonFiniteError, ResumeError
from gtx.training.patterns import PatternError
from gtx.training.signals import Interrupted, StopAtOnce

# Errors that the user can fix in a flag, a recipe, a file or a folder. Their message says how.
_EXPECTED = (
    BudgetError,
    CheckpointError,
    ConfigError,
    EncodingError,
    ExplainError,
    FolderLockedError,
    GraphError,
    ImportError,
    NonFiniteError,
    OSError,
    OtherDataError,
    PatternError,
    ReportError,
    ResumeError,
    SweepError,
    reading.UsageError,
)
_BROKEN_PIPE = 128 + 13  # the code of a shell for a program that SIGPIPE ended


@dataclasses.dataclass(frozen=True)
class Command:
    """A command of the shell.

    Attributes:
      name: as it is typed, such as "gtx train".
      about: a description, which `--help` prints.
      define: defines its flags.
      main: runs it with the given flags; returns its exit code, or None for 0.
      words: whether it takes arguments that are no flags; `main` gets them after the flags.
    """

    name: str
    about: str
    define: Callable[[FlagValues], None]
    main: Callable[..., int | None]
    words: bool = False


def execute(command: Command, arguments: Sequence[str]) -> int:
    """Run a command in this process, and return its exit code.

    An expected error is one line on standard error and exit code 2. SIGINT, SIGTERM and SIGUSR1
    end the command with 128 + signal; `fit` saves before it obeys them.
    """
    values = FlagValues()
    shared_flags.define(values)
    command.define(values)
    if reading.asks_for_help(arguments):
        print(help_text.of(command.name, command.about, values), end="")
        return 0
    with _plain_messages(), StopAtOnce() as signals:
        try:
            rest = reading.read(command.name, values, arguments, words=command.words)
            return command.main(values, *([rest] if command.words else [])) or 0
        except BrokenPipeError:
            return _BROKEN_PIPE  # the reader of the output, such as `head`, has ended
        except _EXPECTED as error:
            print(f"error: {_message(error)}", file=sys.stderr)
            return USAGE
        except Interrupted as stop:
            if stop is signals.raised:  # others were already logged where they were raised
                print(stop, file=sys.stderr)
            return stop.signum + 128


def typed(name: str) -> str:
    """The text that starts `gtx <name>` in this shell: with the name `gtx` if it is on the path."""
    here, program = pathlib.Path.cwd(), pathlib.Path(sys.argv[0])
    if program.name != "gtx":
        python = pathlib.Path(sys.executable)
        program = python.relative_to(here) if python.is_relative_to(here) else python
        return f"{program} -m gtx {name}"
    found = shutil.which("gtx")
    if found is not None and pathlib.Path(found).resolve() == program.resolve():
        return f"gtx {name}"
    program = program.relative_to(here) if program.is_relative_to(here) else program
    return f"{program} {name}"


@contextlib.contextmanager
def _plain_messages() -> Iterator[None]:
    """Log messages without level letters, times and process ids."""
    root, gtx = logging.getLogger(), logging.getLogger("gtx")
    before = list(root.handlers), root.level, gtx.level, absl_logging.get_verbosity()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Plain())
    # absl adds its own handler, with such a prefix, at the first message through it; and where
    # nothing was set up, importing orbax calls `logging.basicConfig`. Each would repeat a message.
    root.handlers = [
        each
        for each in root.handlers
        if each is not absl_logging.get_absl_handler() and not _is_of_stderr(each)
    ]
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    gtx.setLevel(logging.INFO)
    absl_logging.set_verbosity(absl_logging.WARNING)  # otherwise orbax logs every file
    try:
        yield
    finally:
        root.handlers = before[0]
        root.setLevel(before[1])
        gtx.setLevel(before[2])
        absl_logging.set_verbosity(before[3])


def _is_of_stderr(handler: logging.Handler) -> bool:
    return type(handler) is logging.StreamHandler and handler.stream in (sys.stderr, sys.__stderr__)


class _Plain(logging.Formatter):
    """The message only, after "warning: " or "error: " if it is one of these."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return text if record.levelno < logging.WARNING else f"{record.levelname.lower()}: {text}"


def _message(error: Exception) -> str:
    """The message of an error in one line; a list of differences keeps its lines."""
    return str(error) if isinstance(error, ResumeError) else " ".join(str(error).split())
