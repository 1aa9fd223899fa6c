"""Compare with other libraries: `python -m experiments.benchmark NAME [--json=PATH]`."""

import os
import pathlib
import sys
from collections.abc import Sequence

from absl import app, flags, logging

from experiments.benchmarks import attention, gps

BENCHMARKS = {"attention": attention, "gps": gps}

_JSON = flags.DEFINE_string("json", None, "Where to write the numbers.")
_ROUNDS = flags.DEFINE_integer("rounds", 7, "Rounds of each library, in turn.", lower_bound=1)
_ROOT = flags.DEFINE_string(
    "root", None, "Folder of the datasets; $GTX_DATA by default, random graphs without either."
)
_CORES = flags.DEFINE_integer(
    "cores", 0, "Cores for each library; 0 takes all. One is the steadiest on a busy machine."
)
_WORKER = flags.DEFINE_string("worker", None, "Measure in this process and write to this file.")


def main(argv: Sequence[str]) -> int | None:
    if len(argv) != 2 or argv[1] not in BENCHMARKS:
        print(f"usage: python -m experiments.benchmark {'|'.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    benchmark = BENCHMARKS[argv[1]]
    logging.set_verbosity(logging.WARNING)
    if _CORES.value:  # before either library counts them; inherited by the workers
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: _CORES.value])
    root = os.environ.get("GTX_DATA") if _ROOT.value is None else _ROOT.value
    if _WORKER.value:
        benchmark.worker(pathlib.Path(_WORKER.value), rounds=_ROUNDS.value, root=root)
    else:
        benchmark.run(rounds=_ROUNDS.value, root=root, json_path=_JSON.value)
    return None


if __name__ == "__main__":
    app.run(main)
