"""E21: a causal model is message passing on a DAG, without a loop over tokens."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

import gtx.models
import gtx.nn
from experiments.paper import batches, graphs, style
from experiments.paper.batches import complete_structure, edge_structure
from experiments.paper.claim import F32, X64, Claim, Gate, limit
from experiments.paper.jacobians import DIM, jacobians_by_layer
from experiments.paper.measurement import Measurement, largest_difference
from experiments.paper.modules import jit_once, parameters
from gtx.batch import Features
from gtx.ops import attention


def causal(n: int = 10, layers: int = 3) -> Measurement:
    """Measure what each token sees over a DAG, and count the loops in the program of a block."""
    mask = np.tril(np.ones((n, n))) > 0
    with jax.enable_x64(True):
        matrix = jacobians_by_layer("attention", [mask], layers)[-1]
        query, key, value = jnp.asarray(np.random.default_rng(2).normal(size=(3, n, 2, DIM)))

        @jit_once
        def routes(*arrays: Any) -> Any:
            alone = [values[None] for values in arrays]
            return (
                attention(*arrays, edge_structure(mask)),
                attention(*arrays, complete_structure(n, mask)),
                jax.nn.dot_product_attention(*alone, is_causal=True)[0],
            )

        over_dag, masked, library = routes(query, key, value)
        everyone = jacobians_by_layer("attention", [np.ones((n, n))], 1)[0]
    values = dict(
        later=float(matrix[~mask].max()),
        earlier=float(matrix[mask].min()),
        mask_error=largest_difference(over_dag, masked),
        library_error=largest_difference(over_dag, library),
        without_mask=float(everyone.min()),
        **loops(n),
    )
    return Measurement(values, curves=dict(jacobian=matrix.tolist()))


def loops(n: int) -> dict[str, int]:
    """Count the loops in the program of a block over all pairs, and of a recurrent network."""
    module = gtx.nn.TransformerBlock(DIM, functools.partial(gtx.nn.MultiHeadAttention, num_heads=2))
    batch = batches.batch_of([graphs.complete(n)])
    features = Features(nodes=jnp.ones((len(batch.node_mask), DIM)))
    variables = parameters(module, features, batch, seed=0)

    def at_once(features: Features) -> Any:
        return module.apply(variables, features, batch, train=False).nodes

    def in_turn(features: Features) -> Any:
        return jax.lax.scan(lambda h, x: (jnp.tanh(h + x), h), jnp.zeros(DIM), features.nodes)

    def count(function: Any) -> int:
        program = str(jax.make_jaxpr(function)(features))
        return program.count("scan[") + program.count("while[")

    return dict(loops=count(at_once), recurrent_loops=count(in_turn))


def draw_figure(n: int = 10) -> Figure:
    """Draw a DAG of tokens, and the Jacobian of three layers over it. White is exactly 0."""
    values = np.asarray(causal(n).curves["jacobian"])
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


CLAIM = Claim(
    number=21,
    place="1.1 and 1.2, figure 1",
    says="Attention updates all tokens at once; a causal model still reads left to right.",
    test="Jacobian of 3 blocks over the DAG of a sequence of 10 tokens; the DAG against a mask and "
    "against jax.nn's causal attention, float64. Without a mask: the Jacobian of one block, and "
    "whether its program has a loop.",
    measure=causal,
    gates=(
        Gate("later", "==", 0, "largest entry of the Jacobian above the diagonal"),
        Gate("earlier", ">", 0, "smallest entry of the Jacobian on and below the diagonal"),
        Gate("mask_error", "<=", X64, "difference of the DAG from the mask"),
        Gate("library_error", "<=", F32, "difference of the DAG from jax.nn"),
        Gate("loops", "==", 0, "scans and whiles in the program of a block without a mask"),
        Gate("without_mask", ">", 0, "smallest entry of its Jacobian"),
        limit("recurrent_loops", ">=", 1, "the same loops in a recurrent network"),
    ),
    effect="exactly {later:.0f} from later tokens; DAG against mask {mask_error:.1e}; {loops:.0f} "
    "loops in a block",
    argument="One block's program has no loop over tokens and everyone's result depends on "
    "everyone; under the causal mask nothing of a later token arrives, to the bit. (Of the "
    "program, that is: no time is measured, and to write text a causal model still goes token by "
    "token.)",
    draw=draw_figure,
    notebook="01_attention_is_message_passing",
)
