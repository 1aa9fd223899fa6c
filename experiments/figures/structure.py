"""E7 to E10, E12, E13, E19 to E21: symmetry, positions, reach and structure."""

import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from experiments.figures import learned, style
from experiments.paper import (
    equality,
    expressivity,
    graphs,
    instances,
    knob,
    positions,
    reach,
    sets,
    symmetry,
)
from gtx import encodings
from gtx.ops import attention_weights
from tests.descriptors import DESCRIPTORS

SHOWN = {
    "gcn": "GCN",
    "gin": "GIN",
    "gat": "GAT",
    "transformer_conv": "TransformerConv",
    "transformer_block": "Transformer block",
}


def renumbered() -> Figure:
    """E7: the numbers of f(P x) over those of P f(x), and the largest error of some modules."""
    figure, axes = style.new(1, 2, height=3.6)
    with jax.enable_x64(True):
        batch, ((copy, origin),) = symmetry.random_batches(12, 1)
        worst = {}
        for descriptor in DESCRIPTORS:
            if descriptor.name not in SHOWN:
                continue
            run = symmetry.evaluate(descriptor, batch, jnp.float64)
            expected = run(batch)["nodes"][origin["nodes"]]
            found = run(copy)["nodes"][: len(expected)]
            name = SHOWN[descriptor.name]
            scale = np.abs(expected).max()
            worst[name] = np.abs(found - expected).max() / scale
            if descriptor.name != "transformer_block":
                continue
            alone = run(batch)["nodes"][: len(expected)]
            for other, label, colour in (
                (alone, "with f(x)", style.GREY),
                (expected, "with P f(x)", style.BLUE),
            ):
                rows = ((values / scale).reshape(-1)[::5] for values in (other, found))
                axes[0, 0].plot(*rows, ".", markersize=4, label=label, color=colour)
    axes[0, 0].set_title("Transformer block")
    axes[0, 0].set_xlabel("f(x) or P f(x)")
    axes[0, 0].set_ylabel("f(P x)")
    axes[0, 0].set_ylim(top=1.75)
    axes[0, 0].set_yticks([-1, 0, 1])
    axes[0, 0].legend(loc="upper left", handletextpad=0.1, markerscale=2.5, labelspacing=0.2)
    axis = axes[0, 1]
    axis.barh(list(worst), list(worst.values()), color=style.COLOURS[: len(worst)])
    for place, error in enumerate(worst.values()):
        axis.text(max(error, 1e-17) * 1.6, place, f"{error:.0e}" if error else "0", va="center")
    axis.axvline(1e-12, color=style.BLACK, linestyle="--")
    axis.text(0.6e-12, -0.75, "gate", ha="right", va="center")
    axis.set_xscale("log")
    axis.set_xlim(1e-17, 1e-11)
    axis.set_xticks([1e-17, 1e-14, 1e-11])
    axis.set_title("largest error")
    axis.set_ylim(len(worst) - 0.4, -1.1)
    return figure


def order_or_structure() -> Figure:
    """E8: error under renumbering, by encoding."""
    found = positions.order_and_structure(8, 2).curves["equivariance_error"]
    figure, axes = style.new(height=4.2)
    axis = axes[0, 0]
    logs = [np.log10(np.maximum(values, 1e-18)) for values in found.values()]
    for place, (name, values) in enumerate(zip(found, logs, strict=True)):
        colour = style.BLUE if name in positions.EXACT else style.RED
        parts: Any = axis.violinplot(
            [values], [place], orientation="horizontal", showextrema=False, widths=0.8
        )
        for body in parts["bodies"]:
            body.set(facecolor=colour, alpha=0.35)
        axis.plot(values, np.full(len(values), place), "|", color=colour, markersize=9)
    axis.axvline(-10, color=style.GREY, linestyle="--")
    axis.text(-9.8, 6.5, "gate", color=style.GREY)
    for y, text, colour in (
        (4, "invariant functions\nof the graph", style.BLUE),
        (1.9, "order, or vectors\nas they are", style.RED),
    ):
        axis.text(-8.8, y, text, color=colour, va="center")
    axis.set_yticks(range(len(found)), list(found))
    axis.invert_yaxis()
    axis.set_xticks([-16, -12, -8, -4, 0], [f"$10^{{{n}}}$" for n in (-16, -12, -8, -4, 0)])
    axis.set_xlabel("|f(P x) − P f(x)|")
    return figure


def bases(n: int = 12) -> Figure:
    """E9: two eigenvectors of a cycle, another basis of their space, and who sees the change."""
    columns = encodings.LaplacianEigenvectors(3)(graphs.ring(n)[None])
    vectors = columns["node", "laplacian_vectors"][0, :, 1:3]
    turn = np.array([[np.cos(0.8), -np.sin(0.8)], [np.sin(0.8), np.cos(0.8)]])
    rotated = vectors @ turn
    laplacian = np.diag(graphs.ring(n).sum(0)) - graphs.ring(n)
    value = 2 - 2 * np.cos(2 * np.pi / n)
    for pair in (vectors, rotated):
        np.testing.assert_allclose(laplacian @ pair, value * pair, atol=1e-6)
    figure = Figure(figsize=(style.WIDTH, 4.3), dpi=style.DPI, layout="constrained")
    grid = figure.add_gridspec(2, 4, width_ratios=(1, 1, 0.25, 2.2))
    high = np.abs(vectors).max() * 1.1
    for row, (pair, name) in enumerate(((vectors, "a basis"), (rotated, "another"))):
        for column in range(2):
            axis = figure.add_subplot(grid[row, column])
            points = style.drawing(
                axis,
                graphs.ring(n),
                style.on_circle(n),
                pair[:, column],
                size=90,
                cmap="PuOr",
                vmin=-high,
                vmax=high,
            )
            if column == 0:
                axis.set_title(name, loc="left")
            if row == 1:
                bar = figure.colorbar(points, ax=axis, location="bottom", shrink=0.9, pad=0.02)
                bar.set_ticks([-0.4, 0, 0.4])
                bar.set_label(f"vector {column + 1}", fontsize=12)
                bar.ax.tick_params(labelsize=11)
    found = positions.sign_and_basis(draws=3, symmetric=("C6",)).curves["change_by_encoder"]
    axis = figure.add_subplot(grid[:, 3])
    names = {"LapPE, raw": "raw", "LapPE, SignNet": "SignNet", "LapPE, SPE": "SPE"}
    for shift, kind, colour in ((-0.2, "signs", style.SKY), (0.2, "C6", style.BLUE)):
        largest = [max(*found[name][kind], 1e-17) for name in names]
        label = "other signs" if kind == "signs" else "another basis"
        axis.bar(np.arange(3) + shift, largest, 0.38, color=colour, label=label)
        for place, size in enumerate(largest):
            if size == 1e-17:
                axis.text(place + shift, 1.5e-17, "0", ha="center")
    axis.set_yscale("log")
    axis.set_ylim(1e-17, 1e9)
    axis.axhline(1e-6, color=style.GREY, linestyle="--")
    axis.text(2.45, 3e-6, "gate", color=style.GREY, ha="right")
    axis.set_xticks(range(3), list(names.values()))
    axis.set_title("change of the result")
    axis.legend(loc="upper right")
    return figure


def hops(layers: int = 6) -> Figure:
    """E10: who depends on whom along a path, layer by layer; white is exactly 0."""
    with jax.enable_x64(True):
        found = reach.jacobians_by_layer("attention", [graphs.path(8)], layers)
    figure, axes = style.new(2, 3, height=4.9)
    distance = graphs.distances(graphs.path(8))
    for depth, (axis, values) in enumerate(zip(axes.flat, found, strict=True), start=1):
        assert ((values > 0) == (distance <= depth)).all()
        title = f"{depth} layer{'s' if depth > 1 else ''}"
        image = style.matrix(axis, values, title, log=(1e-3, found.max()), bar=False)
    figure.colorbar(image, ax=axes, shrink=0.8, label="|∂ output / ∂ input| (white: exactly 0)")
    for row in axes:
        row[0].set_ylabel("receiver", fontsize=13)
    for axis in axes[-1]:
        axis.set_xlabel("sender", fontsize=13)
    return figure


def deep_sets(n: int = 12) -> Figure:
    """E12: queries that shrink to 0 make attention a mean; what is learned, by size of a set."""
    return draw_sets(style.recorded("E12")[1], n)


def draw_sets(curves: Any, n: int = 12) -> Figure:
    dim = sets.DIM
    factors = np.array([0, 1e-12, 1e-9, 1e-6, 1e-3, 0.1, 1])
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        x = jnp.asarray(rng.normal(size=(n, dim)))
        w_q, w_k, w_v, skip = jnp.asarray(rng.normal(size=(4, dim, dim)) / np.sqrt(dim))
        expected = sets.deep_sets(*(np.asarray(value) for value in (x, skip, w_v)))
        apart = [
            np.abs(sets.attention_layer(x, t * w_q, w_k, w_v, skip) - expected).max()
            for t in factors
        ]
    figure, axes = style.new(1, 2, height=4.3, width_ratios=(1, 1.5))
    places = np.maximum(factors, 1e-15)
    axes[0, 0].loglog(places, np.maximum(apart, 1e-17), "o-", color=style.BLACK)
    axes[0, 0].set_xticks([1e-15, 1e-9, 1e-3, 1], ["0", "$10^{-9}$", "$10^{-3}$", "1"])
    axes[0, 0].minorticks_off()
    axes[0, 0].set_xlabel("factor of $W_Q$")
    axes[0, 0].set_title("distance of attention\nfrom Deep Sets", fontsize=14)
    learned.sizes_of_sets(axes[0, 1], curves)
    figure.legend(
        *axes[0, 1].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=12
    )
    return figure


def frames() -> Figure:
    """E13: message, aggregation and update of four layers."""
    found = instances.closed_forms()
    figure, axes = style.new(height=2.9)
    axis = axes[0, 0]
    axis.axis("off")
    head = ["", r"message $\psi$", r"$\bigoplus$", r"update $\phi$"]
    rows = [[name, *row] for name, row in found.curves["table"].items()]
    places, size = (0.0, 0.2, 0.53, 0.66), 13.5
    for line, row in enumerate([head, *rows]):
        y = 0.93 - 0.16 * line
        for place, text in zip(places, row, strict=True):
            weight = "bold" if line == 0 or place == 0 else "normal"
            text = re.sub("([xd])_([ij])", r"$\1_\2$", text.replace("sqrt", "√"))
            axis.text(place, y, text, fontsize=size, weight=weight, va="center")
        axis.axhline(y - 0.08, color=style.GREY, lw=1 if line else 2)
    worst = max(found.values["layers"], found.values["one_liners"])
    text = f"largest distance to the closed forms, float64: {worst:.0e}"
    axis.text(0, 0.06, text, fontsize=size, color=style.BLUE)
    axis.set_xlim(0, 1.06)
    axis.set_ylim(0, 1)
    return figure


def told_apart() -> Figure:
    """E19: whether the sums of two graphs that 1-WL ties lie apart by 1e-3 and more."""
    names = tuple(expressivity.PAIRS)
    measured = expressivity.pairs_told_apart(names, ("GIN", "GATv2", "MPNN"))
    table = measured.curves["gaps"]
    columns, values = list(table), np.array(list(table.values()))
    figure, axes = style.new(height=5.0)
    axis = axes[0, 0]
    axis.imshow(values >= 1e-3, aspect="auto", vmin=0, vmax=1)
    for i, j in np.ndindex(*values.shape):
        text = "apart" if values[i, j] >= 1e-3 else "tie"
        ink = "black" if values[i, j] >= 1e-3 else "white"
        axis.text(j, i, text, ha="center", va="center", color=ink, fontsize=13)
    short = {
        "Transformer": "attention",
        "Transformer + RWSE": "attention + RWSE",
        "Transformer + HeatKernelDiagonal": "attention + HeatKernelDiagonal",
        "attention gated by shortest paths": "attention, SPD gate",
        "Transformer + bias by shortest paths": "attention, SPD bias",
    }
    names_shown = [short.get(name, name) for name in columns]
    axis.set_yticks(range(len(columns)), names_shown, fontsize=12)
    ticks = ["C6\n2 C3", "decalin\nbicyclop.", "CSL 2\nCSL 3", "rook\nShrikh."]
    axis.set_xticks(range(len(names)), ticks, fontsize=13)
    return figure


def knob_of_locality(n: int = 20) -> Figure:
    """E20: a ring, the weights of its nodes for three settings, and the share within one hop."""
    adjacency = graphs.ring(n)
    whole, local = graphs.complete(n), graphs.looped(adjacency) > 0
    figure = Figure(figsize=(style.WIDTH, 5.0), dpi=style.DPI, layout="constrained")
    grid = figure.add_gridspec(2, 4, height_ratios=(1, 1))
    axis = figure.add_subplot(grid[0, 0])
    style.drawing(axis, adjacency, style.on_circle(n), style.SKY, size=45)
    axis.set_title(f"ring of {n} nodes", fontsize=13)
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        query, key = jnp.asarray(rng.normal(size=(2, n, knob.HEADS, knob.DIM)))
        structure = equality.complete_structure(n)

        def weights(beta: float) -> np.ndarray:
            bias = knob.locality_bias(adjacency, beta)
            found = attention_weights(query, key, structure, bias=bias)
            return np.asarray(found).mean(1).reshape(n, n)

        found = {beta: weights(beta) for beta in knob.BETAS}
    titles = {0.0: "β = 0\nall pairs", 1.0: "β = 1\nfar: little", 1e4: "β = 10⁴\nnear: all"}
    assert (found[1e4][~local] == 0).all() and (found[0.0][whole > 0] > 0).all()
    maps = []
    for place, (beta, title) in enumerate(titles.items(), start=1):
        axis = figure.add_subplot(grid[0, place])
        image = style.matrix(axis, found[beta], log=(1e-3, 1), bar=False)
        axis.set_title(title, fontsize=13)
        maps.append(axis)
    style.ends(maps)
    bar = figure.colorbar(image, ax=maps, shrink=0.85, pad=0.02)
    bar.set_label("attention weight\n(white: exactly 0)", fontsize=12)
    axis = figure.add_subplot(grid[1, :])
    share = [float((found[beta] * local).sum(1).mean()) for beta in knob.BETAS]
    axis.axhline(1, color=style.GREY, linestyle=":")
    axis.axhline(3 / n, color=style.GREY, linestyle=":")
    axis.text(1e4, 3 / n + 0.04, f"all alike: 3 of {n} nodes", ha="right", fontsize=12)
    axis.text(1e4, 0.84, "graph attention: no further", ha="right", fontsize=12)
    axis.semilogx(np.maximum(knob.BETAS, 0.03), share, "o-")
    axis.set_xticks([0.03, 0.1, 1, 10, 100, 1e4], ["0", "0.1", "1", "10", "100", "$10^4$"])
    axis.minorticks_off()
    axis.set_ylim(0, 1.08)
    axis.set_ylabel("weight on itself\nand neighbours")
    axis.set_xlabel("β: each hop beyond the first takes β from the score")
    return figure


def causal(n: int = 10) -> Figure:
    """E21: the Jacobian of a causal language model of three layers; white is exactly 0."""
    values = np.asarray(reach.causal(n).curves["jacobian"])
    assert (values[np.triu_indices(n, 1)] == 0).all()
    figure, axes = style.new(1, 2, height=3.4, width_ratios=(1, 1.2))
    axis = axes[0, 0]
    nodes = np.arange(5)
    for i in nodes:
        for j in nodes[:i]:
            arc = f"arc3,rad={-0.45 if i - j > 1 else 0}"
            axis.annotate(
                "",
                (i, 0),
                (j, 0),
                arrowprops=dict(
                    arrowstyle="-|>",
                    color=style.GREY,
                    connectionstyle=arc,
                    shrinkA=11,
                    shrinkB=11,
                    lw=1.6,
                ),
            )
    axis.scatter(nodes, 0 * nodes, s=420, c=style.SKY, edgecolors="#333333", zorder=3)
    for node, word in zip(nodes, ("a", "b", "c", "d", "e"), strict=True):
        axis.text(node, 0, word, ha="center", va="center", zorder=4)
    axis.set_xlim(-0.5, 4.5)
    axis.set_ylim(-1, 2)
    axis.axis("off")
    axis.set_title("edges to\nlater tokens")
    title = "|∂ output / ∂ input|\n(white: exactly 0)"
    style.matrix(axes[0, 1], values, title, log=(1e-3, values.max()))
    axes[0, 1].set_xlabel("input token")
    axes[0, 1].set_ylabel("output token")
    return figure


FIGURES = {
    "E07": renumbered,
    "E08": order_or_structure,
    "E09": bases,
    "E10": hops,
    "E12": deep_sets,
    "E13": frames,
    "E19": told_apart,
    "E20": knob_of_locality,
    "E21": causal,
}
