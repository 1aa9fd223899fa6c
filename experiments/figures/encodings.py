"""Draw each encoding on caffeine and on a grid: `python -m experiments.figures.encodings`.

An encoding of nodes colours the nodes. Of an encoding of pairs, the row of one node colours all
nodes, and a ring marks that node. The colours are those of cividis, or of PuOr for values around 0;
colour-blind people can tell them apart.
"""

import dataclasses
import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from experiments.figures import command
from gtx import encodings


@dataclasses.dataclass(frozen=True)
class Drawing:
    """A graph and how it is drawn.

    Attributes:
      name: what the graph is called.
      places: where its nodes are, [n, 2].
      edges: its undirected edges, [edges, 2].
      ring: the node whose pairs are shown.
      size: the area of a node, in points squared.
    """

    name: str
    places: np.ndarray
    edges: np.ndarray
    ring: int
    size: float

    @property
    def adjacency(self) -> np.ndarray:
        matrix = np.zeros((len(self.places),) * 2)
        matrix[self.edges[:, 0], self.edges[:, 1]] = matrix[self.edges[:, 1], self.edges[:, 0]] = 1
        return matrix


def _grid(rows: int, columns: int) -> Drawing:
    number = np.arange(rows * columns).reshape(rows, columns)
    across = np.stack([number[:, :-1].reshape(-1), number[:, 1:].reshape(-1)], axis=1)
    down = np.stack([number[:-1].reshape(-1), number[1:].reshape(-1)], axis=1)
    y, x = np.divmod(number.reshape(-1), columns)
    places = np.stack([x, -y], axis=1).astype(float)
    edges = np.concatenate([across, down])
    return Drawing(f"{rows} x {columns} grid", places, edges, columns + 1, 120.0)


# CN1C=NC2=C1C(=O)N(C(=O)N2C)C, drawn by RDKit.
CAFFEINE = Drawing(
    "caffeine",
    np.array(
        [(-1.6, -1.8), (-1.4, -0.8), (-2.1, -0.1), (-1.6, 0.8), (-0.6, 0.6), (-0.5, -0.4),
         (0.4, -0.8), (0.5, -1.8), (1.2, -0.3), (1.1, 0.7), (1.9, 1.3), (0.2, 1.2), (0.1, 2.1),
         (2.1, -0.7)]
    ),
    np.array(
        [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7), (6, 8), (8, 9), (9, 10), (9, 11),
         (11, 12), (8, 13), (5, 1), (11, 4)]
    ),
    0,
    230.0,
)  # fmt: skip
GRAPHS = (CAFFEINE, _grid(6, 8))


@dataclasses.dataclass(frozen=True)
class Picture:
    """An encoding and what of it is drawn.

    Attributes:
      encoding: the encoding. Its first column is read, or the one that `column` names.
      shown: the title of each panel, and the place in the column that it shows.
      signed: whether values lie around 0, which gets a colour of its own.
      numbers: whether the values are written into the nodes, because they are few and whole.
      root: whether colours follow the square root, because values fall off fast.
      column: the name of the column, for an encoding that has several.
      one_way: whether edges lead only from the node with the smaller number to the other.
    """

    encoding: encodings.Encoding
    shown: Mapping[str, int]
    signed: bool = False
    numbers: bool = False
    root: bool = False
    column: str = ""
    one_way: bool = False


PICTURES = {
    "degree": Picture(encodings.Degree(), {"degree": 0}, numbers=True),
    "random_walk": Picture(
        encodings.RandomWalk(20), {"back after 2 steps": 1, "4 steps": 3, "6 steps": 5}
    ),
    "heat_diagonal": Picture(
        encodings.HeatKernelDiagonal((0.25, 1.0, 4.0)),
        {"heat left at t = 0.25": 0, "t = 1": 1, "t = 4": 2},
    ),
    "electrostatic": Picture(
        encodings.Electrostatic(),
        {"least it makes": 0, "spread it feels": 5, "neighbours make": 7},
    ),
    "pagerank": Picture(
        encodings.PageRank((0.15,)), {"stops where it started": 0, "rank (mean 1)": 1}
    ),
    "laplacian": Picture(
        encodings.LaplacianEigenvectors(4),
        {"second vector": 1, "third": 2, "fourth": 3},
        signed=True,
        column="laplacian_vectors",
    ),
    "magnetic_laplacian": Picture(
        encodings.MagneticLaplacian(4, q=0.03),
        {"first, real part": 0, "imaginary": 4, "second, real": 1},
        signed=True,
        column="magnetic_vectors",
        one_way=True,
    ),
    "singular_vectors": Picture(
        encodings.SingularVectors(4),
        {"first left vector": 0, "second": 1, "second right": 5},
        signed=True,
        column="singular_vectors",
        one_way=True,
    ),
    "orthogonal_random_features": Picture(
        encodings.OrthogonalRandomFeatures(16),
        {"column 0": 0, "column 1": 1, "column 2": 2},
        signed=True,
    ),
    "random_identifiers": Picture(
        encodings.RandomIdentifiers(4), {"column 0": 0, "column 1": 1, "column 2": 2}, signed=True
    ),
    "substructures": Picture(
        encodings.SubstructureCounts(("cycle_4", "cycle_5", "cycle_6")),
        {"rings of 4": 0, "rings of 5": 1, "rings of 6": 2},
        numbers=True,
    ),
    "weisfeiler_leman": Picture(
        encodings.WeisfeilerLeman(2, 100), {"class after 2 rounds": 0}, numbers=True
    ),
    "sinusoidal": Picture(
        encodings.Sinusoidal(16), {"column 0": 0, "column 2": 2, "column 4": 4}, signed=True
    ),
    "shortest_path_distance": Picture(
        encodings.ShortestPathDistance(), {"edges from the ring": 0}, numbers=True
    ),
    "resistance": Picture(encodings.ResistanceDistance(), {"resistance to the ring": 0}),
    "rrwp": Picture(
        encodings.RRWP(21, diagonal=False),
        {"there after 2 steps": 2, "3 steps": 3, "8 steps": 8},
        root=True,
    ),
    "personalized_pagerank": Picture(
        encodings.PersonalizedPageRank((0.3, 0.1, 0.03)),
        {"alpha = 0.3": 0, "0.1": 1, "0.03": 2},
        root=True,
    ),
    "heat": Picture(
        encodings.HeatKernel((0.5, 2.0, 8.0)),
        {"heat at t = 0.5": 0, "t = 2": 1, "t = 8": 2},
        root=True,
    ),
}


def draw(picture: Picture) -> Figure:
    """Draw caffeine above the grid, or beside it, with a panel for each thing shown."""

    def panel(axis: Axes, graph: Drawing, title: str) -> None:
        adjacency = np.tril(graph.adjacency) if picture.one_way else graph.adjacency
        columns = picture.encoding(adjacency[None])
        level, _ = key = _key(columns, picture)
        values = np.asarray(columns[key])[0]
        if level == "pair":
            values = values[graph.ring]
        values = values[:, picture.shown[title]]
        if picture.signed:  # a vector and its negative are equally right
            values = values * np.sign(values[np.argmax(np.abs(values) > 1e-6)])
        _graph(axis, graph, values, picture)
        if level == "pair":
            _ring(axis, graph)

    return _figure(list(picture.shown), panel)


def draw_paths() -> Figure:
    """Draw the next step of each node along a shortest path to the ring."""

    def panel(axis: Axes, graph: Drawing, title: str) -> None:
        del title
        columns = encodings.ShortestPaths()(graph.adjacency[None])
        codes = columns["pair", "shortest_paths"][0, :, graph.ring, 0]
        _graph(axis, graph, codes, None)
        for node in np.nonzero(codes)[0]:
            axis.annotate(
                "",
                xy=graph.places[codes[node] - 1],
                xytext=graph.places[node],
                arrowprops=dict(arrowstyle="-|>", color="#b35806", lw=2.2, shrinkA=5, shrinkB=5),
                zorder=4,
            )
        _ring(axis, graph)

    return _figure(["next step to the ring"], panel)


def _key(columns: Mapping[Any, Any], picture: Picture) -> Any:
    return next(key for key in columns if picture.column in ("", key[1]))


def _figure(titles: Sequence[str], panel: Callable[[Axes, Drawing, str], None]) -> Figure:
    one = len(titles) == 1
    size = (7.2, 3.1) if one else (3.6 * len(titles), 5.6)
    figure = Figure(figsize=size, dpi=command.DPI, layout="constrained")
    axes = figure.subplots(1, 2) if one else figure.subplots(2, len(titles))
    for row, graph in enumerate(GRAPHS):
        for place, title in enumerate(titles):
            axis = axes[row] if one else axes[row, place]
            panel(axis, graph, title)
            if row == 0 or one:
                axis.set_title(title, fontsize=19)
            axis.set_aspect("equal")
            axis.margins(0.12)
            axis.axis("off")
    return figure


def _graph(axis: Axes, graph: Drawing, values: np.ndarray, picture: Picture | None) -> None:
    """Draw nodes and edges. Without a picture the nodes are grey."""
    ends = graph.places[graph.edges]
    axis.add_collection(LineCollection(list(ends), colors="#888888", linewidths=1.8, zorder=1))
    style: dict[str, Any] = dict(s=graph.size, edgecolors="#333333", linewidths=0.8, zorder=2)
    if picture is None:
        axis.scatter(*graph.places.T, c="#dddddd", **style)
        return
    high = float(np.abs(values).max())
    low, top = (-high, high) if picture.signed else (float(values.min()), float(values.max()))
    norm = PowerNorm(0.5 if picture.root else 1, low, top)
    colours = "PuOr" if picture.signed else "cividis"
    points = axis.scatter(*graph.places.T, c=values, cmap=colours, norm=norm, **style)
    if picture.numbers:
        for place, value in zip(graph.places, values, strict=True):
            ink = "white" if value <= (low + top) / 2 else "black"
            axis.text(*place, f"{value:.0f}", color=ink, fontsize=11, ha="center", va="center")
        return
    bar = axis.figure.colorbar(points, ax=axis, shrink=0.8, pad=0.02)
    ticks = [low, low + (top - low) / (4 if picture.root else 2), top]
    names = ["0" if abs(tick) < high / 100 else f"{tick:.2g}" for tick in ticks]
    bar.set_ticks(ticks, labels=names, fontsize=16)
    bar.minorticks_off()


def _ring(axis: Axes, graph: Drawing) -> None:
    axis.scatter(
        *graph.places[graph.ring],
        s=2.6 * graph.size,
        facecolors="none",
        edgecolors="#d7191c",
        linewidths=2.6,
        zorder=3,
    )


# Name of the file -> what draws it.
DRAWN: dict[str, Callable[[], Figure]] = {
    **{name: functools.partial(draw, picture) for name, picture in PICTURES.items()},
    "shortest_paths": draw_paths,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the encodings that were asked for."""
    return command.run(
        arguments, "Draw each encoding on caffeine and on a grid.", "docs/figures/encodings", DRAWN
    )


if __name__ == "__main__":
    sys.exit(main())
