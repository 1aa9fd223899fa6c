"""E2: the gradients of attention and of message passing are the same, too."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from experiments.paper import style
from experiments.paper.claim import X64, Claim, Gate, equal
from experiments.paper.measurement import Measurement, largest_difference
from experiments.paper.programs import HEADS, PARAMETERS, SIZES, over_all

TINY = 1e-18  # stands for an error of exactly 0 where the scale is logarithmic


def backward(
    sizes: Sequence[int] = SIZES,
    heads: Sequence[int] = HEADS,
    precisions: Sequence[str] = ("x64", "f32"),
) -> Measurement:
    """Compare the gradients of the programs of E1 with respect to every map and the nodes.

    An error is relative to the largest entry of all gradients. An error "by parameter" is relative
    to the largest entry of that parameter's gradient, or to a hundredth of the largest of all if
    that is more. In float32 there is no gate on errors by parameter: where the softmax is nearly
    saturated, the gradients of queries and keys are differences of almost equal numbers in any
    program. At n = 2 some of them keep five digits.
    """
    values: dict[str, float] = {}
    errors: dict[str, list[float]] = {}

    def worst(metric: str, value: float) -> None:
        values[metric] = max(values.get(metric, 0.0), value)

    for precision, _, _, found in over_all(sizes, heads, precisions):
        dense = found["dense"][1]
        largest = max(float(np.abs(gradient).max()) for gradient in dense.values())
        for name in ("edges", "messages"):
            for parameter in PARAMETERS:
                expected = dense[parameter]
                error = largest_difference(found[name][1][parameter], expected)
                worst(f"{name}_{precision}", error / largest)
                error /= max(float(np.abs(expected).max()), 1e-2 * largest)
                worst(f"by_parameter_{precision}", error)
                errors.setdefault(f"{parameter} {precision}", []).append(error)
    return Measurement(values, curves=dict(relative_errors=errors))


def draw_figure() -> Figure:
    """Draw the errors of the gradients by parameter, in both precisions."""
    found = backward(sizes=(2, 16), heads=(1, 4)).curves["relative_errors"]
    figure, axes = style.new()
    axis = axes[0, 0]
    for precision, colour, gate in (("f32", style.ORANGE, 1e-5), ("x64", style.BLUE, 1e-12)):
        groups = [np.maximum(found[f"{p} {precision}"], TINY) for p in PARAMETERS]
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


CLAIM = Claim(
    number=2,
    place="3, equations 14-20",
    says="The same, as far as training can see it.",
    test="Gradients with respect to W_Q, W_K, W_V, O and X, for the programs and sizes of E1. "
    "Errors are relative to the largest entry of all gradients; in float64 also to that of each "
    "parameter. In float32 that would be too strict: at n = 2 a nearly saturated softmax leaves "
    "queries and keys with differences of almost equal numbers, in every program.",
    measure=backward,
    gates=(
        *equal("edges", "difference of an edge list's gradients, relative to all of them"),
        *equal("messages", "the same for equations 11-13"),
        Gate("by_parameter_x64", "<=", X64, "difference relative to each parameter, float64"),
    ),
    effect="relative error {edges_x64:.1e} (float64), {edges_f32:.1e} (float32); by parameter "
    "{by_parameter_x64:.1e}, and {by_parameter_f32:.1e} without a gate",
    argument="The condition of E1, edges from every node to itself, is this row's too; gradients "
    "of one layer agree to rounding, which over many steps sets two runs apart all the same.",
    conditional=True,
    draw=draw_figure,
)
