"""`gtx report` as a script, to be copied and changed: `python -m experiments.report --help`.

What is your own is imported here, before the command runs.
"""

import sys

from gtx.cli import run
from gtx.cli.exit_codes import leave

if __name__ == "__main__":
    leave(run("report", sys.argv[1:]))
