"""E1: attention over a set is message passing on the complete graph."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from experiments.paper import graphs, style
from experiments.paper.batches import complete_structure, edge_structure
from experiments.paper.claim import Claim, equal, limit
from experiments.paper.measurement import Measurement, largest_difference
from experiments.paper.programs import HEADS, SIZES, over_all
from gtx.ops import attention_weights


def forward(
    sizes: Sequence[int] = SIZES,
    heads: Sequence[int] = HEADS,
    precisions: Sequence[str] = ("x64", "f32"),
) -> Measurement:
    """Compare attention over all pairs with messages on the complete graph with self-loops."""
    values: dict[str, float] = {}
    without_loops = []
    for precision, n, _, found in over_all(sizes, heads, precisions):
        dense = found["dense"][0]
        for name in ("edges", "messages", "flax", "paper"):
            metric = f"{name}_{precision}"
            error = largest_difference(found[name][0], dense)
            values[metric] = max(values.get(metric, 0.0), error)
        if n > 1:
            without_loops.append(largest_difference(found["without loops"][0], dense))
    values["without_loops"] = min(without_loops)
    return Measurement(values)


def draw_figure(n: int = 16) -> Figure:
    """Draw the weights over all pairs, those along edges at their places, and the difference."""
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        query, key = jnp.asarray(rng.normal(size=(2, n, 1, 4)))
        edges = edge_structure(graphs.complete(n, loops=True), rng)
        dense = attention_weights(query, key, complete_structure(n)).reshape(n, n)
        along = attention_weights(query, key, edges)[:, 0]
        scattered = jnp.zeros((n, n)).at[edges.receivers, edges.senders].set(along)
    figure, axes = style.new(1, 3, height=3.0)
    style.matrix(axes[0, 0], dense, "weights\nby all pairs")
    style.matrix(axes[0, 1], scattered, "weights by\nshuffled edges")
    difference = np.abs(np.asarray(dense - scattered))
    style.matrix(axes[0, 2], difference, "difference\n(white: none)", log=(1e-18, 1e-15))
    style.ends(axes[0])
    return figure


CLAIM = Claim(
    number=1,
    place="3, equations 14-20",
    says="Self-attention over a set is message passing on the fully connected graph.",
    test="All pairs as matrices, as a shuffled list of edges, as equations 11-13, as a loop over "
    "equations 2-8, and flax's own layer with the same weights; n in {1, 2, 5, 16, 33, 64}, 1 and "
    "4 heads.",
    measure=forward,
    gates=(
        *equal("edges", "difference of an edge list from matrices"),
        *equal("messages", "difference of equations 11-13 from matrices"),
        *equal("flax", "difference of flax's layer"),
        *equal("paper", "difference of equations 2-8 in a loop"),
        limit("without_loops", ">=", 1e-3, "difference without self-loops"),
    ),
    effect="error {edges_x64:.1e} (float64), {edges_f32:.1e} (float32); {without_loops:.2g} "
    "without self-loops",
    argument="Every node needs an edge to itself: the set S of the equations says so, the words "
    '"complete graph" do not, and without these edges the result is off by {without_loops:.2g} '
    "(4e).",
    conditional=True,
    draw=draw_figure,
    in_readme=True,
    notebook="01_attention_is_message_passing",
)
