"""Errors in writing files, told in one line and not in a long traceback."""

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
    """Why something could not be written, in the words of the operating system.

    Args:
      error: what was raised; also by a storage driver that wraps the number in a text.
      folder: where to; it need not exist.
    """
    code = _code(error)
    if code is None:
        return (str(error).splitlines() or [type(error).__name__])[0][:300]
    said = os.strerror(code)
    if code == errno.ENOSPC:  # what is left of a quota cannot be asked for
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        with contextlib.suppress(OSError):
            free = shutil.disk_usage(folder).free / 2**20
            said += f" ({free:,.1f} MiB are free in {folder}, which it does not fit)"
    return said


@contextlib.contextmanager
def named(path: pathlib.Path) -> Iterator[None]:
    """Give an error of a full disk within that names no file the name `path`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL or error.filename is not None:
            raise
        raise type(error)(error.errno, reason(error, path.parent), str(path)) from error


@contextlib.contextmanager
def only_the_error() -> Iterator[None]:
    """Leave the report of a failed save to the exception that it raises.

    orbax logs the traceback of each thread that failed, and writes that were under way complain
    to standard error, some after the exception, that no one waits for them.
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
        time.sleep(0.2)  # for the last of them
        raise
    finally:
        logger.removeFilter(_not_of_orbax)
        sys.unraisablehook = before


def _not_of_orbax(record: logging.LogRecord) -> bool:
    return record.levelno < logging.ERROR or f"{os.sep}orbax{os.sep}" not in record.pathname


def _code(error: BaseException | None) -> int | None:
    """The errno of an error, or of what caused it."""
    while error is not None:
        if isinstance(error, OSError) and error.errno:
            return error.errno
        found = re.search(r"os_error_code='(\d+)'", str(error))
        if found:
            return int(found[1])
        error = error.__cause__ or error.__context__
    return None
