"""Sums over the senders of dense pairs."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from gtx.ops.arguments import check_floats, check_length, check_where
from gtx.ops.layout import Layout, check_layout, split_pairs, split_slots, to_nodes, to_slots
from gtx.ops.masks import clean


def pair_sum(
    pairs: Float[Array, " pairs feat"],
    layout: Layout,
    *,
    nodes: Float[Array, " nodes feat"] | None = None,
    where: Bool[Array, " pairs"] | None = None,
) -> Float[Array, " nodes feat"]:
    """sum_j pairs_ij, or sum_j pairs_ij * nodes_j, for each receiver i, in at least float32.

    Args:
      pairs: features of the pairs of a layout, receivers first.
      layout: of the nodes.
      nodes: features of the nodes, which multiply those of the pairs in which they are sender.
      where: True for pairs that count. The others have no influence, whatever they hold.

    Returns:
      One row per node in the dtype of `pairs`; 0 in padding.
    """
    check_layout(layout)
    check_floats(pairs, "pairs", "[pairs, feat]")
    check_length(pairs, layout.num_pairs, "pairs", "pairs of the layout")
    check_where(where, layout.num_pairs)
    wide = jnp.promote_types(pairs.dtype, jnp.float32)
    parts = split_pairs(clean(pairs, where, wide), layout.tiers)
    if nodes is None:
        sums = [part.sum(axis=2) for part in parts]
    else:
        senders = split_slots(to_slots(nodes.astype(wide), layout), layout.tiers)
        full = jax.lax.Precision.HIGHEST
        sums = [
            jnp.einsum("gijd,gjd->gid", part, sender, precision=full)
            for part, sender in zip(parts, senders, strict=True)
        ]
    flat = [part.reshape(-1, part.shape[-1]) for part in sums]
    empty = jnp.zeros((0, pairs.shape[-1]), wide)
    return to_nodes(jnp.concatenate([empty, *flat]), layout).astype(pairs.dtype)
