"""Checks that both ends of every edge are nodes, on the host or inside a compiled function."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import checkify


def check_ends(edges: Any, num_receivers: int, num_senders: int) -> bool:
    """Check the ids of real edges. False if they cannot be read here: see `_can_be_read`.

    Raises:
      ValueError: a sender or receiver is not a node (the message names the first such edge), or
        receivers break the promise to be sorted.
    """
    arrays = [edges.senders, edges.receivers]
    arrays += [] if edges.where is None else [edges.where]
    if not all(_can_be_read(values) for values in arrays):
        return False
    senders, receivers, *rest = (np.asarray(values) for values in arrays)
    where = rest[0] if rest else True
    for name, ids, count in (
        ("senders", senders, num_senders),
        ("receivers", receivers, num_receivers),
    ):
        wrong = ((ids < 0) | (ids >= count)) & where
        if wrong.any():
            edge = int(np.argmax(wrong))
            raise ValueError(
                f"{name}[{edge}] is {ids[edge]}, but there are {count} {name}, counted from 0. "
                f"Mend the edge, pass {'query' if name == 'receivers' else 'key and value'} of "
                "all nodes, or set `where` to False for an edge that is padding."
            )
    if edges.indices_are_sorted and np.any(receivers[1:] < receivers[:-1]):
        edge = int(np.argmax(receivers[1:] < receivers[:-1])) + 1
        raise ValueError(
            f"indices_are_sorted promises that receivers do not decrease, but receivers[{edge}] is "
            f"{receivers[edge]} after {receivers[edge - 1]}. Sort the edges, or leave it out."
        )
    return True


def _can_be_read(values: Any) -> bool:
    """False for a traced array, and for one of which other machines hold a part."""
    if isinstance(values, jax.core.Tracer):
        return False
    return not isinstance(values, jax.Array) or values.is_fully_addressable


def check_traced_ends(edges: Any, num_receivers: int, num_senders: int) -> None:
    """The same checks by `checkify`, as a part of the program that is being traced."""
    real = True if edges.where is None else jnp.asarray(edges.where)
    ends = (("senders", edges.senders, num_senders), ("receivers", edges.receivers, num_receivers))
    for name, ids, count in ends:
        ids = jnp.asarray(ids)
        if not ids.shape[0]:
            continue
        wrong = ((ids < 0) | (ids >= count)) & real
        edge = jnp.argmax(wrong)
        checkify.check(
            ~wrong.any(),
            name + "[{edge}] is {node}, but there are {count} " + name + ", counted from 0",
            edge=edge,
            node=ids[edge],
            count=jnp.asarray(count),
        )
    if edges.indices_are_sorted:
        receivers = jnp.asarray(edges.receivers)
        checkify.check(
            jnp.all(receivers[1:] >= receivers[:-1]),
            "indices_are_sorted promises that receivers do not decrease, but they do",
        )
