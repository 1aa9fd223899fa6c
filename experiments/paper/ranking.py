"""E6: whether the neighbour that matters most depends on who asks."""

from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
import numpy as np

import gtx.nn
from experiments.paper import graphs
from experiments.paper.modules import jit_once, pad_nodes, parameters
from experiments.paper.results import Measurement
from gtx.batch import Features

DIM = 16
LAYERS: dict[str, nn.Module] = {
    "gat": gtx.nn.GAT(DIM, num_heads=1),
    "gatv2": gtx.nn.GATv2(DIM, num_heads=1),
    "dot": gtx.nn.TransformerConv(DIM, num_heads=1),
}


def bipartite(n: int) -> np.ndarray:
    """Every node of the second half receives from every node of the first."""
    adjacency = np.zeros((n, n))
    adjacency[n // 2 :, : n // 2] = 1
    return adjacency


def weight_matrices(name: str, adjacency: np.ndarray, seeds: Sequence[int]) -> list[np.ndarray]:
    """The attention weights [receiver, sender] of a layer on random nodes, for each seed."""
    module, n = LAYERS[name], len(adjacency)
    batch = graphs.batch_of([adjacency])

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
    """E6: distinct first choices over all receivers, in a complete and a bipartite graph."""
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
