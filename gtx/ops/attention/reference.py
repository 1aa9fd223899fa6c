"""The reference: every receiver against every edge, in the highest precision in use.

It is written for easy comparison with the definition, not for speed. It shares only the score and
the dropout noise with the other implementations.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from gtx.ops.attention.contract import Call, as_edges, clean_tree, edge_bias
from gtx.ops.attention.scores import edge_value_of, evaluate
from gtx.ops.masks import clean
from gtx.ops.noise import keep_mask
from gtx.ops.segment import NEGATIVE


def supports(call: Call) -> str | None:
    """None: the reference answers every call."""
    del call
    return None


def attend(call: Call) -> tuple[Array, Array, Any]:
    """Result [receivers, heads, value_dim], log-sum-exp [receivers, heads] and message."""
    structure = as_edges(call.structure)
    dtype = jnp.result_type(float)  # float64 where x64 is enabled
    senders, receivers, where = structure.senders, structure.receivers, structure.where
    # A matrix of receivers x edges: slow, but it needs no segments, whose code is under test.
    incoming = receivers == jnp.arange(structure.num_receivers)[:, None]
    if where is not None:
        incoming = incoming & where
    incoming = incoming[..., None]  # [receivers, edges, heads]

    query = clean(call.query[receivers], where, dtype)
    key = clean(call.key[senders], where, dtype)
    value = clean(call.value[senders], where, dtype)
    if call.edge_key is not None:
        key = key + clean(call.edge_key, where, dtype)
    if call.edge_value is not None:
        value = value + clean(call.edge_value, where, dtype)
    entry = clean_tree(call.entry, where, dtype)
    logits, message = evaluate(call.score, query, key, entry, call.scale)
    message = clean_tree(message, where)
    added = edge_value_of(call.score, message)
    if added is not None:
        value = value + added
    if call.bias is not None:
        logits = logits + edge_bias(call.bias, structure, dtype)

    logits = jnp.where(incoming, logits, NEGATIVE)
    peak = jax.lax.stop_gradient(jnp.max(logits, axis=1, initial=NEGATIVE))
    weights = jnp.where(incoming, jnp.exp(logits - peak[:, None]), 0)
    total = jnp.sum(weights, axis=1)
    found = total > 0
    total = jnp.where(found, total, 1)
    weights = weights / total[:, None]
    if call.gate is not None:
        weights = weights * clean(call.gate, where, dtype)
    if call.dropout_bits is not None:
        keep = keep_mask(
            call.dropout_bits,
            call.dropout_rate,
            structure.receiver_ids[receivers][:, None],
            structure.sender_ids[senders][:, None],
            jnp.arange(call.query.shape[1], dtype=jnp.uint32),
        )
        weights = jnp.where(keep, weights / (1 - call.dropout_rate), 0)
    out = jnp.einsum("reh,ehd->rhd", weights, value)
    lse = jnp.where(found, peak + jnp.log(total), NEGATIVE)
    return out.astype(call.value.dtype), lse, message
