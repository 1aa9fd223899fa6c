"""Compare with other libraries: `python -m experiments.benchmark NAME [--json=PATH]`."""

import importlib
import os
import pathlib
import sys
from collections.abc import Sequence

from absl import app, flags, logging

BENCHMARKS = ("attention", "encodings", "gps", "gpu", "large_encodings")
GPU_PARTS = ["equality", "attention", "edges", "gps"]

_JSON = flags.DEFINE_string("json", None, "Where to write the numbers.")
_ROUNDS = flags.DEFINE_integer("rounds", 7, "Rounds of each library, in turn.", lower_bound=1)
_ROOT = flags.DEFINE_string(
    "root", None, "Folder of the datasets; $GTX_DATA by default, random graphs without either."
)
_CORES = flags.DEFINE_integer(
    "cores", 0, "Cores for each library; 0 takes all. One is the steadiest on a busy machine."
)
_SMALL = flags.DEFINE_bool("small", False, "Of gpu: tiny sizes, to try it on any device.")
_PARTS = flags.DEFINE_multi_enum(
    "part", GPU_PARTS, GPU_PARTS, "Of gpu: only this part; may be given several times."
)
_WORKER = flags.DEFINE_string("worker", None, "Measure in this process and write to this file.")


def main(argv: Sequence[str]) -> int | None:
    if len(argv) != 2 or argv[1] not in BENCHMARKS:
        print(f"usage: python -m experiments.benchmark {'|'.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    benchmark = importlib.import_module(f"experiments.benchmarks.{argv[1]}")
    logging.set_verbosity(logging.WARNING)
    if _CORES.value:  # before either library counts them; inherited by the workers
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: _CORES.value])
    root = os.environ.get("GTX_DATA") if _ROOT.value is None else _ROOT.value
    options = dict(rounds=_ROUNDS.value, root=root, json_path=_JSON.value)
    if argv[1] == "gpu":
        return benchmark.run(small=_SMALL.value, parts=_PARTS.value, **options)
    if _WORKER.value:
        benchmark.worker(pathlib.Path(_WORKER.value), rounds=_ROUNDS.value, root=root)
    else:
        benchmark.run(**options)
    return None


if __name__ == "__main__":
    app.run(main)
