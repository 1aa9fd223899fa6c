"""E7 to E10, E12, E13, E19 to E21: symmetry, positions, reach and structure."""

import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from experiments.figures import style
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
    figure.colorbar(image, ax=axes, shrink=0.8, label="|∂ output / ∂ input|")
    for row in axes:
        row[0].set_ylabel("receiver", fontsize=13)
    for axis in axes[-1]:
        axis.set_xlabel("sender", fontsize=13)
    return figure


def deep_sets(n: int = 12) -> Figure:
    """E12: queries that shrink to 0 turn attention into the mean of a set."""
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
        structure = equality.complete_structure(n)
        weights = [
            attention_weights((x @ (t * w_q))[:, None], (x @ w_k)[:, None], structure)
            for t in (0, 0.3, 1)
        ]
    figure, axes = style.new(1, 2, height=3.4)
    places = np.maximum(factors, 1e-15)
    axes[0, 0].loglog(places, np.maximum(apart, 1e-17), "o-")
    axes[0, 0].set_xticks([1e-15, 1e-9, 1e-3, 1], ["0", "$10^{-9}$", "$10^{-3}$", "1"])
    axes[0, 0].minorticks_off()
    axes[0, 0].set_xlabel("factor of $W_Q$")
    axes[0, 0].set_title("distance to Deep Sets")
    for t, row, marker in zip((0, 0.3, 1), weights, "o^s", strict=True):
        axes[0, 1].plot(np.asarray(row).reshape(n, n)[0], marker + "-", label=f"$W_Q$ × {t}", lw=1)
    axes[0, 1].set_ylim(0, 0.27)
    axes[0, 1].set_xticks([0, 5, 10])
    axes[0, 1].set_xlabel("sender")
    axes[0, 1].set_title("weights of one receiver")
    axes[0, 1].legend()
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
    """E19: how far the sums of two graphs that 1-WL ties lie apart."""
    names = tuple(expressivity.PAIRS)
    measured = expressivity.pairs_told_apart(names, ("GIN", "GATv2", "MPNN"))
    table = measured.curves["gaps"]
    columns, values = list(table), np.array(list(table.values()))
    figure, axes = style.new(height=5.0)
    axis = axes[0, 0]
    shown = np.log10(np.maximum(values, 1e-16))
    axis.imshow(shown, aspect="auto", vmin=-16, vmax=0)
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
    ticks = ["C6\n2 C3", "Decalin\nBicyclop.", "CSL 2\nCSL 3", "Rook\nShrikh."]
    axis.set_xticks(range(len(names)), ticks, fontsize=13)
    return figure


def knob_of_locality() -> Figure:
    """E20: weights of 20 nodes for three settings, and the share within one hop."""
    measured = knob.local_to_global().curves
    rng = np.random.default_rng(0)
    adjacency = graphs.random_graph(rng, 20, 0.15)
    figure = Figure(figsize=(style.WIDTH, 4.6), dpi=style.DPI, layout="constrained")
    grid = figure.add_gridspec(2, 3, height_ratios=(1, 0.9))
    with jax.enable_x64(True):
        query, key, _ = jnp.asarray(rng.normal(size=(3, 20, knob.HEADS, knob.DIM)))
        maps = []
        for place, beta in enumerate((0.0, 1.0, 1e4)):
            bias = knob.locality_bias(adjacency, beta)
            weights = attention_weights(query, key, equality.complete_structure(20), bias=bias)
            mean = np.asarray(weights).mean(1).reshape(20, 20)
            axis = figure.add_subplot(grid[0, place])
            title = {0: "β = 0: global", 1: "β = 1", 2: "β = 10⁴: local"}[place]
            image = style.matrix(axis, mean, title, log=(1e-3, 1), bar=False)
            maps.append(axis)
    style.ends(maps)
    figure.colorbar(image, ax=maps, shrink=0.9, pad=0.02, label="weight")
    axis = figure.add_subplot(grid[1, :])
    beta = np.maximum(measured["beta"], 0.03)
    axis.semilogx(beta, measured["mass_within_one_hop"], "o-")
    axis.set_xticks([0.03, 0.1, 1, 10, 100, 1e4], ["0", "0.1", "1", "10", "100", "$10^4$"])
    axis.minorticks_off()
    axis.set_ylim(0, 1.05)
    axis.set_ylabel("weight within\none hop")
    axis.set_xlabel("β of the bias −β max(distance − 1, 0)")
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
    axis.set_title("edges to later tokens")
    style.matrix(axes[0, 1], values, "|∂ output / ∂ input|", log=(1e-3, values.max()))
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
