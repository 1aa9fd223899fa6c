"""Worker processes, for work of Python that this process would do alone."""

import concurrent.futures
import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from typing import Any


class WorkerError(RuntimeError):
    """A worker process ended before its work was done."""


@contextlib.contextmanager
def workers(count: int) -> Iterator[concurrent.futures.Executor | None]:
    """A pool of `count` processes that end with the block; None for no process.

    Raises:
      WorkerError: a worker ended.
    """
    if count < 0:
        raise ValueError(f"num_workers must not be negative, got {count}.")
    if count == 0:
        yield None
        return
    # Not "fork": it would copy locks that other threads (of jax and BLAS) hold, which then stay
    # locked for ever in the worker.
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    pool = concurrent.futures.ProcessPoolExecutor(
        count, mp_context=context, initializer=_start_worker
    )
    try:
        yield pool
    except BrokenProcessPool as error:
        raise WorkerError(
            "a worker ended. Either memory was short: use fewer workers; or the script that was "
            'started has no `if __name__ == "__main__"`, and every worker started it again.'
        ) from error
    except (KeyboardInterrupt, SystemExit):  # ends at once and does not wait for running parts
        for worker in set(multiprocessing.active_children()) - others:
            worker.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    """Ignore Ctrl-C, which the parent gets too and handles, and end when the parent ends."""
    for signum in (signal.SIGINT, getattr(signal, "SIGUSR1", signal.SIGINT)):
        signal.signal(signum, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)
