"""Message passing: the frame of which every layer here, attention included, is a case."""

from collections.abc import Callable
from typing import Any, Literal

import jax
from jaxtyping import Array, Bool, Int

from gtx.ops import segment

Aggregation = Literal["sum", "mean", "max", "min", "std"]

_REDUCTIONS = {
    "sum": segment.segment_sum,
    "mean": segment.segment_mean,
    "max": segment.segment_max,
    "min": segment.segment_min,
    "std": segment.segment_std,
}


def aggregate(
    messages: Any,
    receivers: Int[Array, " edges"],
    num_receivers: int,
    *,
    method: Aggregation = "sum",
    where: Bool[Array, " edges"] | None = None,
    indices_are_sorted: bool = False,
) -> Any:
    """Reduce the messages that arrive at each receiver. Equation 12 of Joshi (2025).

    Args:
      messages: an array [edges, ...], or a tree of such.
      receivers: the receiver of each edge.
      num_receivers: static.
      method: the reduction. A receiver without edges gets 0.
      where: True for real edges.
      indices_are_sorted: promise that `receivers` do not decrease.

    Returns:
      [receivers, ...] arrays in the tree of `messages`.
    """
    if method not in _REDUCTIONS:
        raise ValueError(f"No aggregation {method!r}; there are {', '.join(_REDUCTIONS)}.")
    return jax.tree.map(
        lambda values: _REDUCTIONS[method](
            values,
            receivers,
            num_receivers,
            where=where,
            indices_are_sorted=indices_are_sorted,
        ),
        messages,
    )


def message_passing(
    nodes: Any,
    senders: Int[Array, " edges"],
    receivers: Int[Array, " edges"],
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
      nodes: an array [nodes, ...], or a tree of such.
      senders: the sender j of each edge.
      receivers: the receiver i of each edge.
      message: called with the features of receivers, senders and edges, each [edges, ...].
      update: called with `nodes` and the aggregated messages, each [nodes, ...].
      edges: edge features, an array or a tree; None if there are none.
      method: how messages are reduced.
      where: True for real edges; the others send nothing, whatever they hold.
      indices_are_sorted: promise that `receivers` do not decrease.

    Returns:
      What `update` returns.
    """
    num_nodes = jax.tree.leaves(nodes)[0].shape[0]
    into: dict[str, Any] = dict(indices_are_sorted=indices_are_sorted)
    messages = message(
        jax.tree.map(lambda values: segment.gather(values, receivers, **into), nodes),
        jax.tree.map(lambda values: segment.gather(values, senders), nodes),
        edges,
    )
    arrived = aggregate(messages, receivers, num_nodes, method=method, where=where, **into)
    return update(nodes, arrived)
