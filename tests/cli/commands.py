"""Commands in this process."""

from gtx import cli


def run(name: str, *arguments: str) -> int:
    """The exit code of `gtx <name> <arguments>`."""
    return cli.run(name, arguments)
