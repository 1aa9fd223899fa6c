"""Which encoding tells which graphs apart: `python -m experiments.expressivity --root=data`."""

import os
import sys

from absl import flags
from absl.flags import FlagValues
from rich.console import Console
from rich.progress import track
from rich.table import Table

from experiments.benchmarks import expressivity, measure
from gtx.cli import outcome
from gtx.cli.command import Command, execute
from gtx.cli.exit_codes import leave


def define(values: FlagValues) -> None:
    flags.DEFINE_string(
        "root", None, "Folder that holds expressivity/*.g6; $GTX_DATA by default.",
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_string("json", "", "Also write the counts to this file.", flag_values=values)
    flags.DEFINE_bool(
        "markdown", False, "Print the table as docs/encodings.md has them.", flag_values=values
    )


def main(values: FlagValues) -> int:
    console = Console()
    root = os.environ.get("GTX_DATA", "data") if values.root is None else values.root
    families = expressivity.load(root)
    told = {
        family.name: expressivity.count(family)
        for family in track(families, "Families", console=Console(stderr=True))
    }
    results = dict(
        pairs={family.name: len(family.pairs) for family in families},
        told=told,
        tolerance=expressivity.TOLERANCE,
        **measure.machine(),
    )
    header, rows = expressivity.table(results)
    if values.markdown:
        print(expressivity.markdown(header, rows))
    else:
        printed = Table(title="Pairs told apart: by the encoding alone → refined")
        for place, name in enumerate(header):
            printed.add_column(name, justify="right" if place else "left")
        for row in rows:
            printed.add_row(*row)
        console.print(printed)
    if values.json:
        outcome.write_json(values.json, results)
    return 0


COMMAND = Command("python -m experiments.expressivity", __doc__ or "", define, main)

if __name__ == "__main__":
    leave(execute(COMMAND, sys.argv[1:]))
