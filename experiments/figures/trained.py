"""E11, E14 to E18: what was trained or timed, from docs/claims.json; blocks before training."""

import numpy as np
from matplotlib.figure import Figure

from experiments.figures import style
from experiments.paper import blocks


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
    found = blocks.depth(depths=(64,), seeds=2).curves["gradient_norm_by_layer"]
    names = {
        "pre_ln": "pre-LN",
        "post_ln": "post-LN",
        "paper": "eqs. 9, 19",
        "none": "no norm, no residual",
    }
    figure, axes = style.new(1, 2, height=3.7)
    for (form, name), colour in zip(names.items(), style.COLOURS, strict=False):
        norms = np.array(found[form]["64"])
        norms[norms < 1e-18] = np.nan  # its square is 0 in float32
        for axis in axes[0]:
            axis.semilogy(range(1, 65), norms, color=colour, label=name)
            axis.set_xlabel("layer")
    axes[0, 0].set_ylim(1e-20, 10)
    axes[0, 0].text(2, 1e-11, "0 in float32", color=style.PINK)
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


FIGURES = {"E15": parameters, "E16": depth}
