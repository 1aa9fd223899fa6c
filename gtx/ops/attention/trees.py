"""Splits trees into two halves: a hand-written gradient exists only for floating-point leaves."""

from typing import Any

import jax
import jax.numpy as jnp


def partition(tree: Any) -> tuple[Any, Any]:
    """Two trees: the floating-point leaves and the others, each with None for missing leaves."""

    def is_float(leaf: Any) -> bool:
        return bool(jnp.issubdtype(leaf.dtype, jnp.floating))

    return (
        jax.tree.map(lambda leaf: leaf if is_float(leaf) else None, tree),
        jax.tree.map(lambda leaf: None if is_float(leaf) else leaf, tree),
    )


def merge(floats: Any, others: Any) -> Any:
    """The tree from its two halves: the inverse of `partition`."""
    return jax.tree.map(
        lambda one, other: other if one is None else one,
        floats,
        others,
        is_leaf=lambda leaf: leaf is None,  # jax would treat None as a tree without leaves
    )


def add(one: Any, other: Any) -> Any:
    """The sum, leaf by leaf."""
    return jax.tree.map(jnp.add, one, other)
