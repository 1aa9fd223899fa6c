"""The mesh axes along which a value inside a `jax.shard_map` differs between shards.

jax stores these axes in the type of every value ("varying" axes) and casts the operands of its own
operations as needed. Three cases are left to the programmer:

* the initial carry of a loop must have the same axes as the final carry;
* the gradient that a hand-written rule returns must have the same axes as its operand;
* both branches of a condition must have the same axes.

In these cases a value with fewer axes is cast before it is used. Automatic differentiation then
sums its gradient over the shards. Outside of a `shard_map` no value has such axes, and the
functions of this file do nothing.
"""

from typing import Any

import jax
import numpy as np


def varying_axes(tree: Any) -> frozenset[str]:
    """The axes of the mesh along which any array of a tree differs."""
    axes: frozenset[str] = frozenset()
    for leaf in _arrays(tree):
        axes |= getattr(jax.typeof(leaf).manual_axis_type, "varying", frozenset())
    return axes


def vary_like(tree: Any, like: Any) -> Any:
    """`tree` with all its arrays also varying along the axes of `like`."""
    axes = varying_axes(like)
    if not axes:
        return tree

    def cast(leaf: Any) -> Any:
        if not _is_array(leaf):
            return leaf
        return jax.lax.pcast(leaf, tuple(sorted(axes - varying_axes(leaf))), to="varying")

    return jax.tree.map(cast, tree)


def vary_together(*trees: Any) -> Any:
    """The trees, with all arrays cast to vary along every axis that any of them varies along."""
    return vary_like(trees, trees)


def _arrays(tree: Any) -> list[Any]:
    return [leaf for leaf in jax.tree.leaves(tree) if _is_array(leaf)]


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray)
