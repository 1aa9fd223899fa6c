"""Trees in two halves, because a hand-written gradient exists for floating-point leaves only."""

from typing import Any

import jax
import jax.numpy as jnp


def partition(tree: Any) -> tuple[Any, Any]:
    """The floating-point leaves, and the others, with None for what is missing."""

    def is_float(leaf: Any) -> bool:
        return bool(jnp.issubdtype(leaf.dtype, jnp.floating))

    return (
        jax.tree.map(lambda leaf: leaf if is_float(leaf) else None, tree),
        jax.tree.map(lambda leaf: None if is_float(leaf) else leaf, tree),
    )


def merge(floats: Any, others: Any) -> Any:
    """The tree of which these are the two halves."""
    return jax.tree.map(
        lambda one, other: other if one is None else one,
        floats,
        others,
        is_leaf=lambda leaf: leaf is None,
    )


def add(one: Any, other: Any) -> Any:
    """The sum, leaf by leaf."""
    return jax.tree.map(jnp.add, one, other)
