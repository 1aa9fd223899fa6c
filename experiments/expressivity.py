"""Which encoding tells which graphs apart: `python -m experiments.expressivity --root=data`."""

import os
from collections.abc import Sequence

from absl import flags
from rich.console import Console
from rich.progress import track
from rich.table import Table

from experiments import launch, report
from experiments.benchmarks import expressivity, measure

_ROOT = flags.DEFINE_string(
    "root", None, "Folder that holds expressivity/*.g6; $GTX_DATA by default."
)
_JSON = flags.DEFINE_string("json", "", "Also write the counts to this file.")
_MARKDOWN = flags.DEFINE_bool("markdown", False, "Print the table as docs/encodings.md has them.")


def main(argv: Sequence[str]) -> int:
    del argv
    console = Console()
    root = os.environ.get("GTX_DATA", "data") if _ROOT.value is None else _ROOT.value
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
    if _MARKDOWN.value:
        print(expressivity.markdown(header, rows))
    else:
        printed = Table(title="Pairs told apart: by the encoding alone → refined")
        for place, name in enumerate(header):
            printed.add_column(name, justify="right" if place else "left")
        for row in rows:
            printed.add_row(*row)
        console.print(printed)
    if _JSON.value:
        report.write_json(_JSON.value, results)
    return 0


if __name__ == "__main__":
    launch.run(main)
