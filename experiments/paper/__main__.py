"""Measure the claims of the paper: `python -m experiments.paper [--only=E1,E11.over_squashing]`."""

import time
from collections.abc import Sequence

from absl import app, flags, logging

from experiments.benchmarks.measure import machine
from experiments.paper import record, write_docs
from experiments.paper.claims import CLAIMS

NAMES = [claim.name for claim in CLAIMS]
PARTS = [f"{claim.name}.{part}" for claim in CLAIMS for part in claim.parts]
_ONLY = flags.DEFINE_list(
    "only", NAMES, "Rows of the table, or single measurements of a row; the others stay."
)


def main(argv: Sequence[str]) -> None:
    del argv
    logging.set_verbosity(logging.WARNING)
    unknown = set(_ONLY.value) - {*NAMES, *PARTS}
    if unknown:
        raise app.UsageError(
            f"there is no {', '.join(sorted(unknown))}; there are E1 to E21, and in them "
            f"{', '.join(PARTS)}"
        )
    for claim in CLAIMS:
        for part, measure in claim.parts.items():
            if not {claim.name, f"{claim.name}.{part}"} & set(_ONLY.value):
                continue
            start = time.perf_counter()
            measured = measure()
            seconds = time.perf_counter() - start
            # After each one, and read anew: a run that is stopped goes on with --only, and two
            # of them may run side by side.
            rows, curves = record.read(record.CLAIMS_JSON), record.read(record.CURVES_JSON)
            before = rows.get(claim.name)
            rows[claim.name] = record.entry(claim, part, measured, seconds, machine(), before)
            verdict = rows[claim.name].get("verdict", "more of it is to be measured")
            print(f"{claim.name}.{part:24}{seconds:8.1f} s  {verdict}", flush=True)
            if measured.curves:
                curves[claim.name] = {**curves.get(claim.name, {}), **measured.curves}
            record.write(record.CLAIMS_JSON, rows, indent=1)
            record.write(record.CURVES_JSON, curves, indent=None)
    rows = record.read(record.CLAIMS_JSON)
    if set(rows) == set(NAMES) and all("verdict" in row for row in rows.values()):
        write_docs.write()


if __name__ == "__main__":
    app.run(main)
