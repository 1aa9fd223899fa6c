"""Attention over complete graphs, block by block, in memory linear in the number of nodes.

The softmax is accumulated along the senders: its sums are rescaled whenever a block raises the peak
(Milakov and Gimelshein, 2018; Rabe and Staats, 2021; Dao et al., 2022). The backward pass computes
the weights of each block again, from the peak and the sum. (The usual choice is their log-sum-exp.
But next to a peak of 1e9 the logarithm of the sum is rounded away, and the weights no longer sum to
1.) No array of size receivers x senders is made. Only the caller's own arguments may have this
size, and a message that the caller asks for; a `BiasFunction` avoids it. `chunked_edges` does the
same for an edge list.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from gtx.ops.attention import block, chunked_edges
from gtx.ops.attention.contract import Call, Edges, compute_dtype
from gtx.ops.attention.dense import join_tiers
from gtx.ops.attention.trees import add, merge, partition
from gtx.ops.varying import vary_like

# The largest size of a block. The weights of one head then take 512 KiB and stay in a core's cache.
ROWS, COLUMNS = 256, 512


def supports(call: Call) -> str | None:
    """None: every structure can be cut into blocks."""
    del call
    return None


def attend(call: Call) -> tuple[Array, Array, Any]:
    """Result [receivers, heads, value_dim], log-sum-exp [receivers, heads] and message."""
    if isinstance(call.structure, Edges):
        return chunked_edges.attend(call)
    facts, params = block.facts(call), block.params(call)
    tiers = block.split_tiers(call, compute_dtype(call))
    return join_tiers(call, [_attend_tier(facts, *parts, params) for parts in tiers])


def _attend_tier(facts, rows, columns, pairs, params):
    """The results of a tier. Its arrays are cut into blocks, with the axes of blocks first."""
    num_graphs, height = rows.filled.shape
    width = columns.filled.shape[1]
    if 0 in (num_graphs, height, width):
        return *block.empty(rows, columns), None
    num_rows, num_columns = -(-height // ROWS), -(-width // COLUMNS)  # rounded up

    def along(axis, count):
        return functools.partial(_cut, axis=axis, count=count)

    rows = rows._replace(
        query=_cut(rows.query, 2, num_rows),
        **jax.tree.map(along(1, num_rows), _slots(rows)),
    )
    columns = columns._replace(
        key=_cut(columns.key, 2, num_columns),
        value=_cut(columns.value, 2, num_columns),
        **jax.tree.map(along(1, num_columns), _slots(columns)),
    )
    # Cutting the columns moves their blocks to axis 0, so that the rows are then axis 2.
    pairs = jax.tree.map(along(2, num_rows), jax.tree.map(along(2, num_columns), pairs))
    *results, message = _attend_blocks(facts, *partition((rows, columns, pairs, params)))

    # Blocks are put back in order, and the padding of the last block is cut off.
    def join(values):
        values = jnp.moveaxis(values, 0, 2)
        return values.reshape(*values.shape[:2], -1, *values.shape[4:])[:, :, :height]

    def join_pairs(values):
        values = jnp.moveaxis(values, (0, 1), (1, 3))
        shape = num_graphs, num_rows * values.shape[2], num_columns * values.shape[4]
        return values.reshape(*shape, *values.shape[5:])[:, :height, :width]

    out, total, peak = map(join, results)
    return out, block.log_sum_exp(total, peak), jax.tree.map(join_pairs, message)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _attend_blocks(facts, floats, others):
    """Result, sum, peak and message of all blocks of a tier.

    The result is [row blocks, graphs, heads, rows, value_dim]; sum and peak lack the last axis. The
    message is [row blocks, column blocks, graphs, rows, columns, ...], or None.

    The peak has no gradient, because the softmax and the log-sum-exp do not depend on it. `floats`
    and `others` are the two halves of (rows, columns, pairs, params): the arrays with a gradient
    and those without.
    """
    rows, columns, pairs, params = merge(floats, others)

    def row_block(parts):
        rows, pairs = parts

        def column_block(sums, parts):
            out, total, peak = sums
            columns, pairs = parts
            scores = block.scores_of(facts, rows, columns, pairs, params)
            # Earlier sums were made with the old peak. `shrink` converts them to the new one.
            higher = jax.lax.stop_gradient(jnp.maximum(peak, jnp.max(scores.logits, axis=-1)))
            weights = jnp.where(scores.mask, jnp.exp(scores.logits - higher[..., None]), 0)
            shrink = jnp.exp(peak - higher)
            total = total * shrink + jnp.sum(weights, axis=-1)
            out = out * shrink[..., None] + block.sum_values(
                facts, weights, scores, rows, columns, pairs, params
            )
            return (out, total, higher), scores.message if facts.needs_message else None

        # The first block only gives the shapes of the sums.
        first = jax.tree.map(lambda values: values[0], columns)
        out, peak = block.empty(rows, first)
        start = vary_like((out, jnp.zeros_like(peak), peak), (floats, others))
        (out, total, peak), message = jax.lax.scan(column_block, start, (columns, pairs))
        return block.divide(facts, out, total, peak)[0], total, peak, message

    # One row of blocks at a time: `vmap` would hold the weights of all of them at once.
    return jax.lax.map(row_block, (rows, pairs))


def _forward(facts, floats, others):
    results = _attend_blocks(facts, floats, others)
    # Neither weights nor message are saved: the backward pass computes them again.
    return results, (floats, others, results[:3])


def _backward(facts, saved, cotangents):
    """The gradients, block by block.

    With e_ij = exp(s_ij - peak_i), whose sum over j is total_i, the gradient of a logit is

        e_ij (d_out_i . (v_ij - out_i) / total_i + d_total_i),

    which is that of (sum_j e_ij v_ij, sum_j e_ij) under the cotangents
    (d_out_i / total_i, d_total_i - d_out_i . out_i / total_i). The message is a third result.
    """
    floats, others, (out, total, peak) = saved
    d_out, d_total, _, d_message = cotangents
    # The two cotangents of the docstring, in place of those of result and sum.
    d_out = d_out / block.or_one(total)[..., None]
    d_mass = d_total - jnp.sum(d_out * out, axis=-1)
    d_out = d_out / (1 - facts.dropout_rate)
    rows, columns, pairs, params = floats
    other_rows, other_columns, other_pairs, other_params = others

    def row_block(sums, parts):
        d_columns, d_params = sums
        rows, other_rows, pairs, other_pairs, peak, d_out, d_mass, d_message = parts

        def column_block(sums, parts):
            columns, other_columns, pairs, other_pairs, d_message = parts

            def attend(rows, columns, pairs, params):
                inputs = (rows, columns, pairs, params)
                rest = (other_rows, other_columns, other_pairs, other_params)
                rows, columns, pairs, params = merge(inputs, rest)
                scores = block.scores_of(facts, rows, columns, pairs, params)
                mask = scores.mask
                # The inner `where` keeps exp from overflow in masked places: its infinite
                # gradient times 0 would be NaN.
                weights = jnp.exp(jnp.where(mask, scores.logits - peak[..., None], 0))
                weights = jnp.where(mask, weights, 0)
                out = block.sum_values(facts, weights, scores, rows, columns, pairs, params)
                message = scores.message if facts.needs_message else None
                return out, jnp.sum(weights, axis=-1), message

            # Automatic differentiation of one block handles every score, bias and entry.
            _, pull = jax.vjp(attend, rows, columns, pairs, params)
            d_rows, d_columns, d_pairs, d_params = pull((d_out, d_mass, d_message))
            # Gradients of rows and parameters are summed over the blocks of columns. Each block of
            # columns and pairs has its own gradient.
            return add(sums, (d_rows, d_params)), (d_columns, d_pairs)

        start = vary_like(jax.tree.map(jnp.zeros_like, (rows, params)), saved)
        (d_rows, more_params), (more_columns, d_pairs) = jax.lax.scan(
            column_block, start, (columns, other_columns, pairs, other_pairs, d_message)
        )
        sums = add((d_columns, d_params), (more_columns, more_params))
        return sums, (d_rows, d_pairs)

    start = vary_like(jax.tree.map(jnp.zeros_like, (columns, params)), saved)
    (d_columns, d_params), (d_rows, d_pairs) = jax.lax.scan(
        row_block, start, (rows, other_rows, pairs, other_pairs, peak, d_out, d_mass, d_message)
    )
    return (d_rows, d_columns, d_pairs, d_params), None


_attend_blocks.defvjp(_forward, _backward)


def _slots(side):
    return dict(filled=side.filled, ids=side.ids, features=side.features)


def _cut(values, axis, count):
    """Cut an axis into `count` equal blocks, padded with 0; the axis of blocks is the first."""
    size = -(-values.shape[axis] // count)
    padding = [(0, 0)] * values.ndim
    padding[axis] = (0, count * size - values.shape[axis])
    values = jnp.pad(values, padding)
    shape = (*values.shape[:axis], count, size, *values.shape[axis + 1 :])
    return jnp.moveaxis(values.reshape(shape), axis, 0)
