"""Measure the claims of the paper: `python -m experiments.paper [--only=E1,E11.over_squashing]`."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence

from experiments.benchmarks.measure import machine
from experiments.paper import record, write_docs
from experiments.paper.claim import Claim
from experiments.paper.claims import CLAIMS, load_all
from experiments.paper.measurement import Measurement


def measure(claim: Claim, part: str, function: Callable[[], Measurement]) -> None:
    """Make one measurement, add it to the two files, and print its verdict."""
    start = time.perf_counter()
    measured = function()
    seconds = time.perf_counter() - start
    # The files are read anew after each measurement. So a run that was stopped goes on with --only,
    # and two runs can work side by side.
    rows, curves = record.read(record.CLAIMS_JSON), record.read(record.CURVES_JSON)
    before = rows.get(claim.name)
    rows[claim.name] = record.entry(claim, part, measured, seconds, machine(), before)
    verdict = rows[claim.name].get("verdict", "more of it is to be measured")
    print(f"{claim.name}.{part:24}{seconds:8.1f} s  {verdict}", flush=True)
    if measured.curves:
        curves[claim.name] = {**curves.get(claim.name, {}), **measured.curves}
    record.write(record.CLAIMS_JSON, rows, indent=1)
    record.write(record.CURVES_JSON, curves, indent=None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for; write the documentation once every claim has a verdict."""
    parser = argparse.ArgumentParser(description="Measure the claims of the paper.")
    parser.add_argument(
        "--only",
        default=",".join(CLAIMS),
        help="Claims, or single measurements such as E11.over_squashing. The others stay as they "
        "are in docs/claims.json.",
    )
    wanted = set(parser.parse_args(arguments).only.split(","))
    claims = load_all()
    parts = [f"{claim.name}.{part}" for claim in claims for part in claim.measurements]
    if unknown := sorted(wanted - {*CLAIMS, *parts}):
        parser.error(
            f"There is no {', '.join(unknown)}; there are {', '.join(CLAIMS)} and their parts "
            f"{', '.join(parts)}."
        )
    for claim in claims:
        for part, function in claim.measurements.items():
            if {claim.name, f"{claim.name}.{part}"} & wanted:
                measure(claim, part, function)
    rows = record.read(record.CLAIMS_JSON)
    if set(rows) == set(CLAIMS) and all("verdict" in row for row in rows.values()):
        write_docs.write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
