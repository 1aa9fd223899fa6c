"""E20: one number, the slope of a bias, leads from local to global attention."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from experiments.paper import graphs, style
from experiments.paper.batches import complete_structure
from experiments.paper.claim import X64, Claim, Gate, limit
from experiments.paper.measurement import Measurement, largest_difference
from gtx import encodings
from gtx.ops import attention, attention_weights

DIM, HEADS = 8, 2
BETAS = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 1e4)


def locality_bias(adjacency: np.ndarray, beta: float, *, free: int = 1) -> Any:
    """-beta max(distance - free, 0) of each pair, [pairs, heads].

    Distances are the classes of `ShortestPathDistance`, in which nodes without a path come
    after all distances. `free=1` leaves a node and its neighbours alone, `free=0` itself only.
    """
    encoding = encodings.ShortestPathDistance(len(adjacency))
    distance = encoding(adjacency[None])["pair", "spd"][0, ..., 0]
    bias = -beta * np.maximum(distance - free, 0)
    return jnp.asarray(np.repeat(bias.reshape(-1, 1), HEADS, axis=1), jnp.result_type(float))


def local_to_global(
    n: int = 20, density: float = 0.15, betas: Sequence[float] = BETAS
) -> Measurement:
    """Compare beta = 0 with the Transformer, and a large beta with attention of one hop."""
    rng = np.random.default_rng(0)
    adjacency = graphs.random_graph(rng, n, density)
    whole = complete_structure(n)
    local = complete_structure(n, graphs.looped(adjacency) > 0)
    with jax.enable_x64(True):
        query, key, value = jnp.asarray(rng.normal(size=(3, n, HEADS, DIM)))

        def attend(beta: float, free: int = 1) -> Any:
            bias = locality_bias(adjacency, beta, free=free)
            return attention(query, key, value, whole, bias=bias)

        transformer = attention(query, key, value, whole)
        graph_attention = attention(query, key, value, local)
        to_global = [largest_difference(attend(beta), transformer) for beta in betas]
        to_local = [largest_difference(attend(beta), graph_attention) for beta in betas]
        others = complete_structure(n, adjacency > 0)
        without_itself = attention(query, key, value, others)
        hops = graphs.distances(adjacency) <= 1
        weights = [
            attention_weights(query, key, whole, bias=locality_bias(adjacency, beta))
            for beta in betas
        ]
        mass = [float((np.asarray(w).mean(1).reshape(n, n) * hops).sum(1).mean()) for w in weights]
        values = dict(
            at_zero=to_global[0],
            at_infinity=to_local[-1],
            without_itself=largest_difference(attend(betas[-1]), without_itself),
            ends_apart=largest_difference(transformer, graph_attention),
            mass_never_falls=float(np.all(np.diff(mass) >= 0)),
            plain_distance_is_self=largest_difference(attend(betas[-1], free=0), value),
        )
    curves = dict(
        beta=list(betas),
        to_transformer=to_global,
        to_graph_attention=to_local,
        mass_within_one_hop=mass,
    )
    return Measurement(values, curves=curves)


def draw_figure(n: int = 20) -> Figure:
    """Draw a ring, its weights for three values of beta, and the share within one hop."""
    adjacency = graphs.ring(n)
    whole, local = graphs.complete(n), graphs.looped(adjacency) > 0
    figure = Figure(figsize=(style.WIDTH, 5.0), dpi=style.DPI, layout="constrained")
    grid = figure.add_gridspec(2, 4, height_ratios=(1, 1))
    axis = figure.add_subplot(grid[0, 0])
    style.drawing(axis, adjacency, style.on_circle(n), style.SKY, size=45)
    axis.set_title(f"ring of {n} nodes", fontsize=13)
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        query, key = jnp.asarray(rng.normal(size=(2, n, HEADS, DIM)))
        structure = complete_structure(n)

        def weights(beta: float) -> np.ndarray:
            bias = locality_bias(adjacency, beta)
            found = attention_weights(query, key, structure, bias=bias)
            return np.asarray(found).mean(1).reshape(n, n)

        found = {beta: weights(beta) for beta in BETAS}
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
    share = [float((found[beta] * local).sum(1).mean()) for beta in BETAS]
    axis.axhline(1, color=style.GREY, linestyle=":")
    axis.axhline(3 / n, color=style.GREY, linestyle=":")
    axis.text(1e4, 3 / n + 0.04, f"all alike: 3 of {n} nodes", ha="right", fontsize=12)
    axis.text(1e4, 0.84, "graph attention: no further", ha="right", fontsize=12)
    axis.semilogx(np.maximum(BETAS, 0.03), share, "o-")
    axis.set_xticks([0.03, 0.1, 1, 10, 100, 1e4], ["0", "0.1", "1", "10", "100", "$10^4$"])
    axis.minorticks_off()
    axis.set_ylim(0, 1.08)
    axis.set_ylabel("weight on itself\nand neighbours")
    axis.set_xlabel("β: each hop beyond the first takes β from the score")
    return figure


CLAIM = Claim(
    number=20,
    place="2.2 and 3, equations 15 and 18",
    says="Local and global attention are the same equation with other neighbourhoods.",
    test="A bias of -beta max(distance - 1, 0), beta from 0 to 1e4, float64.",
    measure=local_to_global,
    gates=(
        Gate("at_zero", "<=", X64, "difference of beta = 0 from the Transformer"),
        Gate("at_infinity", "<=", X64, "difference of beta = 1e4 from masked attention"),
        limit("ends_apart", ">=", 1e-3, "difference between the two ends"),
        limit(
            "without_itself",
            ">=",
            1e-3,
            "difference of beta = 1e4 from neighbours without the node itself",
        ),
        Gate(
            "mass_never_falls", "==", 1, "whether the weight within one hop never falls with beta"
        ),
    ),
    effect="error {at_zero:.1e} at beta = 0, {at_infinity:.1e} at 1e4; {without_itself:.2g} from "
    "neighbours without the node itself",
    argument="A node must count among its own neighbours, as it does in the set S of equation 18 "
    "and need not in the N of equation 15; then one bias leads from one to the other, with equal "
    "results at both ends.",
    conditional=True,
    draw=draw_figure,
    notebook="02_positions_and_structure",
)
