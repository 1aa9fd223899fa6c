"""Warnings of a kind as lines for the user of a command."""

import contextlib
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def as_lines(kind: type[Warning], told: Callable[[Any], str] = str) -> Iterator[None]:
    """Print each warning of this kind as one line, which `told` makes of it; others as before."""
    before = warnings.showwarning

    def show(message: Warning | str, *others: Any, **more: Any) -> None:
        if isinstance(message, kind):
            print(f"warning: {told(message)}", file=sys.stderr)
        else:
            before(message, *others, **more)

    with warnings.catch_warnings():
        warnings.simplefilter("always", kind)
        warnings.showwarning = show
        yield
