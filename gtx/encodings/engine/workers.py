"""Worker processes that encode graphs in parallel with this one."""

import concurrent.futures
import contextlib
from collections.abc import Iterator

from gtx.data import workers as processes
from gtx.encodings.base import EncodingError


@contextlib.contextmanager
def workers(count: int) -> Iterator[concurrent.futures.Executor | None]:
    """See `gtx.data.workers`; an EncodingError says that a worker ended."""
    try:
        with processes.workers(count) as pool:
            yield pool
    except processes.WorkerError as error:
        raise EncodingError(
            f"{error} Parts that were finished are in the cache, if there is one."
        ) from error
