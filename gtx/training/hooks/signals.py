"""SIGINT, SIGTERM and SIGUSR1 as a flag that is read between chunks."""

import os
import signal
import threading
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)


class StopRequested(Exception):
    """A signal arrived. `signum` says which."""

    def __init__(self, signum: int):
        super().__init__(signal.Signals(signum).name)
        self.signum = signum


class Interrupted(SystemExit):
    """The run was saved and stopped by a signal; start the same command to go on.

    The exit code is 128 + signal, as a shell has it: 130 for SIGINT, 143 for SIGTERM, 138 for
    SIGUSR1 (on Linux).
    """

    def __init__(self, signum: int, message: str):
        super().__init__(128 + signum)
        self.message = message

    def __str__(self) -> str:
        return self.message


class StopFlag:
    """Within `with`, a signal only sets the flag; a second one ends the process at once.

    Saving inside a handler would interrupt whatever is half done. Outside the main thread
    Python allows no handlers; there the flag is never set.
    """

    def __init__(self) -> None:
        self._signum: int | None = None
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> "StopFlag":
        if threading.current_thread() is threading.main_thread():
            for signum in SIGNALS:
                self._previous[signum] = signal.signal(signum, self._handle)
        return self

    def __exit__(self, *error: object) -> None:
        for signum, handler in self._previous.items():
            signal.signal(signum, handler)
        self._previous = {}

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        del frame
        if self._signum is not None:
            os._exit(128 + signum)
        self._signum = signum

    def check(self) -> None:
        """Raise StopRequested if a signal has arrived."""
        if self._signum is not None:
            raise StopRequested(self._signum)
