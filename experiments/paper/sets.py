"""E12: a Transformer without positions computes functions of sets, Deep Sets among them."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import gtx.nn
from experiments.paper import graphs
from experiments.paper.equality import complete_structure
from experiments.paper.modules import apply, pad_nodes, parameters
from experiments.paper.results import Measurement, largest_difference
from gtx.batch import Features
from gtx.ops import attention

DIM, SIZES = 8, (1, 4, 7)
LAYERS = {
    "SAB": functools.partial(gtx.nn.SetAttentionBlock, DIM, num_heads=2),
    "ISAB": functools.partial(gtx.nn.ISAB, DIM, num_points=3, num_heads=2),
    "Transformer": functools.partial(
        gtx.nn.TransformerBlock, DIM, functools.partial(gtx.nn.MultiHeadAttention, num_heads=2)
    ),
}


def deep_sets(x: np.ndarray, own: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The equivariant linear layer of Zaheer et al. (2017): own map, and a map of the mean."""
    return x @ own + np.broadcast_to(x.mean(0) @ others, (len(x), others.shape[1]))


def attention_layer(x: Any, w_q: Any, w_k: Any, w_v: Any, skip: Any) -> Any:
    """A head of equations 2 to 4 over all pairs, beside a linear map of the node itself."""
    query, key, value = ((x @ w)[:, None] for w in (w_q, w_k, w_v))
    return x @ skip + attention(query, key, value, complete_structure(len(x)), scale=1.0)[:, 0]


def set_functions(n: int = 12) -> Measurement:
    """E12: Deep Sets is the case W_Q = 0; SAB and ISAB follow permutations, PMA ignores them."""
    rng = np.random.default_rng(0)
    values: dict[str, float] = {}
    with jax.enable_x64(True):
        x = rng.normal(size=(n, DIM))
        w_q, w_k, w_v, skip = rng.normal(size=(4, DIM, DIM))
        arrays = [jnp.asarray(value) for value in (x, w_q, w_k, w_v, skip)]
        expected = deep_sets(x, skip, w_v)
        uniform = attention_layer(arrays[0], jnp.zeros((DIM, DIM)), *arrays[2:])
        values["deep_sets"] = largest_difference(uniform, expected)
        values["deep_sets_with_queries"] = largest_difference(attention_layer(*arrays), expected)

        batch = graphs.batch_of([graphs.complete(size) for size in SIZES])
        starts = np.cumsum([0, *SIZES])
        order = np.concatenate(
            [start + rng.permutation(size) for start, size in zip(starts, SIZES, strict=False)]
        )
        rows = rng.normal(size=(starts[-1], DIM))
        before, after = (Features(nodes=pad_nodes(r, batch)) for r in (rows, rows[order]))
        equivariance, change = [], []
        for factory in LAYERS.values():
            module = factory(param_dtype=jnp.float64)
            variables = parameters(module, before, batch, seed=1)
            one, two = (
                np.asarray(apply(module, variables, given, batch).nodes)[: starts[-1]]
                for given in (before, after)
            )
            equivariance.append(largest_difference(two, one[order]))
            change.append(largest_difference(two, one))
        values["equivariance"], values["not_renumbered"] = max(equivariance), min(change)
        pool = gtx.nn.PMA(num_seeds=2, num_heads=2, param_dtype=jnp.float64)
        variables = parameters(pool, before, batch, seed=1)
        pooled = [np.asarray(apply(pool, variables, g, batch))[:3] for g in (before, after)]
        values["invariance"] = largest_difference(*pooled)
        values["pma_tells_sets_apart"] = largest_difference(pooled[0][1], pooled[0][2])
    return Measurement(values)
