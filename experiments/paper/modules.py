"""Layers of gtx on features that are given, under random parameters."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from gtx.batch import Batch, Features


def draw(shapes: Any, rng: np.random.Generator, dtype: Any, size: float = 0.5) -> Any:
    """Parameters for a tree of shapes, none of them 0 or 1; factors of norms are positive."""

    def values(path: Any, leaf: Any) -> Any:
        if path[-1].key in ("scale", "var"):
            return jnp.asarray(rng.uniform(0.5, 1.5, leaf.shape), dtype)
        return jnp.asarray(size * rng.normal(size=leaf.shape), dtype)

    return jax.tree_util.tree_map_with_path(values, shapes)


def parameters(
    module: nn.Module, features: Features, batch: Batch, *, seed: int, size: float = 0.5
) -> Any:
    """Random variables of a layer, in the dtype of the nodes."""
    shapes = jax.eval_shape(lambda: module.init(jax.random.key(0), features, batch, train=False))
    return draw(shapes, np.random.default_rng(seed), features.nodes.dtype, size)


def apply(module: nn.Module, variables: Any, features: Features, batch: Batch) -> Any:
    """The layer in evaluation, compiled."""
    call = jit_once(lambda *arguments: module.apply(*arguments, train=False))
    return call(variables, features, batch)


def pad_nodes(rows: Any, batch: Batch) -> Any:
    """Rows of the real nodes, and 0 for the padding behind them."""
    rows = jnp.asarray(rows)
    return jnp.pad(rows, ((0, batch.node_mask.shape[0] - len(rows)), (0, 0)))


def jit_once(function: Callable[..., Any]) -> Callable[..., Any]:
    """`jax.jit` for what runs a few times only: compiles in half the time, computes the same."""
    return jax.jit(function, compiler_options={"xla_backend_optimization_level": 0})
