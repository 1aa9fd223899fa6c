"""Compare with other libraries: `python -m experiments.benchmark NAME [--json=PATH]`."""

import argparse
import importlib
import os
import pathlib
import sys
from collections.abc import Sequence

BENCHMARKS = ("attention", "encodings", "gps", "gpu", "large_encodings", "large_graph", "smiles")
GPU_PARTS = ["equality", "attention", "edges", "gps"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one benchmark; what it finds is printed, and written where --json says."""
    parser = argparse.ArgumentParser(description="Compare with other libraries.")
    parser.add_argument("name", choices=BENCHMARKS)
    parser.add_argument("--json", help="Where to write the numbers.")
    parser.add_argument("--rounds", type=int, default=7, help="Rounds of each library, in turn.")
    parser.add_argument(
        "--root",
        default=os.environ.get("GTX_DATA"),
        help="Folder of the datasets; $GTX_DATA by default, random graphs without either.",
    )
    parser.add_argument(
        "--cores",
        type=int,
        default=0,
        help="Cores for each library; 0 takes all. One is the steadiest on a busy machine.",
    )
    parser.add_argument(
        "--small", action="store_true", help="Of gpu: tiny sizes, to try it on any device."
    )
    parser.add_argument(
        "--part",
        action="append",
        choices=GPU_PARTS,
        help="Of gpu: only this part; may be given several times.",
    )
    parser.add_argument("--worker", help="Measure in this process and write to this file.")
    given = parser.parse_args(arguments)
    if given.rounds < 1:
        parser.error(f"--rounds is {given.rounds}; give at least 1.")
    if given.cores:  # before either library counts them; inherited by the workers
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: given.cores])
    benchmark = importlib.import_module(f"experiments.benchmarks.{given.name}")
    options = dict(rounds=given.rounds, root=given.root)
    if given.worker:
        benchmark.worker(pathlib.Path(given.worker), **options)
        return 0
    if given.name == "gpu":
        parts = given.part or GPU_PARTS
        return benchmark.run(small=given.small, parts=parts, json_path=given.json, **options)
    benchmark.run(json_path=given.json, **options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
