"""E20: from local to global by one number, a bias that falls with the distance."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.paper import graphs
from experiments.paper.equality import complete_structure
from experiments.paper.results import Measurement, largest_difference
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
    """E20: beta = 0 is the Transformer, a large beta the graph attention of one hop."""
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
