"""E11, E12, E16, E18: what models learned, from docs/curves.json."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.figures import style
from experiments.paper import hops_learned


def spread_line(axis: Axes, x: Any, samples: Any, **options: Any) -> None:
    """The mean over seeds as a line, the seeds as dots; samples are [x, seeds]."""
    samples = np.asarray(samples, float)
    axis.plot(x, samples.mean(1), **options)
    for place, values in zip(x, samples, strict=True):
        dots = [place] * len(values)
        axis.plot(dots, values, ".", color=options["color"], alpha=0.5, markersize=5)


def squashing() -> Figure:
    """E11: look-ups and means of far nodes, and how far inputs are felt before training."""
    return draw_squashing(style.recorded("E11")[1])


def draw_squashing(curves: Any) -> Figure:
    figure, axes = style.new(2, 2, height=7.4)
    _look_ups(axes[0, 0], curves)
    _felt(axes[0, 1], curves)
    _sums(axes[1, 0], curves)
    _felt_on_molecules(axes[1, 1], curves)
    handles: dict[str, Any] = {}
    for axis in axes.flat:
        handles |= dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True))
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", ncols=2, fontsize=12
    )
    return figure


NAMES = {
    "edges": ("message passing", style.ORANGE),
    "complete": ("all pairs", style.BLUE),
    "complete_and_distances": ("all pairs, told distances", style.GREEN),
}
MARKS = {"tree": ("o", "-"), "ring": ("s", "--")}


def _look_ups(axis: Axes, curves: Any) -> None:
    for reach, (name, colour) in list(NAMES.items())[:2]:
        for shape, (marker, line) in MARKS.items():
            found = curves["accuracy"][f"{shape} {reach}"]
            radii = [int(radius) for radius in found]
            options = dict(marker=marker, linestyle=line, color=colour, label=f"{name}, {shape}")
            spread_line(axis, radii, list(found.values()), **options)
    axis.axhline(curves["chance"], color=style.GREY, linestyle=":")
    axis.text(2, curves["chance"] - 0.08, "chance", color=style.GREY)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_ylim(0, 1.05)
    axis.set_title("look-up: right answers", fontsize=14)
    axis.set_xlabel("radius of the problem")


def _felt(axis: Axes, curves: Any) -> None:
    for reach, (_, colour) in list(NAMES.items())[:2]:
        for shape, (marker, line) in MARKS.items():
            lengths = np.mean(np.log10(curves["jacobian"][f"{shape} {reach}"]), axis=0)[1:]
            x = np.arange(1, len(lengths) + 1)
            axis.semilogy(x, 10.0**lengths, marker=marker, linestyle=line, color=colour)
    axis.set_title("|∂ answer / ∂ input|, untrained", fontsize=14)
    axis.set_xlabel("distance on the tree or ring")


def _sums(axis: Axes, curves: Any) -> None:
    for reach, (name, colour) in NAMES.items():
        found = curves["explained"][reach]
        radii = [int(radius) for radius in found]
        options = dict(marker="^", color=colour, label=f"{name}, molecules")
        spread_line(axis, radii, list(found.values()), **options)
    axis.axhline(0, color=style.GREY, linestyle=":")
    axis.set_ylim(-0.12, 1.05)
    axis.set_xticks([int(radius) for radius in curves["explained"]["edges"]])
    axis.set_title("mean of far atoms: R²", fontsize=14)
    axis.set_xlabel("bonds to these atoms")


def _felt_on_molecules(axis: Axes, curves: Any) -> None:
    for reach, lengths in curves["jacobian_on_molecules"].items():
        mean = 10.0 ** np.mean(np.log10(lengths), axis=0)[1:]
        axis.semilogy(np.arange(1, len(mean) + 1), mean, "^-", color=NAMES[reach][1])
    axis.set_title("|∂ answer / ∂ input|, untrained", fontsize=14)
    axis.set_xlabel("bonds between two atoms")


def depth() -> Figure:
    """E16: gradients of each layer before training, and errors after it, by depth."""
    return draw_depth(style.recorded("E16")[1])


FORMS = {
    "pre_ln": ("residual, norm before", style.BLUE, "o-"),
    "post_ln": ("residual, norm after", style.SKY, "s-"),
    "residual_alone": ("residual, no norm", style.GREEN, "^-"),
    "paper": ("equation 9", style.BLACK, "D-"),
    "norm_before_alone": ("norm before, no residual", style.ORANGE, "o--"),
    "norm_after_alone": ("norm after, no residual", style.RED, "s--"),
    "neither": ("neither", style.PINK, "x:"),
}


def draw_depth(curves: Any) -> Figure:
    figure, axes = style.new(1, 2, height=4.9)
    floor, top, layers = 1e-4, 1e7, max(curves["depths"])
    for form, (label, colour, line) in FORMS.items():
        lengths = np.array(curves["log10_gradient_by_layer"][form][str(layers)])
        lengths = 10.0 ** (lengths - lengths[-1])
        axes[0, 0].semilogy(
            range(1, layers + 1), lengths, line[1:], color=colour, label=label, lw=1.8
        )
        found = curves["loss_by_depth"][form]
        depths = [int(number) for number in found]
        samples = np.minimum([list(values) for values in found.values()], 1.45)
        spread_line(axes[0, 1], depths, samples, color=colour, linestyle=line[1:], marker=line[0],
                    lw=1.8)  # fmt: skip
    neither = curves["log10_gradient_by_layer"]["neither"][str(layers)]
    lowest = neither[0] - neither[-1]
    axes[0, 0].set_ylim(floor, top)
    axes[0, 0].text(
        0.97, 0.03, f"neither: down to\n$10^{{{lowest:.0f}}}$ at layer 1", ha="right",
        color=style.PINK, fontsize=12, transform=axes[0, 0].transAxes,
    )  # fmt: skip
    axes[0, 0].set_title(
        f"before training: gradient of\na layer / that of layer {layers}", fontsize=14
    )
    axes[0, 0].set_xlabel("layer (1: next to the input)")
    axis = axes[0, 1]
    for height, text, x, side in ((1, "guessing", 2.1, "left"), (0.32, "no mixing", 15, "right")):
        axis.axhline(height, color=style.GREY, linestyle=":", lw=1.5)
        axis.text(x, height + 0.02, text, color="#555555", fontsize=12, ha=side)
    axis.set_xscale("log")
    axis.set_xticks(depths, [str(number) for number in depths])
    axis.minorticks_off()
    axis.set_ylim(0, 1.5)
    axis.set_title(f"error after {curves['steps']} steps\nof training", fontsize=14)
    axis.set_xlabel("layers")
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=12
    )
    return figure


def sizes_of_sets(axis: Axes, curves: Any) -> None:
    """E12: how much of two functions of a set is explained, by the size of the set."""
    names = {
        "max_attention": ("largest number, attention pools", style.BLUE, "o-"),
        "max_summed": ("largest number, a sum pools", style.SKY, "s--"),
        "count_attention": ("count, attention pools", style.ORANGE, "o-"),
        "count_summed": ("count, a sum pools", style.RED, "s--"),
    }
    for name, (label, colour, line) in names.items():
        found = curves[name]
        samples = [[max(r2, -1.0) for r2, _ in pairs] for pairs in found.values()]
        options = dict(color=colour, marker=line[0], linestyle=line[1:], label=label)
        spread_line(axis, [int(size) for size in found], samples, **options)
    axis.axvspan(1, 8, color="#dddddd", zorder=0, lw=0)
    axis.text(2.9, -0.93, "trained on", ha="center", fontsize=12)
    axis.set_xscale("log")
    ticks = [int(size) for size in curves["max_attention"]]
    axis.set_xticks(ticks, [str(size) for size in ticks])
    axis.minorticks_off()
    axis.set_xlim(1.7, 75)
    axis.set_ylim(-1.05, 1.08)
    axis.axhline(0, color=style.GREY, linestyle=":", lw=1.5)
    axis.set_title("variance explained, R²\n(−1: −1 or less)", fontsize=14)
    axis.set_xlabel("elements of the set")


def locality() -> Figure:
    """E18: attention by distance before and after training, and of each head."""
    return draw_locality(style.recorded("E18")[1])


DATA = {
    "communities": "communities of\nblock models",
    "molecules": "solubility of\nmolecules",
}


def draw_locality(curves: Mapping[str, Any]) -> Figure:
    names = [name for name in DATA if f"{name}_vectors" in curves]
    figure, axes = style.new(2, len(names) + 1, height=6.6, height_ratios=(1.15, 1))
    far = hops_learned.FAR
    hops = np.arange(1, far + 1)
    for column, name in enumerate(names):
        axis = axes[0, column]
        uniform = np.asarray(curves[f"{name}_vectors"]["uniform"])
        for hint, when, label, colour, line in (
            ("vectors", "before", "before training", style.GREY, "x--"),
            ("shuffled", "after", "after, wrong vectors", style.ORANGE, "s-"),
            ("vectors", "after", "after, Laplacian vectors", style.BLUE, "o-"),
        ):
            found = _relative(np.asarray(curves[f"{name}_{hint}"][when]), uniform)[:, 1:]
            axis.plot(hops, found.mean(0), line, color=colour, label=label, markersize=5, lw=1.8)
            axis.vlines(hops, found.min(0), found.max(0), color=colour, lw=1.5)
        axis.set_title(DATA[name], fontsize=13)
        axis.set_xticks(hops, [*map(str, hops[:-1]), f"{far}+"], fontsize=12)
        axis = axes[1, column]
        heads = np.asarray(curves[f"{name}_vectors"]["over_uniform_by_head"])
        image = axis.imshow(heads, cmap="PuOr_r", vmin=0, vmax=2)
        for (i, j), value in np.ndenumerate(heads):
            ink = "white" if abs(value - 1) > 0.8 else "black"
            axis.text(j, i, f"{value:.1f}", ha="center", va="center", fontsize=12, color=ink)
        axis.set_title("neighbours, by head", fontsize=13)
        axis.set_xticks(range(heads.shape[1]), range(1, heads.shape[1] + 1), fontsize=11)
        axis.set_yticks(range(heads.shape[0]), range(1, heads.shape[0] + 1), fontsize=11)
        axis.set_xlabel("heads, sorted", fontsize=12)
    axes[0, 0].set_ylabel("attention weight\n(1: all alike)")
    axes[1, 0].set_ylabel("layer", fontsize=12)
    bar = figure.colorbar(
        image, ax=list(axes[1, : len(names)]), location="bottom", shrink=0.7, pad=0.03, extend="max"
    )
    bar.set_label("weight of neighbours (1: all alike)", fontsize=12)
    _control(figure, axes[:, -1], curves)
    for axis in axes[0]:
        axis.axhline(1, color=style.GREY, linestyle=":", lw=1.5)
        axis.set_ylim(0, 3.2)
        axis.set_xlabel("distance", fontsize=12)
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=12,
        handlelength=1.6, columnspacing=1,
    )  # fmt: skip
    return figure


def _relative(found: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Shares by distance over those of equal weights, of what does not go to the node itself."""
    return found / (1 - found[..., :1]) / (uniform / (1 - uniform[0]))


def _control(figure: Figure, axes: Any, curves: Mapping[str, Any]) -> None:
    """Where the label is the mean over the neighbours: the measure sees locality."""
    found = curves["grid_LapPE"]
    uniform = np.asarray(found["uniform"])
    after, before = (_relative(np.asarray(found[w]), uniform)[:, 1:] for w in ("after", "before"))
    hops = np.arange(1, after.shape[1] + 1)
    axes[0].plot(hops, before.mean(0), "x--", color=style.GREY, markersize=5, lw=1.8)
    axes[0].plot(hops, after.mean(0), "o-", color=style.BLUE, markersize=5, lw=1.8)
    axes[0].set_title("control: asked for\nneighbours, grid", fontsize=13)
    axes[0].set_xticks(hops)
    image = style.matrix(axes[1], found["weights"], bar=False)
    rows, columns = np.nonzero(np.asarray(found["adjacency"]))
    axes[1].plot(columns, rows, "s", markersize=5, mfc="none", mec=style.RED, mew=1)
    axes[1].set_title("weights (red: edges)", fontsize=13)
    axes[1].set_xlabel("sender", fontsize=12)
    axes[1].set_ylabel("receiver", fontsize=12)
    bar = figure.colorbar(image, ax=axes[1], location="bottom", shrink=0.9, pad=0.03)
    bar.set_label("attention weight", fontsize=12)


FIGURES = {
    "E11": squashing,
    "E16": depth,
    "E18": locality,
}
