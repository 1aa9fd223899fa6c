"""Trees of arrays on disk, by orbax. No other file imports orbax."""

import pathlib
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp

from gtx.training.patterns import leaf_name
from gtx.training.storage import only_the_error
from gtx.typing import PyTree


class TreeError(ValueError):
    """Stored arrays do not have the expected structure, shapes or dtypes."""


def save_arrays(path: pathlib.Path, tree: PyTree) -> None:
    """Write a tree of arrays into the new directory `path`; returns when all is on disk."""
    # Not StandardCheckpointer: it writes from threads that are still running after the call.
    with only_the_error(), ocp.Checkpointer(ocp.StandardCheckpointHandler()) as checkpointer:
        checkpointer.save(path.absolute(), args=ocp.args.StandardSave(_nested(tree)))


def load_arrays(path: pathlib.Path) -> dict[str, Any]:
    """The arrays of `save_arrays` as nested dicts of numpy arrays; keys are those of key paths."""
    with ocp.Checkpointer(ocp.StandardCheckpointHandler()) as checkpointer:
        return checkpointer.restore(path.absolute())


def restore_tree(arrays: dict[str, Any], template: PyTree) -> PyTree:
    """Arrays from `load_arrays` in the structure of `template`, checked leaf by leaf.

    Raises:
      TreeError: names a leaf that is missing, unknown, or of another shape or dtype.
    """
    found = {leaf_name(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(arrays)}
    wanted = jax.tree_util.tree_leaves_with_path(template)
    names = [leaf_name(path) for path, _ in wanted]
    missing = [name for name in names if name not in found]
    extra = sorted(set(found) - set(names))
    if missing or extra:
        problem = f"lack {missing[0]}" if missing else f"have {extra[0]}, which the model lacks"
        counts = f"({len(missing)} missing, {len(extra)} left over)"
        raise TreeError(f"the stored arrays {problem} {counts}; build the model they belong to.")
    leaves = []
    for name, (_, leaf) in zip(names, wanted, strict=True):
        stored = np.asarray(found[name])
        if stored.shape != leaf.shape or stored.dtype != leaf.dtype:
            raise TreeError(
                f"{name} is stored as {stored.dtype}{list(stored.shape)}, the model has "
                f"{leaf.dtype}{list(leaf.shape)}; build the model it belongs to."
            )
        leaves.append(stored)
    return jax.tree.unflatten(jax.tree.structure(template), leaves)


def _nested(tree: PyTree) -> dict[str, Any]:
    """The tree with dicts in place of every container, so that it can be read without classes."""
    nested: dict[str, Any] = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        *parents, name = leaf_name(path).split("/")
        inner = nested
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[name] = np.asarray(jax.device_get(leaf))
    return nested
