"""Attention over an edge list: gathers, a segment softmax, a scatter."""

from typing import Any

import jax.numpy as jnp
from jax import Array

from gtx.ops.attention import block
from gtx.ops.attention.contract import Call, as_edges, clean_tree, compute_dtype, edge_bias
from gtx.ops.attention.scores import edge_value_of, evaluate
from gtx.ops.masks import clean
from gtx.ops.noise import keep_mask
from gtx.ops.segment import gather, segment_exp, segment_sum


def supports(call: Call) -> str | None:
    """None: any structure can be written as an edge list (a complete graph takes much memory)."""
    del call
    return None


def attend(call: Call) -> tuple[Array, Array, Any]:
    """Result [receivers, heads, value_dim], log-sum-exp [receivers, heads] and message."""
    structure, dtype = as_edges(call.structure), compute_dtype(call)
    senders, receivers, where = structure.senders, structure.receivers, structure.where
    num_receivers, num_heads = call.query.shape[:2]
    into: dict[str, Any] = dict(indices_are_sorted=structure.indices_are_sorted)

    # The cast comes before the gathers, so that their gradients are summed in at least float32.
    query = clean(gather(call.query.astype(dtype), receivers, **into), where, dtype)
    key = clean(gather(call.key.astype(dtype), senders), where, dtype)
    value = clean(gather(call.value.astype(dtype), senders), where, dtype)
    if call.edge_key is not None:
        key = key + clean(call.edge_key, where, dtype)
    if call.edge_value is not None:
        value = value + clean(call.edge_value, where, dtype)

    entry = clean_tree(call.entry, where, dtype)
    logits, message = evaluate(call.score, query, key, entry, call.scale)
    message = clean_tree(message, where)
    added = edge_value_of(call.score, message)
    if added is not None:
        value = value + added.astype(dtype)
    if call.bias is not None:
        logits = logits + edge_bias(call.bias, structure, dtype)
    weights, total, peak = segment_exp(logits, receivers, num_receivers, where=where, **into)
    if call.gate is not None:
        gated = weights * clean(call.gate, where, dtype)
    else:
        gated = weights
    if call.dropout_bits is not None:
        # From the ids of both ends: all implementations draw the same noise for an edge or pair.
        keep = keep_mask(
            call.dropout_bits,
            call.dropout_rate,
            structure.receiver_ids[receivers][:, None],
            structure.sender_ids[senders][:, None],
            jnp.arange(num_heads, dtype=jnp.uint32),
        )
        gated = jnp.where(keep, gated, 0)
    # The sums are divided and not the weights: there are fewer receivers than edges.
    out = segment_sum(gated[..., None] * value, receivers, num_receivers, **into)

    out, lse = block.divide(block.facts(call), out, total, peak)
    return out.astype(call.value.dtype), lse, message
