"""E10, E21: who depends on whom, read off Jacobians."""

import functools
from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

import gtx.nn
from experiments.paper import graphs
from experiments.paper.equality import complete_structure, edge_structure
from experiments.paper.modules import jit_once, pad_nodes, parameters
from experiments.paper.results import Measurement, largest_difference
from gtx.batch import Features
from gtx.ops import attention

DIM = 4
GRAPHS = {
    "path": graphs.path(8),
    "ring": graphs.ring(9),
    "tree": graphs.binary_tree(3),
    "grid": graphs.grid(3, 4),
}
# One layer of each kind; activations without flat pieces, so that no gradient is 0 by chance.
LAYERS: dict[str, nn.Module] = {
    "attention": gtx.nn.TransformerBlock(
        DIM,
        functools.partial(gtx.nn.MultiHeadAttention, num_heads=2, structure="edges"),
        functools.partial(gtx.nn.FeedForward, activation=jnp.tanh),
    ),
    "GIN": gtx.nn.GIN(DIM, activation=jnp.tanh),
}


def dependence(jacobian: Any) -> np.ndarray:
    """Largest entry of each block of a Jacobian [..., i, feat, j, feat] -> [..., i, j]."""
    return np.abs(np.asarray(jacobian)).max(axis=(-3, -1))


def jacobians_by_layer(name: str, adjacencies: Sequence[np.ndarray], layers: int) -> np.ndarray:
    """|d h_i^L / d h_j^0| for L = 1 .. layers: [layers, nodes, nodes] over all graphs together."""
    module, batch = LAYERS[name], graphs.batch_of(adjacencies)
    n = sum(map(len, adjacencies))
    x = jnp.asarray(np.random.default_rng(0).normal(size=(n, DIM)))
    empty = Features(nodes=pad_nodes(x, batch))
    variables = [parameters(module, empty, batch, seed=seed) for seed in range(layers)]

    def hidden(x: Any) -> Any:
        """Every layer's nodes."""
        found = []
        features = Features(nodes=pad_nodes(x, batch))
        for own in variables:
            features = module.apply(own, features, batch, train=False)
            found.append(features.nodes[:n])
        return jnp.stack(found)

    return dependence(jit_once(jax.jacfwd(hidden))(x))


def hops(layers: int = 6, names: Sequence[str] = tuple(LAYERS)) -> Measurement:
    """E10: after L layers a node depends on those within L hops, and on exactly those."""
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


def causal(n: int = 10, layers: int = 3) -> Measurement:
    """E21: a causal language model is message passing on a DAG: nobody sees what comes later."""
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
    """Loops in the program of a block over all pairs, and in that of a recurrent network."""
    module = gtx.nn.TransformerBlock(DIM, functools.partial(gtx.nn.MultiHeadAttention, num_heads=2))
    batch = graphs.batch_of([graphs.complete(n)])
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
