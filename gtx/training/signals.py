"""SIGINT, SIGTERM and SIGUSR1: noticed at once, but obeyed only when no work is half done.

Python runs a signal handler only when the main thread returns from C code, and a compilation may
take minutes. Therefore a thread listens too. It prints what the program is waiting for, and ends
the process at once at a second signal.
"""

import contextlib
import os
import select
import signal
import sys
import threading
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
PATIENCE = 2.0  # seconds without reaction after which a message is printed


class StopRequested(Exception):
    """The signal `signum` arrived."""

    def __init__(self, signum: int):
        super().__init__(signal.Signals(signum).name)
        self.signum = signum


class Interrupted(SystemExit):
    """A signal stopped the run. It was saved if it had begun; the same command continues it.

    The exit code is 128 + signal, as in shells: 130 for SIGINT, 143 for SIGTERM, 138 for SIGUSR1
    (on Linux).
    """

    def __init__(self, signum: int, message: str):
        super().__init__(128 + signum)
        self.signum = signum
        self.message = message

    def __str__(self) -> str:
        return self.message


class _Signals:
    """Within `with`, `_handle` receives the signals; a second one ends the process at once.

    Python allows handlers only in the main thread. In other threads nothing changes.
    """

    def __init__(self) -> None:
        self._signum: int | None = None
        self._previous: dict[int, Any] = {}
        self._listener: _Listener | None = None

    def __enter__(self) -> Any:
        if threading.current_thread() is threading.main_thread():
            self._listener = _Listener()
            for signum in SIGNALS:
                self._previous[signum] = signal.signal(signum, self._handle)
        return self

    def __exit__(self, *error: object) -> None:
        for signum, handler in self._previous.items():
            signal.signal(signum, handler)
        self._previous = {}
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        del frame
        if self._signum is not None:
            os._exit(128 + signum)
        self._signum = signum


class StopFlag(_Signals):
    """A signal only sets a flag. A handler that saved could interrupt unfinished work."""

    def check(self) -> None:
        """Raise StopRequested if a signal has arrived."""
        if self._signum is not None:
            raise StopRequested(self._signum)


class StopAtOnce(_Signals):
    """A signal raises `Interrupted` immediately: for work without anything to save.

    Attributes:
      raised: the exception that was raised, or None.
    """

    raised: Interrupted | None = None

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        super()._handle(signum, frame)
        name = signal.Signals(signum).name
        self.raised = Interrupted(signum, f"interrupted by {name}; start the same command again.")
        raise self.raised


class _Listener:
    """A thread that reads signals as soon as the operating system delivers them."""

    open = 0  # number of listeners in this process

    def __init__(self) -> None:
        _Listener.open += 1
        self._end, self._start = os.pipe()
        os.set_blocking(self._start, False)
        self._before = signal.set_wakeup_fd(self._start, warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._listen, name="signals", daemon=True)
        self._thread.start()

    def close(self) -> None:
        _Listener.open -= 1
        signal.set_wakeup_fd(self._before)
        os.close(self._start)  # the thread reads the end of the pipe and ends
        self._thread.join()
        os.close(self._end)

    def _listen(self) -> None:
        first: int | None = None
        waiting: float | None = None
        while True:
            if waiting is not None and not select.select([self._end], [], [], waiting)[0]:
                assert first is not None
                print(
                    f"{signal.Signals(first).name}: stops when the work under way is done; send "
                    "it again to stop at once.",
                    file=sys.stderr,
                    flush=True,
                )
                waiting = None
                continue
            heard = os.read(self._end, 1)
            if not heard:
                return
            if heard[0] not in SIGNALS:
                continue
            if first is not None:
                os._exit(128 + heard[0])
            first, waiting = heard[0], PATIENCE


def _forget_in_child() -> None:
    """Detach a forked child from the pipe, into which it would write signals for its parent."""
    if _Listener.open:
        with contextlib.suppress(ValueError):
            signal.set_wakeup_fd(-1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
