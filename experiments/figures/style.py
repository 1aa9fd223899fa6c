"""What the figures of the paper's claims share: sizes, colours that the colour-blind tell, files.

A figure is 7.2 inches wide with letters of 14 points: at half that width it can still be read.
"""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from PIL import Image

from experiments.paper import record

WIDTH, DPI, PALETTE = 7.2, 80, 256
# Okabe and Ito (2008).
BLACK, ORANGE, SKY, GREEN, BLUE, RED, PINK = (
    "#000000",
    "#e69f00",
    "#56b4e9",
    "#009e73",
    "#0072b2",
    "#d55e00",
    "#cc79a7",
)
COLOURS = (BLUE, ORANGE, GREEN, PINK, RED, SKY, BLACK)
GREY = "#888888"
SETTINGS = {
    "font.size": 14,
    "axes.titlesize": 15,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": matplotlib.cycler(color=COLOURS),
    "legend.frameon": False,
    "legend.fontsize": 13,
    "lines.linewidth": 2.2,
    "lines.markersize": 7,
    "svg.hashsalt": "gtx",  # without it every file has other names inside
    "svg.fonttype": "path",
    "image.cmap": "cividis",
}


class NotMeasured(Exception):
    """A figure needs a measurement that is not among the recorded ones."""


def new(
    rows: int = 1, columns: int = 1, *, height: float = 3.3, **options: Any
) -> tuple[Figure, np.ndarray]:
    """An empty figure and its axes [rows, columns]."""
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def save(figure: Figure, folder: pathlib.Path, name: str) -> None:
    """NAME.svg and NAME.png; the same figure gives the same files."""
    figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    # A palette makes the file a third as large.
    picture.quantize(PALETTE).save(folder / f"{name}.png", optimize=True)


def recorded(claim: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What `make claims` wrote of a claim such as "E11": its metrics, its curves.

    Raises:
      NotMeasured: if it wrote nothing.
    """
    found = [record.read(path).get(claim) for path in (record.CLAIMS_JSON, record.CURVES_JSON)]
    if None in found:
        raise NotMeasured(f"{claim} is not in docs/curves.json: run `make claims`.")
    return record.metrics_of(found[0]), found[1]


def matrix(
    axis: Axes,
    values: Any,
    title: str = "",
    *,
    log: tuple[float, float] | None = None,
    bar: bool = True,
    **options: Any,
) -> Any:
    """A matrix [receiver, sender] as colours; with `log`, a range, zeros stay white."""
    values = np.asanyarray(values, float)
    if log is not None:
        values = np.ma.masked_equal(values, 0)
        options["norm"] = LogNorm(*log, clip=True)
    image = axis.imshow(values, interpolation="nearest", **options)
    axis.set_title(title)
    axis.set_xticks([])
    axis.set_yticks([])
    for spine in axis.spines.values():
        spine.set_visible(True)
        spine.set_color(GREY)
    if bar:
        axis.figure.colorbar(image, ax=axis, shrink=0.75, pad=0.03)
    return image


def ends(axes: Sequence[Axes], receiver: str = "receiver", sender: str = "sender") -> None:
    """Names of the sides of matrices [receiver, sender] that stand in a row."""
    axes[0].set_ylabel(receiver, fontsize=13)
    for axis in axes:
        axis.set_xlabel(sender, fontsize=13)


def drawing(
    axis: Axes, adjacency: Any, places: Any, colours: Any = "white", *, size: float = 260, **options
) -> Any:
    """Nodes and undirected edges."""
    receivers, senders = np.nonzero(np.triu(adjacency, 1))
    places = np.asarray(places, float)
    ends = places[np.stack([receivers, senders], axis=1)]
    axis.add_collection(LineCollection(list(ends), colors=GREY, linewidths=1.8, zorder=1))
    points = axis.scatter(
        *places.T, s=size, c=colours, edgecolors="#333333", linewidths=1, zorder=2, **options
    )
    axis.set_aspect("equal")
    axis.margins(0.15)
    axis.axis("off")
    return points


def on_circle(n: int, turn: float = 0.25) -> np.ndarray:
    angle = 2 * np.pi * (turn - np.arange(n) / n)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def strips(axis: Axes, groups: Sequence[Sequence[float]], **options: Any) -> None:
    """One column of dots for each group, side by side spread in order, not by chance."""
    for place, group in enumerate(groups):
        spread = np.linspace(-0.25, 0.25, len(group)) if len(group) > 1 else [0.0]
        axis.plot(place + np.asarray(spread), group, "o", markersize=4.5, **options)
