"""Shows at a terminal what takes long. Nothing of it is written to a file."""

from rich.console import Console
from rich.status import Status


def waiting(text: str) -> Status:
    """A line on standard error while the `with` block runs, such as "compiling..."."""
    return Console(stderr=True).status(text)
