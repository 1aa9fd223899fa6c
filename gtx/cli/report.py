"""Write a page that shows a run, or several side by side.

    gtx report runs/solubility_gps
    gtx report runs/small runs/large --output=compared.html

The page is one file that needs no network: scores with intervals, learning curves, predicted
against measured, the molecules with the largest errors, calibration, time, the recipe, versions
and hashes of the data. It is made from what the runs left in their folders; nothing is trained or
predicted. `gtx train` writes that of its run into the folder.
"""

import pathlib
from collections.abc import Sequence

from absl import flags
from absl.flags import FlagValues

from gtx.cli.reading import UsageError

FILE = "report.html"


def define(values: FlagValues) -> None:
    flags.DEFINE_string(
        "output", "", f"The file. By default {FILE} in the folder of the run, or of several in "
        "the current folder.", flag_values=values,
    )  # fmt: skip


def main(values: FlagValues, words: Sequence[str]) -> None:
    if not words:
        raise UsageError("which run? Give one folder or more: gtx report runs/solubility_gps.")
    from gtx.report import page

    folders = [pathlib.Path(word) for word in words]
    standard = folders[0] / FILE if len(folders) == 1 else pathlib.Path(FILE)
    output = pathlib.Path(values.output) if values.output else standard
    page.write(folders, output)
    print(f"in {output}: {len(folders)} {'run' if len(folders) == 1 else 'runs'}.")
