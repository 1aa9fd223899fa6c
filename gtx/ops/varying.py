"""Which axes of a mesh the values inside a `jax.shard_map` differ along.

jax notes them in the type of every value and casts the operands of its own operations to what
they need. Three things it leaves to whoever writes them: a carry of a loop starts with the axes
that it ends with, the gradient of a hand-written rule has those of its operand, and both branches
of a condition have the same. A value without axes that meets one with them is cast before, and
automatic differentiation then sums its gradient over the shards. Outside of a `shard_map` no value
has any, and nothing here does anything.
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
    """`tree` with all its arrays varying along the axes of `like` too."""
    axes = varying_axes(like)
    if not axes:
        return tree

    def cast(leaf: Any) -> Any:
        if not _is_array(leaf):
            return leaf
        return jax.lax.pcast(leaf, tuple(sorted(axes - varying_axes(leaf))), to="varying")

    return jax.tree.map(cast, tree)


def vary_together(*trees: Any) -> Any:
    """The trees, all their arrays varying along the same axes: those of any of them."""
    return vary_like(trees, trees)


def _arrays(tree: Any) -> list[Any]:
    return [leaf for leaf in jax.tree.leaves(tree) if _is_array(leaf)]


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray)
