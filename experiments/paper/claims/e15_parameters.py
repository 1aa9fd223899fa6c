"""E15: how many parameters the MLP of a block has for each parameter of its attention."""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from matplotlib.figure import Figure

import gtx.models
import gtx.nn
from experiments.paper import batches, graphs, style
from experiments.paper.claim import Claim, Gate, limit
from experiments.paper.measurement import Measurement
from gtx.batch import Features


def parameter_counts(dim: int, hidden_dim: int, gated: bool, use_bias: bool) -> dict[str, int]:
    """Count the parameters of the parts of a block, without allocating them."""
    module = gtx.nn.TransformerBlock(
        dim,
        functools.partial(gtx.nn.MultiHeadAttention, use_bias=use_bias),
        functools.partial(
            gtx.nn.FeedForward, hidden_dim=hidden_dim, gated=gated, use_bias=use_bias
        ),
    )
    batch = batches.batch_of([graphs.path(2)])
    features = Features(nodes=jnp.zeros((batch.node_mask.shape[0], dim)))
    shapes = jax.eval_shape(lambda: module.init(jax.random.key(0), features, batch, train=False))
    count = {
        name: sum(leaf.size for leaf in jax.tree.leaves(part))
        for name, part in shapes["params"].items()
    }
    norms = sum(size for name, size in count.items() if name.startswith("norm"))
    return dict(attention=count["attention"], MLP=count["feed_forward"], norms=norms)


def parameter_split(dims: Sequence[int] = (24, 96, 768)) -> Measurement:
    """Count how many parameters the MLP has for each parameter of the attention."""
    counts = {}
    for dim in dims:
        counts[f"d = {dim}, ReLU, 4d"] = parameter_counts(dim, 4 * dim, False, False)
        counts[f"d = {dim}, SwiGLU, 8d/3"] = parameter_counts(dim, 8 * dim // 3, True, False)
        counts[f"d = {dim}, ReLU, 4d, biases"] = parameter_counts(dim, 4 * dim, False, True)
        counts[f"d = {dim}, ReLU, 2d"] = parameter_counts(dim, 2 * dim, False, False)

    def ratios(suffix: str) -> list[float]:
        found = [c for name, c in counts.items() if name.endswith(suffix)]
        return [c["MLP"] / c["attention"] for c in found]

    exact = ratios("ReLU, 4d") + ratios("SwiGLU, 8d/3")
    return Measurement(
        dict(
            smallest_ratio=min(exact),
            largest_ratio=max(exact),
            with_biases=ratios("biases")[0],
            width_2d=ratios("2d")[0],
        ),
        curves=dict(parameters=counts),
    )


def draw_figure() -> Figure:
    """Draw where the parameters of a block are, relative to those of the attention."""
    found = parameter_split((96,)).curves["parameters"]
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


CLAIM = Claim(
    number=15,
    place="1.3",
    says="The MLP, typically 4d wide, has significantly more parameters than attention.",
    test="Counted for d in {24, 96, 768}: ReLU of width 4d, SwiGLU of width 8d/3, no biases.",
    measure=parameter_split,
    gates=(
        Gate("smallest_ratio", "==", 2, "smallest ratio of MLP to attention"),
        Gate("largest_ratio", "==", 2, "largest ratio of MLP to attention"),
        limit("width_2d", "==", 1, "ratio at width 2d"),
    ),
    effect="exactly {smallest_ratio:.0f} to 1; {width_2d:.0f} to 1 at width 2d",
    argument="At the width that the sentence itself names it has exactly {smallest_ratio:.0f} "
    "times as many, with ReLU and with SwiGLU of 8d/3; at the 2d of GPS it has no more (4g).",
    draw=draw_figure,
)
