"""Sums along edges with the weights of a graph convolution."""

from typing import Any, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Integer

from gtx.ops.arguments import check_choice, check_floats
from gtx.ops.message_passing import message_passing
from gtx.ops.segment import segment_count


def normalized_sum(
    values: Float[Array, " nodes *rest"],
    senders: Integer[Array, " edges"],
    receivers: Integer[Array, " edges"],
    *,
    where: Bool[Array, " edges"] | None = None,
    sender_degree: Literal["in", "out"] = "in",
    indices_are_sorted: bool = False,
) -> Float[Array, " nodes *rest"]:
    """sum_j v_j / sqrt(d_i d_j) over the edges into i and one from i to itself.

    The propagation of Kipf and Welling (2017). Loops of the graph are left out, as every node has
    one; duplicates of other edges count.

    Args:
      values: v, one row per node.
      senders: j of each edge.
      receivers: i of each edge.
      where: True for real edges; None for all.
      sender_degree: whether d_j counts the edges "in"to j or "out" of it; d_i those into i. Both
        count the one from the node to itself.
      indices_are_sorted: promise that `receivers` do not decrease.
    """
    check_floats(values, "values", "[nodes, ...]")
    check_choice(sender_degree, ("in", "out"), "sender_degree")
    others = senders != receivers
    others = others if where is None else others & where
    edges: dict[str, Any] = dict(where=others, indices_are_sorted=indices_are_sorted)
    count, axes = values.shape[0], (1,) * (values.ndim - 1)

    def root(degree):
        wide = jnp.promote_types(values.dtype, jnp.float32)
        return jax.lax.rsqrt((1 + degree).astype(wide)).astype(values.dtype).reshape(-1, *axes)

    into = root(segment_count(receivers, count, **edges))
    out = into
    if sender_degree == "out":
        out = root(segment_count(senders, count, where=others))
    return message_passing(
        out * values,
        senders,
        receivers,
        message=lambda receiver, sender, edge: sender,
        update=lambda node, arrived: into * (node + arrived),
        **edges,
    )
