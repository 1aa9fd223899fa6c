"""E1 to E6: one attention as several programs, its block, and which scores are dynamic."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from experiments.figures import style
from experiments.paper import blocks, equality, graphs, ranking
from gtx.ops import attention, attention_weights, segment_softmax

TINY = 1e-18  # stands for an error of exactly 0 where the scale is logarithmic


def complete_graph(n: int = 16) -> Figure:
    """E1: weights of the matrix program, those of the edges at their places, the difference."""
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        query, key = jnp.asarray(rng.normal(size=(2, n, 1, 4)))
        edges = equality.edge_structure(graphs.complete(n, loops=True), rng)
        dense = attention_weights(query, key, equality.complete_structure(n)).reshape(n, n)
        along = attention_weights(query, key, edges)[:, 0]
        scattered = jnp.zeros((n, n)).at[edges.receivers, edges.senders].set(along)
    figure, axes = style.new(1, 3, height=3.0)
    style.matrix(axes[0, 0], dense, "weights\nby all pairs")
    style.matrix(axes[0, 1], scattered, "weights by\nshuffled edges")
    difference = np.abs(np.asarray(dense - scattered))
    style.matrix(axes[0, 2], difference, "difference\n(white: none)", log=(1e-18, 1e-15))
    style.ends(axes[0])
    return figure


def gradients() -> Figure:
    """E2: relative error of the edge program's gradients by parameter."""
    found = equality.backward(sizes=(2, 16), heads=(1, 4)).curves["relative_errors"]
    figure, axes = style.new()
    axis = axes[0, 0]
    for precision, colour, gate in (("f32", style.ORANGE, 1e-5), ("x64", style.BLUE, 1e-12)):
        groups = [np.maximum(found[f"{p} {precision}"], TINY) for p in equality.PARAMETERS]
        style.strips(axis, groups, color=colour)
        axis.axhline(gate, color=colour, linestyle="--")
        name = {
            "f32": "float32: gate of errors relative to all gradients",
            "x64": "float64: gate of errors by parameter too",
        }[precision]
        axis.text(4.45, gate * 3, name, color=colour, ha="right", fontsize=13)
    axis.set_yscale("log")
    axis.set_ylim(TINY / 3, 1e-3)
    axis.set_yticks([TINY, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3])
    axis.set_yticklabels(["0", *(f"$10^{{{n}}}$" for n in (-15, -12, -9, -6, -3))])
    axis.set_xticks(range(5), ["$W_Q$", "$W_K$", "$W_V$", "$O$", "$X$"])
    axis.set_ylabel("error by parameter")
    return figure


def strict_form() -> Figure:
    """E3: three senders and the receiver itself send exp(s) and exp(s) v; the receiver divides."""
    with jax.enable_x64(True):
        rng = np.random.default_rng(5)
        query, key, value = jnp.asarray(rng.normal(size=(3, 4, 1, 2)).round(1))
        structure = equality.complete_structure(4)
        expected = np.asarray(attention(query, key, value, structure, scale=1.0))[0, 0]
        weight = np.exp(np.asarray(key[:, 0] @ query[0, 0]))
    value = np.asarray(value)[:, 0]
    total, weighted = weight.sum(), weight @ value
    np.testing.assert_allclose(weighted / total, expected, atol=1e-12)

    def pair(vector: Any) -> str:
        return "(" + ", ".join(f"{x + 0.0:.2f}" for x in vector) + ")"

    figure, axes = style.new(height=3.7)
    axis = axes[0, 0]
    for j in range(4):
        y = 3 - j
        axis.plot(0, y, "o", markersize=26, color=style.SKY, markeredgecolor="#333333")
        axis.text(0, y, f"{j}", ha="center", va="center")
        text = rf"$e^{{s}}$ = {weight[j]:.2f},  $e^{{s}}v$ = {pair(weight[j] * value[j])}"
        axis.text(0.35, y, text, va="center")
        axis.annotate(
            "",
            (5.85, 1.5 + 0.12 * (y - 1.5)),
            (4.5, y),
            arrowprops=dict(arrowstyle="-|>", color=style.GREY, lw=2),
        )
    axis.plot(6.2, 1.5, "o", markersize=30, color=style.ORANGE, markeredgecolor="#333333")
    axis.text(6.2, 1.5, "0", ha="center", va="center")
    axis.text(6.65, 1.5, "sums, then one division", va="center", fontsize=12)
    lines = rf"$\Sigma e^s v\,/\,\Sigma e^s$ = {pair(weighted)} / {total:.2f} = {pair(expected)}"
    axis.text(0, -0.9, lines, color=style.RED)
    axis.text(0, 3.65, "messages to node 0, itself included", fontsize=15)
    axis.set_xlim(-0.4, 9.2)
    axis.set_ylim(-1.2, 4)
    axis.axis("off")
    return figure


def block_stages() -> Figure:
    """E4: figure 3 of the paper with the lengths of all tokens after each stage."""
    found = blocks.formula().curves["norms_of_tokens_by_stage"]
    titles = {"paper": "eqs. 9, 19", "post_ln": "post-LN", "pre_ln": "pre-LN"}
    figure, axes = style.new(1, 3, height=3.9, sharey=True)
    for axis, (form, title) in zip(axes[0], titles.items(), strict=True):
        for gated, colour in (("ReLU", style.BLUE), ("SwiGLU", style.ORANGE)):
            stages = found[f"{form} {gated}"]
            for place, lengths in enumerate(stages.values()):
                axis.plot([place] * len(lengths), lengths, "o", color=colour, markersize=3)
            means = [np.mean(lengths) for lengths in stages.values()]
            axis.plot(means, color=colour, label=gated)
        axis.set_xticks(range(len(stages)), list(stages), rotation=90, fontsize=12)
        axis.set_title(title)
        axis.set_yscale("log")
        axis.set_ylim(1, 60)
        axis.set_yticks([1, 3, 10, 30], ["1", "3", "10", "30"])
        axis.minorticks_off()
    axes[0, 0].set_ylabel("length of a token")
    axes[0, 0].legend(loc="upper left", handlelength=1)
    return figure


def masked(n: int = 14) -> Figure:
    """E5: a graph, its matrix with self-loops as a mask, and the weights under that mask."""
    with jax.enable_x64(True):
        rng = np.random.default_rng(1)
        adjacency = graphs.random_graph(rng, n, 0.2)
        mask = graphs.looped(adjacency) > 0
        query, key = jnp.asarray(rng.normal(size=(2, n, 1, 4)))
        dense = attention_weights(query, key, equality.complete_structure(n, mask)).reshape(n, n)
        edges = equality.edge_structure(mask)
        logits = (query[edges.receivers] * key[edges.senders]).sum((1, 2)) / 2
        along = segment_softmax(logits, edges.receivers, n)
        np.testing.assert_allclose(
            np.asarray(dense)[np.asarray(edges.receivers), np.asarray(edges.senders)], along
        )
    weights = np.asarray(dense)
    assert (weights[~mask] == 0).all()
    figure, axes = style.new(1, 3, height=3.0)
    style.drawing(axes[0, 0], adjacency, style.on_circle(n), style.SKY, size=110)
    axes[0, 0].set_title("graph")
    style.matrix(axes[0, 1], mask, "mask: edges\nand itself", bar=False, cmap="Greys", vmax=1.4)
    style.matrix(axes[0, 2], np.ma.masked_where(~mask, weights), "weights\n(white: exactly 0)")
    style.ends(axes[0, 1:])
    return figure


def favourites(n: int = 32) -> Figure:
    """E6: how many queries have each key as their first choice."""
    figure, axes = style.new(3, 1, height=4.2, sharex=True)
    titles = {"gat": "GAT: static", "gatv2": "GATv2: dynamic", "dot": "dot product: dynamic"}
    for axis, (name, title), colour in zip(
        axes[:, 0], titles.items(), (style.RED, style.GREEN, style.BLUE), strict=True
    ):
        (found,) = ranking.weight_matrices(name, graphs.complete(n, loops=True), [0])
        counts = np.bincount(found.argmax(1), minlength=n)
        axis.bar(range(n), counts, color=colour)
        kinds = np.count_nonzero(counts)
        axis.set_title(f"{title}, {kinds} distinct first choice{'s' if kinds > 1 else ''}")
        axis.set_ylim(0, counts.max() * 1.15)
    axes[1, 0].set_ylabel("receivers")
    axes[2, 0].set_xlabel("sender")
    return figure


FIGURES = {
    "E01": complete_graph,
    "E02": gradients,
    "E03": strict_form,
    "E04": block_stages,
    "E05": masked,
    "E06": favourites,
}
