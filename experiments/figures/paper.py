"""A picture of every claim: `python -m experiments.figures.paper [--only=E01,E10]`.

Most are drawn from tensors that are computed for the purpose. Those of E11, E12, E14 and E16 to
E18, which train or take time, show what docs/curves.json holds.
"""

import pathlib
from collections.abc import Sequence

import matplotlib
from absl import flags

from experiments import launch
from experiments.figures import learned, programs, structure, style, trained

_FOLDER = flags.DEFINE_string("folder", "docs/figures", "Folder of the pictures.")
_ONLY = flags.DEFINE_list("only", [], "Claims to draw, such as E01; all if empty.")

FIGURES = {**programs.FIGURES, **structure.FIGURES, **trained.FIGURES, **learned.FIGURES}


def main(argv: Sequence[str]) -> int:
    del argv
    if unknown := set(_ONLY.value) - set(FIGURES):
        raise OSError(f"There is no figure {sorted(unknown)}; there are {', '.join(FIGURES)}.")
    folder = pathlib.Path(_FOLDER.value)
    folder.mkdir(parents=True, exist_ok=True)
    missing = []
    for name in sorted(_ONLY.value or FIGURES):
        with matplotlib.rc_context(style.SETTINGS):
            try:
                style.save(FIGURES[name](), folder, name)
            except style.NotMeasured as reason:
                missing.append(str(reason))
    print(f"{len(_ONLY.value or FIGURES) - len(missing)} figures are in {folder}.")
    for reason in missing:
        print(reason)
    return 1 if missing else 0


if __name__ == "__main__":
    launch.run(main)
