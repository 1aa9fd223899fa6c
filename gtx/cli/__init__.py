"""The commands of gtx, one file each: `gtx COMMAND`, or `python -m gtx COMMAND`.

A command is a module with two functions. `define(values)` defines its flags. `main(values)` runs it
and returns its exit code; None means 0. `gtx COMMAND --help` prints its docstring. To add a
command, add a file here and a line in `COMMANDS`.
"""

from gtx.cli.main import COMMANDS, main, run

__all__ = ["COMMANDS", "main", "run"]
