"""Draw the claims: `python -m experiments.paper.draw [--only=E1,E10] [--folder=docs/figures]`.

Most figures show tensors that are computed for the purpose. A claim that trains models or measures
times shows what docs/curves.json holds.
"""

import argparse
import pathlib
import sys
from collections.abc import Sequence

import matplotlib
from matplotlib.figure import Figure

from experiments.paper import style
from experiments.paper.claims import CLAIMS, load, padded
from experiments.paper.record import NotMeasured, recorded


def draw(name: str) -> Figure:
    """The figure of a claim such as "E11".

    Raises:
      NotMeasured: if it shows a measurement that was not made yet.
    """
    claim = load(name)
    with matplotlib.rc_context(style.SETTINGS):
        return claim.draw(recorded(name)) if claim.draws_record else claim.draw()


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the claims that were asked for; 1 if one of them was not measured yet."""
    parser = argparse.ArgumentParser(description="Draw the claims of the paper.")
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("docs/figures"))
    parser.add_argument("--only", default=",".join(CLAIMS), help="Claims to draw, such as E1,E10.")
    options = parser.parse_args(arguments)
    names = options.only.split(",")
    if unknown := [name for name in names if name not in CLAIMS]:
        parser.error(f"There is no claim {', '.join(unknown)}; there are {', '.join(CLAIMS)}.")
    options.folder.mkdir(parents=True, exist_ok=True)
    missing = []
    for name in names:
        try:
            figure = draw(name)
        except NotMeasured as reason:
            missing.append(str(reason))
        else:
            style.save(figure, options.folder, padded(name))
    print("\n".join([f"{len(names) - len(missing)} figures are in {options.folder}.", *missing]))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
