"""The command of each module of pictures: draw some by name into a folder."""

import argparse
import pathlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

DPI = 80
_PALETTE = 128  # colours


def run(
    arguments: Sequence[str] | None,
    about: str,
    folder: str,
    pictures: Mapping[str, Callable[[], Figure]],
) -> int:
    """Draw the pictures that were asked for, and return the exit code.

    Args:
      arguments: of the command line; None for those of this process.
      about: what the command draws.
      folder: where pictures go by default.
      pictures: makes each, by its name.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path(folder))
    parser.add_argument("--only", default=",".join(pictures), help="Names of files, without .png.")
    options = parser.parse_args(arguments)
    names = options.only.split(",")
    if unknown := [name for name in names if name not in pictures]:
        parser.error(f"There is no picture {', '.join(unknown)}; there are {', '.join(pictures)}.")
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        canvas = FigureCanvasAgg(pictures[name]())
        canvas.draw()
        picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
        # A palette makes the file a third as large; without a date it stays the same file.
        picture.quantize(_PALETTE).save(options.folder / f"{name}.png", optimize=True)
    print(f"{len(names)} pictures are in {options.folder}.")
    return 0
