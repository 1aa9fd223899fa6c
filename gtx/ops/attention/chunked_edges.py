"""Attention over a long edge list, block by block: the implementation `chunked` for `Edges`.

Rows of key and value are gathered for one block of edges at a time and not kept. Only one number
per edge and head is kept for all edges, and a message if the caller asks for it. The backward pass
needs not even this number: it computes the weights of each block again, from the peak and the sum.
A row holds all heads side by side. Most of the speed comes from this form: see `rows` and
`products`.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from gtx.ops.attention import block
from gtx.ops.attention.contract import BiasFunction, Call, clean_tree, compute_dtype
from gtx.ops.attention.products import flat, score_rows, sum_by_head, times_by_head
from gtx.ops.attention.rows import add_rows, take_rows
from gtx.ops.attention.scores import edge_value_of
from gtx.ops.attention.trees import add, merge, partition
from gtx.ops.masks import clean
from gtx.ops.noise import keep_mask
from gtx.ops.segment import gather, segment_exp
from gtx.ops.varying import vary_like

# Number of edges of a block. Its gathered rows stay in the second-level cache of a core.
EDGES = 2048


class Nodes(NamedTuple):
    """The node arrays that are gathered along edges; x and y are features of a BiasFunction."""

    query: Any = None
    key: Any = None
    value: Any = None
    x: Any = None
    y: Any = None


class EdgeList(NamedTuple):
    """[blocks, edges of a block, ...] arrays or None."""

    senders: Any
    receivers: Any
    where: Any
    entry: Any  # a tree
    bias: Any
    gate: Any
    edge_key: Any
    edge_value: Any
    receiver_ids: Any
    sender_ids: Any


class Facts(NamedTuple):
    """The static values of a call."""

    call: block.Facts
    num_heads: int
    indices_are_sorted: bool


def attend(call: Call) -> tuple[Array, Array, Any]:
    """Result [receivers, heads, value_dim], log-sum-exp [receivers, heads] and message."""
    structure, dtype = call.structure, compute_dtype(call)
    num_edges = structure.senders.shape[0]
    count = -(-num_edges // EDGES)
    dropping = call.dropout_bits is not None  # only dropout needs the ids along edges
    where = jnp.ones(num_edges, bool) if structure.where is None else structure.where
    x, y = call.bias.sides if isinstance(call.bias, BiasFunction) else (None, None)
    edges = EdgeList(
        senders=structure.senders,
        receivers=structure.receivers,
        where=where,
        entry=clean_tree(call.entry, where, dtype),
        bias=None if isinstance(call.bias, BiasFunction) else clean(call.bias, where, dtype),
        gate=clean(call.gate, where, dtype),
        edge_key=clean(flat(call.edge_key), where, dtype),
        edge_value=clean(flat(call.edge_value), where, dtype),
        receiver_ids=structure.receiver_ids[structure.receivers] if dropping else None,
        sender_ids=structure.sender_ids[structure.senders] if dropping else None,
    )

    def cut(values):
        # The last block is padded with masked edges. These get the last receiver, so that the
        # receivers remain sorted.
        mode = "edge" if values is edges.receivers and num_edges else "constant"
        padding = [(0, count * EDGES - num_edges)] + [(0, 0)] * (values.ndim - 1)
        return jnp.pad(values, padding, mode=mode).reshape(count, EDGES, *values.shape[1:])

    query, key, value = (
        flat(values).astype(dtype) for values in (call.query, call.key, call.value)
    )
    nodes = Nodes(query, key, value, x, y)
    edges = jax.tree.map(cut, edges)
    facts = Facts(block.facts(call), call.query.shape[1], structure.indices_are_sorted)
    results = _attend(facts, *partition((nodes, edges, block.params(call))))
    out, total, peak, message = results
    out = out.reshape(*call.query.shape[:2], -1)
    message = jax.tree.map(
        lambda values: values.reshape(-1, *values.shape[2:])[:num_edges], message
    )
    return out.astype(call.value.dtype), block.log_sum_exp(total, peak), message


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _attend(facts, floats, others):
    """Result [receivers, heads * value_dim]; sum and peak [receivers, heads]; the message.

    The message is [blocks, edges of a block, ...], or None where it is not asked for.
    """
    nodes, edges, params = merge(floats, others)
    num_receivers = len(nodes.query)
    into = dict(indices_are_sorted=facts.indices_are_sorted)

    # First pass: the logits of all edges. The peaks are then known, and the second pass needs no
    # rescaling. (Edges of one receiver may lie in any block, unlike in `chunked`.)
    def scores_of(_, edges):
        rows = _gather(nodes._replace(value=None), edges, into)
        logits, message = _scores(facts, rows, edges, params)
        return None, (logits, message if facts.call.needs_message else None)

    _, (logits, message) = jax.lax.scan(scores_of, None, edges)
    receivers = edges.receivers.reshape(-1)
    _, total, peak = segment_exp(
        logits.reshape(-1, facts.num_heads),
        receivers,
        num_receivers,
        where=edges.where.reshape(-1),
        **into,
    )

    def sum_up(out, parts):
        edges, logits, message = parts
        sources = Nodes(value=nodes.value)
        again = hasattr(params.score, "edge_value") and not facts.call.needs_message
        if again:  # to keep the message of all edges would take more memory than all the rest
            sources = nodes
        rows = _gather(sources, edges, into)
        if again:
            message = _scores(facts, rows, edges, params)[1]
        weights = _weights(logits, gather(peak, edges.receivers, **into), edges.where)
        values = _values(facts, weights, message, rows, edges, params)
        return add_rows(out, edges.receivers, values, None, **into), None

    out = jnp.zeros((num_receivers, nodes.value.shape[1]), nodes.value.dtype)
    # The sums are divided at the end, once for each receiver and not for each edge.
    out, _ = jax.lax.scan(sum_up, vary_like(out, (floats, others)), (edges, logits, message))
    return times_by_head(_inverse(facts, total), out), total, peak, message


def _forward(facts, floats, others):
    results = _attend(facts, floats, others)
    return results, (floats, others, results[:3])


def _backward(facts, saved, cotangents):
    """The gradients, block by block, by the same formulas as in `chunked`."""
    floats, others, (out, total, peak) = saved
    d_out, d_total, _, d_message = cotangents
    d_mass = d_total - sum_by_head(d_out * out, facts.num_heads) / block.or_one(total)
    d_out = times_by_head(_inverse(facts, total), d_out)
    nodes, edges, params = floats
    other_nodes, other_edges, other_params = others
    into = dict(indices_are_sorted=facts.indices_are_sorted)

    def edge_block(sums, parts):
        d_nodes, d_params = sums
        edges, other_edges, d_message = parts
        ids = merge(edges, other_edges)
        rows, other_rows = (_gather(side, ids, into) for side in (nodes, other_nodes))
        row_peak, row_out, row_mass = (
            take_rows(values, ids.receivers, None, **into) for values in (peak, d_out, d_mass)
        )

        def attend(rows, edges, params):
            rows, edges, params = merge(
                (rows, edges, params), (other_rows, other_edges, other_params)
            )
            logits, message = _scores(facts, rows, edges, params)
            weights = _weights(logits, row_peak, edges.where)
            values = _values(facts, weights, message, rows, edges, params)
            return values, weights, message if facts.call.needs_message else None

        _, pull = jax.vjp(attend, rows, edges, params)
        d_rows, d_edges, more_params = pull((row_out, row_mass, d_message))
        return (_scatter(d_nodes, d_rows, ids, into), add(d_params, more_params)), d_edges

    start = vary_like(jax.tree.map(jnp.zeros_like, (nodes, params)), saved)
    (d_nodes, d_params), d_edges = jax.lax.scan(edge_block, start, (edges, other_edges, d_message))
    return (d_nodes, d_edges, d_params), None


_attend.defvjp(_forward, _backward)


def _gather(nodes, edges, into):
    """The rows of a block, 0 for masked edges."""

    def take(values, ids, **options):
        return jax.tree.map(lambda leaf: take_rows(leaf, ids, edges.where, **options), values)

    return Nodes(
        query=take(nodes.query, edges.receivers, **into),
        key=take(nodes.key, edges.senders),
        value=take(nodes.value, edges.senders),
        x=take(nodes.x, edges.receivers, **into),
        y=take(nodes.y, edges.senders),
    )


def _scatter(nodes, rows, edges, into):
    """Add the rows of a block to the nodes; rows of masked edges count as 0."""

    def put(values, rows, ids, **options):
        return jax.tree.map(
            lambda leaf, row: add_rows(leaf, ids, row, edges.where, **options), values, rows
        )

    return Nodes(
        query=put(nodes.query, rows.query, edges.receivers, **into),
        key=put(nodes.key, rows.key, edges.senders),
        value=put(nodes.value, rows.value, edges.senders),
        x=put(nodes.x, rows.x, edges.receivers, **into),
        y=put(nodes.y, rows.y, edges.senders),
    )


def _scores(facts, rows, edges, params):
    """Logits [edges, heads], bias included, and message, 0 for masked edges."""
    key = rows.key if edges.edge_key is None else rows.key + edges.edge_key
    scale = block.scale_of(facts.call, params)
    logits, message = score_rows(params.score, rows.query, key, edges.entry, scale, facts.num_heads)
    bias = edges.bias
    if facts.call.bias_function is not None:
        bias = facts.call.bias_function(params.bias, rows.x, rows.y)
    if bias is not None:
        logits = logits + clean(bias, edges.where, logits.dtype)
    return logits, clean_tree(message, edges.where)


def _weights(logits, peak, where):
    """exp(logit - peak), 0 for masked edges."""
    where = where[:, None]
    return jnp.where(where, jnp.exp(jnp.where(where, logits - peak, 0)), 0)


def _values(facts, weights, message, rows, edges, params):
    """Gated, dropped and weighted values, [edges, heads * value_dim]."""
    if edges.gate is not None:
        weights = weights * edges.gate
    if params.dropout_bits is not None:
        keep = keep_mask(
            params.dropout_bits,
            facts.call.dropout_rate,
            edges.receiver_ids[:, None],
            edges.sender_ids[:, None],
            jnp.arange(weights.shape[1], dtype=jnp.uint32),
        )
        weights = jnp.where(keep, weights, 0)
    value = rows.value if edges.edge_value is None else rows.value + edges.edge_value
    added = edge_value_of(params.score, message)
    if added is not None:
        value = value + flat(added).astype(value.dtype)
    return times_by_head(weights, value)


def _inverse(facts, total):
    return 1 / (block.or_one(total) * (1 - facts.call.dropout_rate))
