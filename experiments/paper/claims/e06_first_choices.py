"""E6: whether different nodes can find different neighbours most important."""

from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

import gtx.models
import gtx.nn
from experiments.paper import batches, graphs, style
from experiments.paper.claim import Claim, Gate, wording
from experiments.paper.measurement import Measurement
from experiments.paper.modules import jit_once, pad_nodes, parameters
from gtx.batch import Features

DIM = 16
LAYERS: dict[str, nn.Module] = {
    "gat": gtx.nn.GAT(DIM, num_heads=1),
    "gatv2": gtx.nn.GATv2(DIM, num_heads=1),
    "dot": gtx.nn.TransformerConv(DIM, num_heads=1),
}


def bipartite(n: int) -> np.ndarray:
    """A graph in which every node of the second half receives from every node of the first."""
    adjacency = np.zeros((n, n))
    adjacency[n // 2 :, : n // 2] = 1
    return adjacency


def weight_matrices(name: str, adjacency: np.ndarray, seeds: Sequence[int]) -> list[np.ndarray]:
    """The attention weights [receiver, sender] of a layer on random nodes, for each seed."""
    module, n = LAYERS[name], len(adjacency)
    batch = batches.batch_of([adjacency])

    @jit_once
    def weights(variables: Any, nodes: Any) -> Any:
        _, changed = module.apply(
            variables, Features(nodes=nodes), batch, train=False, mutable=["intermediates"]
        )
        (found,) = changed["intermediates"]["weights"]
        shape = (len(batch.node_mask),) * 2
        found = jnp.where(batch.edge_mask, found[:, 0], 0)
        return jnp.zeros(shape).at[batch.receivers, batch.senders].add(found)[:n, :n]

    matrices = []
    for seed in seeds:
        x = np.random.default_rng(seed).normal(size=(n, DIM)).astype(np.float32)
        features = Features(nodes=pad_nodes(x, batch))
        variables = parameters(module, features, batch, seed=seed, size=1.0)
        matrices.append(np.asarray(weights(variables, features.nodes)))
    return matrices


def distinct_favourites(matrix: np.ndarray) -> int:
    """How many senders are the first choice of some receiver."""
    receives = matrix.sum(1) > 0
    return len(np.unique(matrix[receives].argmax(1)))


def dynamic(n: int = 32, seeds: int = 5) -> Measurement:
    """Count distinct first choices over all receivers, in a complete and a bipartite graph."""
    found = {}
    for shape, adjacency in (
        ("complete", graphs.complete(n, loops=True)),
        ("bipartite", bipartite(n)),
    ):
        for name in LAYERS:
            matrices = weight_matrices(name, adjacency, range(seeds))
            found[f"{name}_{shape}"] = [distinct_favourites(matrix) for matrix in matrices]
    values = {
        "gat_most": max(max(v) for k, v in found.items() if k.startswith("gat_")),
        "gatv2_least": min(min(v) for k, v in found.items() if k.startswith("gatv2_")),
        "dot_least": min(min(v) for k, v in found.items() if k.startswith("dot_")),
    }
    return Measurement(values, curves=dict(distinct_first_choices=found))


def draw_figure(n: int = 32) -> Figure:
    """Draw how many receivers have each sender as their first choice."""
    figure, axes = style.new(3, 1, height=4.2, sharex=True)
    titles = {"gat": "GAT: static", "gatv2": "GATv2: dynamic", "dot": "dot product: dynamic"}
    for axis, (name, title), colour in zip(
        axes[:, 0], titles.items(), (style.RED, style.GREEN, style.BLUE), strict=True
    ):
        (found,) = weight_matrices(name, graphs.complete(n, loops=True), [0])
        counts = np.bincount(found.argmax(1), minlength=n)
        axis.bar(range(n), counts, color=colour)
        kinds = np.count_nonzero(counts)
        axis.set_title(f"{title}, {kinds} distinct first choice{'s' if kinds > 1 else ''}")
        axis.set_ylim(0, counts.max() * 1.15)
    axes[1, 0].set_ylabel("receivers")
    axes[2, 0].set_xlabel("sender")
    return figure


CLAIM = Claim(
    number=6,
    place="2.2, equations 14-16",
    says="A GAT learns which neighbours are more important for each node.",
    test="Nodes that are somebody's first choice, among 32 random nodes, complete and complete "
    "bipartite, 5 seeds: GAT, GATv2, dot product. Nothing is trained.",
    measure=dynamic,
    gates=(
        Gate("gatv2_least", ">", 1, "fewest distinct first choices with GATv2"),
        Gate("dot_least", ">", 1, "fewest distinct first choices with dot products"),
        wording("gat_most", ">", 1, "most distinct first choices with the GAT that is cited"),
    ),
    effect="first choices: GAT {gat_most:.0f}, GATv2 from {gatv2_least:.0f}, dot product from "
    "{dot_least:.0f}",
    argument="Each node can have a first choice of its own.",
    words="In the GAT that is cited all nodes rank their neighbours alike, whatever the weights "
    "(Brody et al., 2022): it can learn which nodes are important, not for whom. The dot products "
    "of equations 14 to 16, and GATv2, which the paper does not cite, can (4c).",
    draw=draw_figure,
    in_readme=True,
    notebook="01_attention_is_message_passing",
)
