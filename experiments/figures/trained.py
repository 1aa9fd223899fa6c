"""E14, E15 and E17: heads, parameters and times, the first and last from docs/curves.json."""

from typing import Any

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from experiments.figures import style
from experiments.paper import blocks, hardware


def parameters() -> Figure:
    """E15: where the parameters of a block are, for each parameter of the attention."""
    found = blocks.parameter_split((96,)).curves["parameters"]
    names = {
        "d = 96, ReLU, 4d": "ReLU, 4d",
        "d = 96, SwiGLU, 8d/3": "SwiGLU, 8d/3",
        "d = 96, ReLU, 4d, biases": "ReLU, 4d, biases",
        "d = 96, ReLU, 2d": "ReLU, 2d (GPS)",
    }
    figure, axes = style.new(height=3.0)
    axis = axes[0, 0]
    for place, name in enumerate(names):
        count, start = found[name], 0.0
        for part, colour in (
            ("attention", style.BLUE),
            ("MLP", style.ORANGE),
            ("norms", style.BLACK),
        ):
            width = count[part] / count["attention"]
            axis.barh(place, width, left=start, color=colour, label=part if place == 0 else None)
            start += width
        axis.text(start + 0.04, place, f"{count['MLP'] / count['attention']:.3g}", va="center")
    axis.set_yticks(range(len(names)), list(names.values()))
    axis.invert_yaxis()
    axis.set_xlim(0, 3.4)
    axis.set_xlabel("parameters / those of the attention")
    axis.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.45, 1), handlelength=1)
    return figure


def heads() -> Figure:
    """E14: which relation each head looks at, and how many nodes get both right."""
    metrics, curves = style.recorded("E14")
    samples = [metrics[f"accuracy_{number}"]["per_seed"] for number in ("one_head", "two_heads")]
    return draw_heads(curves, samples)


def draw_heads(curves: Any, samples: Any) -> Figure:
    figure, axes = style.new(1, 3, height=3.0, width_ratios=(1, 1, 1.3))
    for axis, number in zip(axes[0], ("one", "two"), strict=False):
        mean = np.mean(curves[f"weight_of_relations_{number}_head{'s' * (number == 'two')}"], 0)
        axis.imshow(mean, vmin=0, vmax=1)
        for (i, j), value in np.ndenumerate(mean):
            ink = "black" if value > 0.5 else "white"
            axis.text(j, i, f"{value:.2f}", ha="center", va="center", color=ink)
        axis.set_xticks([0, 1], ["first", "second"])
        axis.set_yticks(range(len(mean)), [f"head {i + 1}" for i in range(len(mean))])
        axis.set_title(f"{number} head{'s' * (number == 'two')}")
        axis.set_xlabel("relation")
    axis = axes[0, 2]
    axis.bar([0, 1], [np.mean(s) for s in samples], color=(style.ORANGE, style.BLUE), alpha=0.6)
    style.strips(axis, samples, color=style.BLACK)
    axis.set_xticks([0, 1], ["one", "two"])
    axis.set_xlabel("heads")
    axis.set_ylim(0, 1.05)
    axis.set_title("both right")
    return figure


def lottery() -> Figure:
    """E17: time of edges over time of matrices, the line between, and memory."""
    return draw_lottery(style.recorded("E17")[1])


def draw_lottery(curves: Any) -> Figure:
    points, name = curves["points"], hardware.PASSES[1]
    sizes = sorted({point["n"] for point in points})
    figure, axes = style.new(2, 1, height=8.8, height_ratios=(1.75, 1))
    _times(figure, axes[0, 0], curves, name, sizes)
    axis = axes[1, 0]
    largest = [point for point in points if point["n"] == sizes[-1]]
    forms = {
        "masked dense": "matrix of all pairs",
        "blocked masked dense": "matrix, in blocks",
        "edges": "edges: gather, scatter",
        "blocked edges": "edges, in blocks",
    }
    colours = (style.BLUE, style.SKY, style.RED, style.ORANGE)
    for (form, label), colour, line in zip(forms.items(), colours, ("-", "--") * 2, strict=True):
        found = [point for point in largest if form in point[name]]
        axis.loglog(
            [100 * point["edges"] / point["n"] ** 2 for point in found],
            [max(point[name][form]["temporary_bytes"], 1) / 1e6 for point in found],
            "o" + line,
            color=colour,
            label=label,
        )
    axis.set_title(f"memory of a training pass, {sizes[-1]:,} nodes", fontsize=14)
    axis.set_xlabel("pairs that are edges, %")
    axis.set_ylabel("MB")
    axis.set_xticks([0.03, 0.1, 0.3, 1, 3, 10], ["0.03", "0.1", "0.3", "1", "3", "10"])
    axis.minorticks_off()
    figure.legend(
        *axis.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=13,
        handlelength=2,
    )  # fmt: skip
    return figure


def _times(figure: Figure, axis: Any, curves: Any, name: str, sizes: list[int]) -> None:
    """A table of sizes and densities: which is faster, and how many times."""
    points = curves["points"]
    # A row for each density: the sparsest, 1 / n, is the last one at any size.
    rows, ratios = len(hardware.DENSITIES), np.full((len(hardware.DENSITIES), len(sizes)), np.nan)
    for column, n in enumerate(sizes):
        for point in (point for point in points if point["n"] == n):
            ratios[_row(point), column] = hardware.sparse_over_dense(point, name)
    axis.set_facecolor("#dddddd")
    high = 200.0
    assert np.nanmax(np.maximum(ratios, 1 / ratios)) <= high
    image = axis.imshow(ratios, norm=LogNorm(1 / high, high), cmap="PuOr", aspect="auto")
    for (row, column), ratio in np.ndenumerate(ratios):
        factor = max(ratio, 1 / ratio)
        text = f"{factor:.0f}×" if factor >= 9.5 else f"{factor:.1f}×"
        ink = "white" if factor > 18 else "black"
        absent = np.isnan(ratio)
        axis.text(
            column, row, "–" if absent else text, ha="center", va="center", fontsize=12.5,
            color="#666666" if absent else ink,
        )  # fmt: skip
    line = [_crossing(points, n, curves["crossover_density"][name][str(n)]) for n in sizes]
    axis.plot(range(len(sizes)), line, color="white", linewidth=5)
    axis.plot(range(len(sizes)), line, color=style.BLACK, marker="o", markersize=4)
    axis.set_xticks(range(len(sizes)), [f"{n:,}" for n in sizes], fontsize=12)
    shares = [f"{100 * density:g} %" for density in hardware.DENSITIES[:-1]]
    axis.set_yticks(range(rows), [*shares, "2 edges\na node"])
    axis.set_xlabel("nodes (–: not measured)")
    axis.set_ylabel("pairs that are edges")
    title = (
        "training pass: how many times faster is which?\n(on the black line both take equal time)"
    )
    axis.set_title(title, fontsize=14)
    bar = figure.colorbar(image, ax=axis, location="bottom", shrink=0.9, pad=0.04, aspect=32)
    bar.minorticks_off()
    bar.set_ticks([1 / 100, 1 / 10, 1, 10, 100])
    bar.set_ticklabels(["100×", "10×", "equal", "10×", "100×"], fontsize=12)
    bar.set_label("← edges faster            matrix faster →", fontsize=13)
    bar.ax.plot(
        [100], [1.2], "v", color=style.RED, markersize=9, clip_on=False,
        transform=bar.ax.get_xaxis_transform(),
    )  # fmt: skip
    bar.ax.text(
        85, 1.25, 'the paper\'s "orders of magnitude": 100× and more', ha="right", fontsize=12,
        color=style.RED, transform=bar.ax.get_xaxis_transform(),
    )  # fmt: skip


def _row(point: Any) -> int:
    """Of the table of densities."""
    sparsest = np.isclose(point["density"], 1 / point["n"], rtol=1e-2)
    return len(hardware.DENSITIES) - 1 if sparsest else hardware.DENSITIES.index(point["density"])


def _crossing(points: Any, n: int, share: float) -> float:
    """Where a share of the pairs lies between the rows of a size; nowhere if edges never win."""
    if not share:
        return np.nan
    found = sorted((point["edges"] / n**2, _row(point)) for point in points if point["n"] == n)
    shares, rows = zip(*found, strict=True)
    return float(np.interp(np.log(share), np.log(shares), rows))


FIGURES = {
    "E14": heads,
    "E15": parameters,
    "E17": lottery,
}
