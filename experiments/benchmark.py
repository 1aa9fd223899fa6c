"""Compare with other libraries: `python -m experiments.benchmark gps [--json=PATH]`."""

import os
import pathlib
import sys
from collections.abc import Sequence

from absl import app, flags

from experiments.benchmarks import gps

_JSON = flags.DEFINE_string("json", None, "Where to write the numbers.")
_ROUNDS = flags.DEFINE_integer("rounds", 7, "Rounds of 16 steps of each library.", lower_bound=1)
_ROOT = flags.DEFINE_string(
    "root", None, "Folder of the datasets; $GTX_DATA by default, random graphs without either."
)
_WORKER = flags.DEFINE_string("worker", None, "Measure in this process and write to this file.")


def main(argv: Sequence[str]) -> int | None:
    if list(argv[1:]) != ["gps"]:
        print("usage: python -m experiments.benchmark gps", file=sys.stderr)
        return 2
    root = os.environ.get("GTX_DATA") if _ROOT.value is None else _ROOT.value
    if _WORKER.value:
        gps.worker(pathlib.Path(_WORKER.value), rounds=_ROUNDS.value, root=root)
    else:
        gps.run(rounds=_ROUNDS.value, root=root, json_path=_JSON.value)
    return None


if __name__ == "__main__":
    app.run(main)
