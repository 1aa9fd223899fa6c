"""`gtx embed` as a script, to be copied and changed: `python -m experiments.embed --help`.

What is your own is imported here, before the command runs.
"""

import sys

from gtx.cli import run
from gtx.cli.exit_codes import leave

if __name__ == "__main__":
    leave(run("embed", sys.argv[1:]))
