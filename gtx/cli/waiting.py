"""Say at a terminal what takes long. Output that goes to a file gets nothing of it."""

from rich.console import Console
from rich.status import Status


def waiting(text: str) -> Status:
    """A line on standard error while the `with` block runs, such as "compiling..."."""
    return Console(stderr=True).status(text)
