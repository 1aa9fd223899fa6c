"""What the figures of the claims share: their size, their colours, their parts, their files.

A figure is 7.2 inches wide and has letters of 14 points. It can still be read at half that width.
"""

import pathlib
from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from PIL import Image

WIDTH, DPI, PALETTE = 7.2, 80, 256
# The palette of Okabe and Ito (2008), which colour-blind people can tell apart.
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


def new(
    rows: int = 1, columns: int = 1, *, height: float = 3.3, **options: Any
) -> tuple[Figure, np.ndarray]:
    """An empty figure and its axes [rows, columns]."""
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def save(figure: Figure, folder: pathlib.Path, name: str) -> None:
    """Write NAME.svg and NAME.png. The same figure gives the same files, byte for byte."""
    with matplotlib.rc_context(SETTINGS):
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    # A palette makes the file a third as large.
    picture.quantize(PALETTE).save(folder / f"{name}.png", optimize=True)


def matrix(
    axis: Axes,
    values: Any,
    title: str = "",
    *,
    log: tuple[float, float] | None = None,
    bar: bool = True,
    **options: Any,
) -> Any:
    """Draw a matrix [receiver, sender] in colours.

    With `log`, a range of values, the colours are logarithmic and zeros stay white.
    """
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
    """Name the sides of matrices [receiver, sender] that stand in a row."""
    axes[0].set_ylabel(receiver, fontsize=13)
    for axis in axes:
        axis.set_xlabel(sender, fontsize=13)


def drawing(
    axis: Axes, adjacency: Any, places: Any, colours: Any = "white", *, size: float = 260, **options
) -> Any:
    """Draw the nodes and the undirected edges of a graph at `places` [nodes, 2]."""
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
    """Places of n nodes on a circle, [n, 2], clockwise from the top."""
    angle = 2 * np.pi * (turn - np.arange(n) / n)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def strips(axis: Axes, groups: Sequence[Sequence[float]], **options: Any) -> None:
    """Draw a column of dots for each group, spread sideways so that they do not overlap."""
    for place, group in enumerate(groups):
        spread = np.linspace(-0.25, 0.25, len(group)) if len(group) > 1 else [0.0]
        axis.plot(place + np.asarray(spread), group, "o", markersize=4.5, **options)


def spread_line(axis: Axes, x: Any, samples: Any, **options: Any) -> None:
    """Draw the mean over seeds as a line and each seed as a dot; samples are [x, seeds]."""
    samples = np.asarray(samples, float)
    axis.plot(x, samples.mean(1), **options)
    for place, values in zip(x, samples, strict=True):
        dots = [place] * len(values)
        axis.plot(dots, values, ".", color=options["color"], alpha=0.5, markersize=5)
