"""E11, E14 to E18: what was trained or timed, from docs/curves.json; blocks before training."""

from typing import Any

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

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


def depth() -> Figure:
    """E16: length of each layer's gradient at the start, 64 layers."""
    found = blocks.depth(depths=(64,), seeds=2).curves["log10_gradient_by_layer"]
    names = {
        "pre_ln": "pre-LN",
        "post_ln": "post-LN",
        "paper": "eqs. 9, 19",
        "none": "no norm, no residual",
    }
    figure, axes = style.new(1, 2, height=3.7)
    for (form, name), colour in zip(names.items(), style.COLOURS, strict=False):
        for axis in axes[0]:
            axis.semilogy(
                range(1, 65), 10.0 ** np.array(found[form]["64"]), color=colour, label=name
            )
            axis.set_xlabel("layer")
    axes[0, 1].set_ylim(1e-3, 4)
    axes[0, 0].set_title("length of the gradient")
    axes[0, 1].set_title("from close by")
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=4,
        handlelength=1,
        columnspacing=1,
        fontsize=12,
    )
    return figure


def squashing() -> Figure:
    """E11: right answers against the radius, and how far inputs are felt at the start."""
    return draw_squashing(style.recorded("E11")[1])


def draw_squashing(curves: Any) -> Figure:
    names = {"edges": "message passing", "complete": "global attention"}
    marks = {"tree": ("o", "-"), "ring": ("s", "--")}
    figure, axes = style.new(1, 2, height=4.1)
    for (reach, name), colour in zip(names.items(), (style.ORANGE, style.BLUE), strict=True):
        for shape, (marker, line) in marks.items():
            options: Any = dict(
                marker=marker, linestyle=line, color=colour, label=f"{name}, {shape}"
            )
            found = curves["accuracy"][f"{shape} {reach}"]
            if found:
                radii = [int(radius) for radius in found]
                axes[0, 0].plot(radii, [np.mean(values) for values in found.values()], **options)
                for radius, values in zip(radii, found.values(), strict=True):
                    axes[0, 0].plot(
                        [radius] * len(values), values, ".", color=colour, alpha=0.5, markersize=5
                    )
            lengths = np.mean(np.log10(curves["jacobian"][f"{shape} {reach}"]), axis=0)
            axes[0, 1].plot(10.0 ** lengths[1:], **options)
    axes[0, 0].xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[0, 0].axhline(curves["chance"], color=style.GREY, linestyle=":")
    axes[0, 0].text(2, curves["chance"] - 0.07, "chance", color=style.GREY)
    axes[0, 0].set_ylim(0, 1.05)
    axes[0, 0].set_title("right answers")
    axes[0, 0].set_xlabel("radius of the problem")
    axes[0, 1].set_yscale("log")
    axes[0, 1].set_title("|∂ answer / ∂ input|")
    ticks = range(len(lengths) - 1)
    axes[0, 1].set_xticks(ticks, [str(tick + 1) for tick in ticks])
    axes[0, 1].set_xlabel("distance")
    figure.legend(
        *axes[0, 1].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=12
    )
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
    figure, axes = style.new(2, 1, height=7.0, height_ratios=(1.7, 1))
    axis = axes[0, 0]
    # A row for each density: the sparsest, 1 / n, is the last one at any size.
    rows, ratios = len(hardware.DENSITIES), np.full((len(hardware.DENSITIES), len(sizes)), np.nan)
    for column, n in enumerate(sizes):
        for point in (point for point in points if point["n"] == n):
            row = _row(point)
            ratios[row, column] = hardware.sparse_over_dense(point, name)
    high = float(np.nanmax(np.maximum(ratios, 1 / ratios)))
    image = axis.imshow(ratios, norm=LogNorm(1 / high, high), cmap="PuOr", aspect="auto")
    for (row, column), ratio in np.ndenumerate(ratios):
        factor = max(ratio, 1 / ratio)
        number = f"{factor:.0f}" if factor >= 9.5 else f"{factor:.1f}"
        text = "" if np.isnan(ratio) else ("M" if ratio > 1 else "E") + number
        ink = "white" if factor > high**0.6 else "black"
        axis.text(column, row, text, ha="center", va="center", fontsize=12, color=ink)
    line = [_crossing(points, n, curves["crossover_density"][name][str(n)]) for n in sizes]
    axis.plot(range(len(sizes)), line, color="white", linewidth=5)
    axis.plot(range(len(sizes)), line, color=style.BLACK, marker="o", markersize=4)
    axis.set_xticks(range(len(sizes)), [str(n) for n in sizes])
    shares = [f"{100 * density:g} %" for density in hardware.DENSITIES[:-1]]
    axis.set_yticks(range(rows), [*shares, "2 a node"])
    axis.set_xlabel("nodes")
    axis.set_ylabel("edges, of all pairs")
    axis.set_title("training: M matrices faster, E edges faster; line: equal", fontsize=14)
    bar = figure.colorbar(image, ax=axis, pad=0.02)
    bar.minorticks_off()
    bar.set_label("time of edges / matrices", fontsize=13)
    axis = axes[1, 0]
    largest = [point for point in points if point["n"] == sizes[-1]]
    forms = ("masked dense", "blocked masked dense", "edges", "blocked edges")
    for form, colour, marker in zip(forms, style.COLOURS, "osv^", strict=False):
        found = [point for point in largest if form in point[name]]
        axis.loglog(
            [point["edges"] / point["n"] ** 2 for point in found],
            [max(point[name][form]["temporary_bytes"], 1) / 1e6 for point in found],
            marker + "-",
            color=colour,
            label=form.replace("masked dense", "matrices").replace("blocked", "blocks of"),
        )
    axis.set_title(f"training, {sizes[-1]} nodes")
    axis.set_xlabel("edges, of all pairs")
    axis.set_ylabel("MB")
    figure.legend(
        *axis.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=12,
        handlelength=1.5, columnspacing=1,
    )  # fmt: skip
    return figure


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


def locality() -> Figure:
    """E18: attention by distance before and after training, and what one model learned."""
    return draw_locality(style.recorded("E18")[1])


def draw_locality(curves: Any) -> Figure:
    names = {
        "LapPE": ("LapPE", style.BLUE, "o-"),
        "LapPE_2_heads": ("LapPE, two heads", style.PINK, "s:"),
        "RWSE": ("RWSE", style.GREEN, "^-."),
        "none": ("told nothing", style.ORANGE, "x-"),
    }
    kinds = [kind for kind in ("ring", "grid", "blocks") if f"{kind}_LapPE" in curves]
    figure, axes = style.new(2, 3, height=5.8)
    for axis, kind in zip(axes[0], kinds, strict=False):
        # The band lies under the lines that fall on it.
        uniform = curves[f"{kind}_LapPE"]["uniform"]
        axis.plot(uniform, color="#cccccc", linewidth=8, label="all alike")
        for place, (encoding, (label, colour, line)) in enumerate(names.items()):
            if f"{kind}_{encoding}" not in curves:
                continue
            after = np.asarray(curves[f"{kind}_{encoding}"]["after"])
            x = np.arange(after.shape[1]) + 0.08 * (place - 1.5)
            axis.plot(x, after.mean(0), line, color=colour, label=label, markersize=5, lw=1.6)
            axis.vlines(x, after.min(0), after.max(0), color=colour, linewidth=1.2)
        axis.set_title({"blocks": "block model"}.get(kind, kind))
        axis.set_xticks(range(0, len(uniform), 2 if len(uniform) > 7 else 1))
        axis.set_xlabel("distance")
        axis.set_ylim(0)
        axis.yaxis.set_major_locator(MaxNLocator(4))
    axes[0, 0].set_ylabel("share of attention")
    for axis, kind in zip(axes[1], kinds, strict=False):
        found = curves[f"{kind}_LapPE"]
        adjacency = np.asarray(found["adjacency"])
        style.matrix(axis, found["weights"], bar=False)
        rows, columns = np.nonzero(adjacency)
        axis.plot(columns, rows, "s", markersize=5.5, mfc="none", mec=style.RED, mew=1)
        axis.set_xlabel("sender")
    axes[1, 0].set_ylabel("receiver\n(red: edges)")
    handles = {}
    for axis in axes[0]:
        handles |= dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True))
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", ncols=5, fontsize=12,
        handlelength=1.3, columnspacing=0.8, handletextpad=0.4,
    )  # fmt: skip
    return figure


FIGURES = {
    "E11": squashing,
    "E14": heads,
    "E15": parameters,
    "E16": depth,
    "E17": lottery,
    "E18": locality,
}
