"""Measure the claims of the paper: `python -m experiments.paper [--only=E1,E4]`."""

import time
from collections.abc import Sequence

from absl import app, flags, logging

from experiments.benchmarks.measure import machine
from experiments.paper import record, write_docs
from experiments.paper.claims import CLAIMS

NAMES = [claim.name for claim in CLAIMS]
_ONLY = flags.DEFINE_list("only", NAMES, "Rows of the table; the others stay as they are.")


def main(argv: Sequence[str]) -> None:
    del argv
    logging.set_verbosity(logging.WARNING)
    unknown = set(_ONLY.value) - set(NAMES)
    if unknown:
        raise app.UsageError(f"there is no {', '.join(sorted(unknown))}; there are E1 to E21")
    rows, curves = record.read(record.CLAIMS_JSON), record.read(record.CURVES_JSON)
    for claim in CLAIMS:
        if claim.name not in _ONLY.value:
            continue
        start = time.perf_counter()
        measured = claim.measure()
        seconds = time.perf_counter() - start
        rows[claim.name] = record.entry(claim, measured, seconds, machine())
        print(f"{claim.name:4}{seconds:8.1f} s  {rows[claim.name]['verdict']}", flush=True)
        if measured.curves:
            curves[claim.name] = measured.curves
        # After each row: a run that is stopped goes on with --only.
        record.write(record.CLAIMS_JSON, rows, indent=1)
        record.write(record.CURVES_JSON, curves, indent=None)
    if set(rows) == set(NAMES):
        write_docs.write()


if __name__ == "__main__":
    app.run(main)
