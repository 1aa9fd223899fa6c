"""Which nodes depend on which after some layers, read off Jacobians (E10, E21)."""

import functools
from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

import gtx.nn
from experiments.paper import batches
from experiments.paper.modules import jit_once, pad_nodes, parameters
from gtx.batch import Features

DIM = 4
# Activations without flat pieces, so that no gradient is 0 by chance.
LAYERS: dict[str, nn.Module] = {
    "attention": gtx.nn.TransformerBlock(
        DIM,
        functools.partial(gtx.nn.MultiHeadAttention, num_heads=2, structure="edges"),
        functools.partial(gtx.nn.FeedForward, activation=jnp.tanh),
    ),
    "GIN": gtx.nn.GIN(DIM, activation=jnp.tanh),
}


def dependence(jacobian: Any) -> np.ndarray:
    """The largest entry of each block of a Jacobian: [..., i, feat, j, feat] -> [..., i, j]."""
    return np.abs(np.asarray(jacobian)).max(axis=(-3, -1))


def jacobians_by_layer(name: str, adjacencies: Sequence[np.ndarray], layers: int) -> np.ndarray:
    """|d h_i^L / d h_j^0| after L = 1, 2, ... layers, over all graphs: [layers, nodes, nodes]."""
    module, batch = LAYERS[name], batches.batch_of(adjacencies)
    n = sum(map(len, adjacencies))
    x = jnp.asarray(np.random.default_rng(0).normal(size=(n, DIM)))
    empty = Features(nodes=pad_nodes(x, batch))
    variables = [parameters(module, empty, batch, seed=seed) for seed in range(layers)]

    def hidden(x: Any) -> Any:
        """The nodes after every layer."""
        found = []
        features = Features(nodes=pad_nodes(x, batch))
        for own in variables:
            features = module.apply(own, features, batch, train=False)
            found.append(features.nodes[:n])
        return jnp.stack(found)

    return dependence(jit_once(jax.jacfwd(hidden))(x))
