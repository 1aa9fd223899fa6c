"""Layers of gtx with random parameters, called on given features."""

import functools
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from gtx.batch import Batch, Features

# For programs that run a few times only: they compile in half the time.
QUICKLY = {"xla_backend_optimization_level": 0}


def random_values(shapes: Any, rng: np.random.Generator, dtype: Any, size: float = 0.5) -> Any:
    """Random parameters for a tree of shapes.

    None of them is 0 or 1, so that no part of a layer drops out. The factors of norms are positive.
    """

    def values(path: Any, leaf: Any) -> Any:
        if path[-1].key in ("scale", "var"):
            return jnp.asarray(rng.uniform(0.5, 1.5, leaf.shape), dtype)
        return jnp.asarray(size * rng.normal(size=leaf.shape), dtype)

    return jax.tree_util.tree_map_with_path(values, shapes)


def parameters(
    module: nn.Module, features: Features, batch: Batch, *, seed: int, size: float = 0.5
) -> Any:
    """Random parameters of a layer, in the dtype of the nodes."""
    shapes = jax.eval_shape(lambda: module.init(jax.random.key(0), features, batch, train=False))
    return random_values(shapes, np.random.default_rng(seed), features.nodes.dtype, size)


def apply(module: nn.Module, variables: Any, features: Features, batch: Batch) -> Any:
    """Call the layer as in evaluation, compiled once for each layer and each shape."""
    return _apply(module, variables, features, batch)


def pad_nodes(rows: Any, batch: Batch) -> Any:
    """Append rows of 0 for the nodes of padding, which come after the real ones."""
    rows = jnp.asarray(rows)
    return jnp.pad(rows, ((0, batch.node_mask.shape[0] - len(rows)), (0, 0)))


def jit_once(function: Callable[..., Any]) -> Callable[..., Any]:
    """`jax.jit` for a function that runs a few times only."""
    return jax.jit(function, compiler_options=QUICKLY)


@functools.partial(jax.jit, static_argnums=0, compiler_options=QUICKLY)
def _apply(module: nn.Module, variables: Any, features: Features, batch: Batch) -> Any:
    return module.apply(variables, features, batch, train=False)
