"""Pure JAX on arrays: attention and its implementations, segments, layout, message passing."""

from gtx.ops.attention import (
    Additive,
    BiasFunction,
    Clamped,
    Complete,
    Dot,
    Dynamic,
    Edges,
    Score,
    attention,
    attention_weights,
)
from gtx.ops.layout import (
    Layout,
    Tier,
    edge_pairs,
    make_layout,
    pair_mask,
    split_pairs,
    split_slots,
    to_nodes,
    to_slots,
)
from gtx.ops.message_passing import aggregate, message_passing
from gtx.ops.noise import keep_mask, key_bits, node_ids
from gtx.ops.pooling import pool
from gtx.ops.segment import (
    gather,
    segment_count,
    segment_max,
    segment_mean,
    segment_min,
    segment_softmax,
    segment_std,
    segment_sum,
)

__all__ = [
    "Additive",
    "BiasFunction",
    "Clamped",
    "Complete",
    "Dot",
    "Dynamic",
    "Edges",
    "Layout",
    "Score",
    "Tier",
    "aggregate",
    "attention",
    "attention_weights",
    "edge_pairs",
    "gather",
    "keep_mask",
    "key_bits",
    "make_layout",
    "message_passing",
    "node_ids",
    "pair_mask",
    "pool",
    "segment_count",
    "segment_max",
    "segment_mean",
    "segment_min",
    "segment_softmax",
    "segment_std",
    "segment_sum",
    "split_pairs",
    "split_slots",
    "to_nodes",
    "to_slots",
]
