"""The commands of gtx, one file each: `gtx COMMAND`, or `python -m gtx COMMAND`.

A command is a module with two functions. `define(values)` defines its flags, `main(values)` runs
it and returns its exit code, 0 if it returns None. Its docstring is what `gtx COMMAND --help`
says. A new command is a file here and a line in `COMMANDS`.
"""

from gtx.cli.main import COMMANDS, main, run

__all__ = ["COMMANDS", "main", "run"]
