"""E3: attention as messages that depend on their two ends alone."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from experiments.paper import graphs, style
from experiments.paper.batches import complete_structure, edge_structure
from experiments.paper.claim import F32, X64, Claim, Gate, equal, limit, wording
from experiments.paper.measurement import Measurement, largest_difference
from experiments.paper.modules import jit_once
from experiments.paper.programs import HEADS, SIZES, over_all, strict_messages
from gtx.ops import attention, attention_weights


def strict_form(
    sizes: Sequence[int] = SIZES,
    heads: Sequence[int] = HEADS,
    precisions: Sequence[str] = ("x64", "f32"),
) -> Measurement:
    """Compare messages that depend on their two ends alone with attention.

    They are equal until exp(score) overflows or underflows.
    """
    values: dict[str, float] = {}
    for precision, _, _, found in over_all(sizes, heads, precisions):
        metric = f"strict_{precision}"
        error = largest_difference(found["strict"][0], found["dense"][0])
        values[metric] = max(values.get(metric, 0.0), error)
    edges = edge_structure(graphs.complete(4, loops=True))
    rng = np.random.default_rng(0)
    value = jnp.asarray(rng.uniform(0.5, 1, (4, 1, 3)), jnp.float32)

    @jit_once
    def results(score: Any) -> tuple[Any, Any]:
        query = jnp.ones((4, 1, 1), jnp.float32)
        key = jnp.full((4, 1, 1), score, jnp.float32)
        softmax = attention(query, key, value, edges, scale=1.0, implementation="edges")
        return strict_messages(edges, query, key, value), softmax

    scores = np.arange(60, 110)
    fine = [score for score in scores if np.isfinite(results(float(score))[0]).all()]
    values["largest_finite_score_f32"] = float(max(fine))
    strict, softmax = results(1e4)
    values["strict_finite_at_1e4"] = float(np.isfinite(strict).all())
    mean = np.broadcast_to(value.mean(0), (4, 1, 3))
    values["softmax_at_1e4"] = largest_difference(softmax, mean)
    strict, softmax = results(-100.0)
    values["strict_finite_at_minus_100"] = float(np.isfinite(strict).all())
    values["strict_error_at_minus_100"] = largest_difference(strict, mean)
    values["softmax_at_minus_100"] = largest_difference(softmax, mean)
    values["change_by_a_third_node"] = change_by_a_third_node()
    return Measurement(values)


def change_by_a_third_node() -> float:
    """How far the message of equation 15 from node 1 to node 0 changes when node 2 does."""
    rng = np.random.default_rng(1)
    with jax.enable_x64(True):
        structure = complete_structure(3)
        query, key, value = jnp.asarray(rng.normal(size=(3, 3, 1, 4)))
        messages = [
            attention_weights(query, k, structure, scale=1.0).reshape(3, 3)[0, 1] * value[1, 0]
            for k in (key, key.at[2].set(rng.normal(size=(1, 4))))
        ]
        return largest_difference(*messages)


def draw_figure() -> Figure:
    """Draw four messages to node 0, and the division that makes them its attention."""
    with jax.enable_x64(True):
        rng = np.random.default_rng(5)
        query, key, value = jnp.asarray(rng.normal(size=(3, 4, 1, 2)).round(1))
        structure = complete_structure(4)
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


CLAIM = Claim(
    number=3,
    place="2.1 and 2.2, equations 11-16",
    says="Attention is a message of two nodes (equations 11 and 15), a sum, and an update.",
    test="The message of equation 15 between two nodes of three while the third one changes. Then "
    "messages (exp(s), exp(s) v), summed, which an update divides: sizes of E1; four senders with "
    "scores of -100 and up to 1e4.",
    measure=strict_form,
    gates=(
        *equal("strict", "difference of the strict form"),
        wording(
            "change_by_a_third_node",
            "<=",
            X64,
            "change of equation 15's message when a node that is neither end changes",
        ),
        Gate("softmax_at_1e4", "<=", F32, "error of the softmax at scores of 1e4"),
        limit(
            "strict_finite_at_1e4", "==", 0, "whether the strict form is finite at scores of 1e4"
        ),
        Gate("softmax_at_minus_100", "<=", F32, "error of the softmax at scores of -100"),
        limit(
            "strict_error_at_minus_100",
            ">=",
            0.1,
            "error of the strict form at scores of -100, where it underflows and stays finite",
        ),
    ),
    effect="as printed, a third node changes the message by {change_by_a_third_node:.2g}; as "
    "repaired, error {strict_x64:.1e} (float64), {strict_f32:.1e} (float32)",
    argument="The message carries exp(score) unnormalised, which float32 has up to scores of "
    "{largest_finite_score_f32:.0f}.",
    conditional=True,
    words="Equation 11 has a message depend on its two ends, equation 15 prints one that divides "
    "by a sum over all neighbours. The repaired form, messages (exp(s), exp(s) v) that an update "
    "divides, is the same function, but in float32 it overflows beyond scores of "
    "{largest_finite_score_f32:.0f} and at -100 is wrong by {strict_error_at_minus_100:.2g} "
    "without a sign of it (4d).",
    draw=draw_figure,
    notebook="01_attention_is_message_passing",
)
