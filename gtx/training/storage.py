"""Errors in writing files, as one line in place of a long traceback."""

import contextlib
import errno
import logging
import os
import pathlib
import re
import shutil
import sys
import time
from collections.abc import Iterator
from typing import Any

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


def reason(error: BaseException, folder: pathlib.Path) -> str:
    """The operating system's reason why something could not be written.

    Args:
      error: the exception; a storage driver may have put the error number into its text.
      folder: the folder of the file; it need not exist.
    """
    code = _code(error)
    # Not an error of the operating system: the first line of its message must do.
    if code is None:
        return (str(error).splitlines() or [type(error).__name__])[0][:300]
    said = os.strerror(code)
    if code == errno.ENOSPC:  # for a quota (EDQUOT) the free space is not known
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        with contextlib.suppress(OSError):
            free = shutil.disk_usage(folder).free / 2**20
            said += f" ({free:,.1f} MiB are free in {folder}, which it does not fit)"
    return said


@contextlib.contextmanager
def named(path: pathlib.Path) -> Iterator[None]:
    """Add the name `path` to errors of a full disk that name no file."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL or error.filename is not None:
            raise
        raise type(error)(error.errno, reason(error, path.parent), str(path)) from error


@contextlib.contextmanager
def only_the_error() -> Iterator[None]:
    """Suppress other output about a failed save than its exception.

    orbax logs the traceback of each failed thread. Unfinished writes also report to standard error
    that nothing waits for them, some of them after the exception.
    """

    def hook(report: Any) -> None:
        if "Event loop is closed" not in str(report.exc_value):
            before(report)

    before, logger = sys.unraisablehook, logging.getLogger("absl")
    sys.unraisablehook = hook
    logger.addFilter(_not_of_orbax)
    try:
        yield
    except BaseException:
        time.sleep(0.2)  # until the last of these reports has come
        raise
    finally:
        logger.removeFilter(_not_of_orbax)
        sys.unraisablehook = before


def _not_of_orbax(record: logging.LogRecord) -> bool:
    return record.levelno < logging.ERROR or f"{os.sep}orbax{os.sep}" not in record.pathname


def _code(error: BaseException | None) -> int | None:
    """The errno of an error or of its cause."""
    while error is not None:
        if isinstance(error, OSError) and error.errno:
            return error.errno
        found = re.search(r"os_error_code='(\d+)'", str(error))
        if found:
            return int(found[1])
        error = error.__cause__ or error.__context__
    return None
