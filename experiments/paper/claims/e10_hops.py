"""E10: L layers of message passing reach L hops."""

from collections.abc import Sequence

import jax
import numpy as np
from matplotlib.figure import Figure

from experiments.paper import graphs, style
from experiments.paper.claim import Claim, Gate
from experiments.paper.jacobians import LAYERS, jacobians_by_layer
from experiments.paper.measurement import Measurement

GRAPHS = {
    "path": graphs.path(8),
    "ring": graphs.ring(9),
    "tree": graphs.binary_tree(3),
    "grid": graphs.grid(3, 4),
}


def hops(layers: int = 6, names: Sequence[str] = tuple(LAYERS)) -> Measurement:
    """Measure on which nodes a node depends after each layer: those within as many hops."""
    distance = graphs.distances(graphs.union(*GRAPHS.values()))
    beyond, within, curves = 0.0, np.inf, {}
    with jax.enable_x64(True):
        for name in names:
            found = jacobians_by_layer(name, list(GRAPHS.values()), layers)
            for depth, matrix in enumerate(found, start=1):
                beyond = max(beyond, float(matrix[distance > depth].max()))
                within = min(within, float(matrix[distance <= depth].min()))
            n = len(GRAPHS["path"])
            curves[name] = [matrix[:n, :n].tolist() for matrix in found]
    values = dict(beyond=beyond, within=within)
    return Measurement(values, curves=dict(jacobian_of_the_path_by_layer=curves))


def draw_figure(layers: int = 6) -> Figure:
    """Draw which nodes of a path depend on which, layer by layer. White is exactly 0."""
    with jax.enable_x64(True):
        found = jacobians_by_layer("attention", [graphs.path(8)], layers)
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


CLAIM = Claim(
    number=10,
    place="2.1, figure 4",
    says="L layers of message passing reach L hops.",
    test="Jacobians of 1 to 6 layers of local attention and of GIN on path, ring, tree and grid, "
    "float64.",
    measure=hops,
    gates=(
        Gate("beyond", "==", 0, "largest entry of a Jacobian beyond L hops"),
        Gate("within", ">", 0, "smallest entry of a Jacobian within L hops"),
    ),
    effect="exactly {beyond:.0f} beyond L hops; at least {within:.1e} within",
    argument="No further, to the bit, and everywhere so far; but to reach is not to be felt: the "
    "smallest entry within L hops is {within:.1e}, and what that means for learning is E11.",
    draw=draw_figure,
    notebook="01_attention_is_message_passing",
)
