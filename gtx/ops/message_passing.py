"""Message passing. Every layer of gtx is a special case of it, attention included."""

from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Integer

from gtx.ops import segment
from gtx.ops.arguments import (
    as_ids,
    check_array,
    check_choice,
    check_count,
    check_floats,
    check_length,
    check_where,
)
from gtx.ops.masks import clean

Reduction = Literal["sum", "mean", "max", "min", "std"]
Aggregation = Literal[Reduction, "softmax"]

_REDUCTIONS = {
    "sum": segment.segment_sum,
    "mean": segment.segment_mean,
    "max": segment.segment_max,
    "min": segment.segment_min,
    "std": segment.segment_std,
}


def aggregate(
    messages: Any,
    receivers: Integer[Array, " edges"],
    num_receivers: int,
    *,
    method: Aggregation = "sum",
    where: Bool[Array, " edges"] | None = None,
    indices_are_sorted: bool = False,
) -> Any:
    """Reduce the messages that arrive at each receiver. Equation 12 of Joshi (2025).

    Args:
      messages: an array [edges, ...], or a tree of such arrays; for "softmax" a pair of logits
        and such a tree.
      receivers: the receiver of each edge.
      num_receivers: static.
      method: the reduction. A receiver without edges gets 0. "softmax" is a mean weighted by
        the softmax of the logits over the edges of a receiver, equation 15: logits [edges] or
        [edges, heads], messages with these axes first.
      where: True for real edges.
      indices_are_sorted: promise that `receivers` do not decrease.

    Returns:
      [receivers, ...] arrays in the tree of `messages`.
    """
    options: dict[str, Any] = dict(where=where, indices_are_sorted=indices_are_sorted)
    check_choice(method, (*_REDUCTIONS, "softmax"), "aggregation")
    receivers = as_ids(receivers, "receivers")
    check_where(where, receivers.shape[0])
    check_count(num_receivers, "num_receivers")
    _check_rows(messages, receivers.shape[0], "messages", "edges")
    if method == "softmax":
        return _softmax(messages, receivers, num_receivers, options)
    return jax.tree.map(
        lambda values: _REDUCTIONS[method](values, receivers, num_receivers, **options), messages
    )


def _check_rows(tree, length, name, rows):
    """The length of the first axis of all arrays of a tree; it must be `length`, if given."""
    if hasattr(tree, "n_node"):
        raise TypeError(
            f"{name} must be an array or a tree of arrays, got a GraphsTuple; pass its fields: "
            "graph.nodes, graph.senders, graph.receivers, edges=graph.edges."
        )
    leaves = jax.tree.leaves(tree)
    if not leaves:
        raise ValueError(f"{name} hold no array; pass one [{rows}, ...], or a tree of such.")
    for leaf in leaves:
        check_array(leaf, f"{name} (each array of its tree)", f"[{rows}, ...]")
        length = leaf.shape[0] if length is None else length
        check_length(leaf, length, name, rows)
    return length


def _softmax(messages, receivers, num_receivers, options):
    if not isinstance(messages, tuple) or len(messages) != 2:
        raise ValueError(
            'aggregation "softmax" takes messages that are a pair (logits, values), got '
            f"{type(messages).__name__}."
        )
    logits, messages = messages
    check_floats(logits, "logits", "[edges, ...]")
    logits = logits.astype(jnp.promote_types(logits.dtype, jnp.float32))
    # Weights and messages are widened before the sum; only the sum is rounded to their dtype.
    weights = segment.segment_softmax(logits, receivers, num_receivers, **options)

    def to_rank(values, ndim):
        return values.reshape(values.shape + (1,) * (ndim - values.ndim))

    def reduce(values):
        check_floats(values, "messages", "[edges, ...]")
        if values.shape[: logits.ndim] != logits.shape:
            raise ValueError(
                f"The messages of a softmax must have the axes of their logits first: "
                f"{list(logits.shape)} and then any, got {list(values.shape)}."
            )
        wide = values.astype(jnp.promote_types(values.dtype, weights.dtype))
        # A masked message may hold NaN. Its weight is 0, but 0 * NaN is NaN, in the result and
        # in the gradient of the weights.
        if options["where"] is not None:
            wide = jnp.where(to_rank(options["where"], wide.ndim), wide, 0)
        weighted = to_rank(weights, wide.ndim) * wide
        total = segment.segment_sum(weighted, receivers, num_receivers, **options)
        return total.astype(values.dtype)

    return jax.tree.map(reduce, messages)


def message_passing(
    nodes: Any,
    senders: Integer[Array, " edges"],
    receivers: Integer[Array, " edges"],
    *,
    message: Callable[[Any, Any, Any], Any],
    update: Callable[[Any, Any], Any],
    edges: Any = None,
    method: Aggregation = "sum",
    where: Bool[Array, " edges"] | None = None,
    indices_are_sorted: bool = False,
) -> Any:
    """One step of message passing: equations 11 to 13 of Joshi (2025).

        m_ij = message(h_i, h_j, e_ij)           for each edge from j to i
        m_i  = sum (or mean, ...) over j of m_ij
        h_i' = update(h_i, m_i)

    Args:
      nodes: an array [nodes, ...], or a tree of such arrays.
      senders: the sender j of each edge, integers of any type in [0, nodes).
      receivers: the receiver i of each edge, likewise. An id out of range is a mistake that this
        function does not detect; `Edges.checked(senders, receivers, num_receivers=...)` does. A
        sender that is too large is clipped to the last node, and a negative one counts from the
        end. The message to a receiver out of range is left out.
      message: called with the features of receivers, senders and edges, each [edges, ...].
      update: called with `nodes` and the aggregated messages, each [nodes, ...].
      edges: edge features, an array or a tree; None if there are none.
      method: how messages are reduced, see `aggregate`.
      where: True for real edges. The others send nothing, whatever they and their end nodes hold.
        `message` sees 0 in their place and must be differentiable at 0.
      indices_are_sorted: promise that `receivers` do not decrease.

    Returns:
      The return value of `update`.
    """
    for name, function in (("message", message), ("update", update)):
        if not callable(function):
            raise TypeError(f"{name} must be a function, got {type(function).__name__}.")
    senders, receivers = as_ids(senders, "senders"), as_ids(receivers, "receivers")
    check_length(receivers, senders.shape[0], "receivers", "senders")
    check_where(where, senders.shape[0])
    num_nodes = _check_rows(nodes, None, "nodes", "nodes")
    if edges is not None:
        _check_rows(edges, senders.shape[0], "edges", "edges")
    into: dict[str, Any] = dict(indices_are_sorted=indices_are_sorted)

    def keep(values: Any) -> Any:
        """Clear masked rows before `message`; in its gradient, 0 times NaN would be NaN."""
        return clean(values, where)

    messages = message(
        jax.tree.map(lambda values: keep(segment.gather(values, receivers, **into)), nodes),
        jax.tree.map(lambda values: keep(segment.gather(values, senders)), nodes),
        jax.tree.map(keep, edges),
    )
    arrived = aggregate(messages, receivers, num_nodes, method=method, where=where, **into)
    return update(nodes, arrived)
