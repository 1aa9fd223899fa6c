"""Pure JAX on arrays: attention and its implementations, segments, layout, message passing."""

from gtx.ops.attention import (
    Additive,
    BiasFunction,
    Clamped,
    Complete,
    Dot,
    Dynamic,
    Edges,
    EGTScore,
    GRITScore,
    Multiplied,
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
from gtx.ops.linear_attention import linear_attention, linear_sums
from gtx.ops.message_passing import aggregate, message_passing
from gtx.ops.noise import keep_mask, key_bits, node_ids
from gtx.ops.pooling import pool
from gtx.ops.propagation import normalized_sum
from gtx.ops.random_features import orthogonal_projection, relu_features, softmax_features
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
    "EGTScore",
    "Edges",
    "GRITScore",
    "Layout",
    "Multiplied",
    "Score",
    "Tier",
    "aggregate",
    "attention",
    "attention_weights",
    "edge_pairs",
    "gather",
    "keep_mask",
    "key_bits",
    "linear_attention",
    "linear_sums",
    "make_layout",
    "message_passing",
    "node_ids",
    "normalized_sum",
    "orthogonal_projection",
    "pair_mask",
    "pool",
    "relu_features",
    "segment_count",
    "segment_max",
    "segment_mean",
    "segment_min",
    "segment_softmax",
    "segment_std",
    "segment_sum",
    "softmax_features",
    "split_pairs",
    "split_slots",
    "to_nodes",
    "to_slots",
]
