"""Attention of a block of receivers to a block of senders, for `dense` and `chunked`.

`dense` calls it once per tier, `chunked` once per block. The first axis of all arrays is the
graphs of a tier. Rows are receivers, columns are senders.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from gtx.ops.attention.contract import BiasFunction, Call, clean_tree
from gtx.ops.attention.products import query_key, weights_value
from gtx.ops.attention.scores import PLAIN, Dot, edge_value_of, evaluate, evaluate_products
from gtx.ops.layout import Layout, split_pairs, split_slots, to_slots
from gtx.ops.masks import clean
from gtx.ops.noise import keep_mask
from gtx.ops.segment import NEGATIVE


class Rows(NamedTuple):
    """Receivers of a tier: [graphs, rows, ...] arrays; heads before rows in `query`."""

    query: Any  # [graphs, heads, rows, head_dim]
    filled: Any  # bool
    ids: Any
    features: Any  # of a BiasFunction


class Columns(NamedTuple):
    """Senders of a tier: [graphs, columns, ...] arrays; heads before columns in key and value."""

    key: Any
    value: Any
    filled: Any
    ids: Any
    features: Any


class Pairs(NamedTuple):
    """The arrays with one row per pair: [graphs, rows, columns, ...], or None."""

    where: Any
    entry: Any  # a tree
    bias: Any
    gate: Any
    edge_key: Any
    edge_value: Any


class Params(NamedTuple):
    """Arrays that all blocks share: for the score, its scale, a BiasFunction and the dropout."""

    score: Any
    scale: Any  # None if it is static
    bias: Any
    dropout_bits: Any


class Facts(NamedTuple):
    """The static values of a call."""

    scale: float | None  # None if it is an array
    dropout_rate: float
    bias_function: Any
    needs_message: bool


class Scores(NamedTuple):
    """The results of a block before the softmax."""

    logits: Any  # [graphs, heads, rows, columns], -1e30 where there is no pair
    mask: Any  # bool, [graphs, 1, rows, columns]: True where there is a pair
    message: Any  # a tree of [graphs, rows, columns, ...] arrays, 0 where there is no pair; or None


def split_tiers(call: Call, dtype: Any) -> list[tuple[Rows, Columns, Pairs]]:
    """The arrays of a call, tier by tier. The contents of padding nodes are never read."""
    bipartite = call.structure.sender_layout is not None
    return [_without_unused(*parts, bipartite) for parts in _split_tiers(call, dtype)]


def _split_tiers(call: Call, dtype: Any) -> list[tuple[Rows, Columns, Pairs]]:
    structure = call.structure
    layout, senders = structure.layout, structure.senders
    # Graphs of one tier have equal sizes, so that their products are one batched product.
    x, y = call.bias.sides if isinstance(call.bias, BiasFunction) else (None, None)
    rows = zip(
        _heads_first(call.query, layout, dtype),
        split_slots(layout.slots < layout.num_nodes, layout.tiers),
        _ids(structure.node_ids, layout),
        _features(x, layout),
        strict=True,
    )
    columns = zip(
        _heads_first(call.key, senders, dtype),
        _heads_first(call.value, senders, dtype),
        split_slots(senders.slots < senders.num_nodes, senders.tiers),
        _ids(structure.sender_ids, senders),
        _features(y, senders),
        strict=True,
    )
    bias = None if isinstance(call.bias, BiasFunction) else call.bias
    tree = Pairs(structure.where, call.entry, bias, call.gate, call.edge_key, call.edge_value)
    pairs = _by_tier(
        lambda values: split_pairs(values, layout.tiers, senders.tiers), tree, len(layout.tiers)
    )
    return [
        (Rows(*one), Columns(*two), three)
        for one, two, three in zip(rows, columns, pairs, strict=True)
    ]


def _without_unused(
    rows: Rows, columns: Columns, pairs: Pairs, bipartite: bool
) -> tuple[Rows, Columns, Pairs]:
    """A tier with 0 in the receivers and senders that have no pair.

    `where` excludes all of their pairs, or the other side of their graph is empty. Such nodes may
    hold NaN, which the matrix products would spread to other nodes.
    """
    if pairs.where is not None:
        # The barrier keeps XLA from evaluating a constant mask while it compiles, which is slow.
        where = jax.lax.optimization_barrier(pairs.where)
        mask = rows.filled[:, :, None] & columns.filled[:, None, :] & where
        row, column = jnp.any(mask, axis=2), jnp.any(mask, axis=1)  # [graphs, rows or columns]
    elif bipartite:
        row = rows.filled & jnp.any(columns.filled, axis=1, keepdims=True)
        column = columns.filled & jnp.any(rows.filled, axis=1, keepdims=True)
    else:  # every node has a pair with itself
        return rows, columns, pairs

    def keep(used: Any, values: Any, axis: int) -> Any:
        # Shaped to broadcast along the axis of graphs and this axis of nodes.
        shape = [1] * values.ndim
        shape[0], shape[axis] = used.shape
        return clean(values, used.reshape(shape), values.dtype)

    def keep_features(used: Any, features: Any) -> Any:
        return jax.tree.map(lambda values: keep(used, values, 1), features)

    rows = rows._replace(query=keep(row, rows.query, 2), features=keep_features(row, rows.features))
    columns = columns._replace(
        key=keep(column, columns.key, 2),
        value=keep(column, columns.value, 2),
        features=keep_features(column, columns.features),
    )
    return rows, columns, pairs


def params(call: Call) -> Params:
    bias = call.bias.params if isinstance(call.bias, BiasFunction) else None
    scale = call.scale if isinstance(call.scale, jax.Array) else None
    return Params(call.score, scale, bias, call.dropout_bits)


def facts(call: Call) -> Facts:
    function = call.bias.function if isinstance(call.bias, BiasFunction) else None
    scale = None if isinstance(call.scale, jax.Array) else call.scale
    return Facts(scale, call.dropout_rate, function, call.needs_message)


def scale_of(facts: Facts, params: Params) -> Any:
    return facts.scale if params.scale is None else params.scale


def scores_of(facts: Facts, rows: Rows, columns: Columns, pairs: Pairs, params: Params) -> Scores:
    """Logits, bias included, and message."""
    mask = rows.filled[:, None, :, None] & columns.filled[:, None, None, :]
    if pairs.where is not None:
        mask = mask & pairs.where[:, None]
    dtype = rows.query.dtype
    # Cleared before they enter products: see gtx.ops.masks.
    edge_key = _clean(pairs.edge_key, mask, dtype)
    entry = clean_tree(pairs.entry, mask[:, 0], dtype)
    scale = scale_of(facts, params)
    logits, message = _scores(params.score, scale, rows.query, columns.key, edge_key, entry)
    bias = pairs.bias
    if facts.bias_function is not None:
        bias = facts.bias_function(
            params.bias,
            # Axes of length 1 let the function broadcast: it is called once for the whole block.
            jax.tree.map(lambda values: values[:, :, None], rows.features),
            jax.tree.map(lambda values: values[:, None], columns.features),
        )
    if bias is not None:
        logits = logits + _clean(bias, mask, logits.dtype)
    return Scores(jnp.where(mask, logits, NEGATIVE), mask, clean_tree(message, mask[:, 0]))


def sum_values(
    facts: Facts,
    weights: Any,
    scores: Scores,
    rows: Rows,
    columns: Columns,
    pairs: Pairs,
    params: Params,
) -> Any:
    """Gate, drop and sum: [graphs, heads, rows, value_dim].

    Not yet divided by the sum of the weights, nor by 1 - dropout_rate: `divide` does both.
    """
    mask = scores.mask
    if pairs.gate is not None:
        weights = weights * _clean(pairs.gate, mask, weights.dtype)
    if params.dropout_bits is not None:
        # From the ids of nodes and not from places: the same noise in every block and layout.
        keep = keep_mask(
            params.dropout_bits,
            facts.dropout_rate,
            rows.ids[:, None, :, None],
            columns.ids[:, None, None, :],
            jnp.arange(weights.shape[1], dtype=jnp.uint32)[:, None, None],
        )
        weights = jnp.where(keep, weights, 0)
    out = weights_value(weights, columns.value)
    # Terms of pairs are summed separately: value + edge_value would be an array of all pairs.
    if pairs.edge_value is not None:
        edge_value = _clean(pairs.edge_value, mask, weights.dtype)
        out = out + jnp.einsum("ghij,ghijd->ghid", weights, edge_value)
    added = edge_value_of(params.score, scores.message)
    if added is not None:
        out = out + jnp.einsum("ghij,gijhd->ghid", weights, added.astype(weights.dtype))
    return out


def divide(facts: Facts, out: Any, total: Any, peak: Any) -> tuple[Any, Any]:
    """The result and its log-sum-exp, from sums of exp(logit - peak).

    It divides the sums and not the weights, because head_dim is usually smaller than the number of
    senders.
    """
    divisor = or_one(total) * (1 - facts.dropout_rate)
    return out / divisor[..., None], log_sum_exp(total, peak)


def log_sum_exp(total: Any, peak: Any) -> Any:
    """The log-sum-exp of logits, from the sum of exp(logit - peak)."""
    return jnp.where(total > 0, peak + jnp.log(or_one(total)), NEGATIVE)


def or_one(total: Any) -> Any:
    """`total` as a divisor: 1 in place of 0 for a receiver without senders."""
    return jnp.where(total > 0, total, 1)


def empty(rows: Rows, columns: Columns) -> tuple[Any, Any]:
    """The result and the log-sum-exp of receivers without senders."""
    shape, dtype = rows.query.shape[:3], rows.query.dtype
    return (
        jnp.zeros((*shape, columns.value.shape[3]), dtype),
        jnp.full(shape, NEGATIVE, dtype),
    )


def _heads_first(values, layout: Layout, dtype):
    parts = split_slots(to_slots(values.astype(dtype), layout), layout.tiers)
    return [jnp.swapaxes(part, 1, 2) for part in parts]


def _ids(ids, layout: Layout):
    # "clip" gives an empty slot the id of the last node; its pairs are masked.
    return split_slots(jnp.take(ids, layout.slots, mode="clip"), layout.tiers)


def _features(side, layout: Layout):
    """The features of each tier, in the tree of `side`; 0 in empty slots."""

    def split(values):
        return split_slots(to_slots(values, layout), layout.tiers)

    return _by_tier(split, side, len(layout.tiers))


def _by_tier(split, tree, num_tiers):
    """A tree for each tier; `split` turns each array into a list with one part for each tier."""
    parts = jax.tree.map(split, tree)
    return [jax.tree.map(lambda _, part, i=i: part[i], tree, parts) for i in range(num_tiers)]


def _clean(values, mask, dtype):
    """Pair values with heads first, and 0 (in place of NaN too) where there is no pair."""
    if values is None:
        return None
    return clean(jnp.moveaxis(values.astype(dtype), 3, 1), mask)


def _scores(score, scale, query, key, edge_key, entry):
    """Logits [graphs, heads, rows, columns] and message [graphs, rows, columns, ...]."""
    if isinstance(score, Dot):
        products = query_key(query, key)
        if edge_key is not None:
            products = products + jnp.einsum("ghid,ghijd->ghij", query, edge_key)
        # A plain score treats each product separately, so heads need not be moved to the end. A
        # subclass of a user may read all heads at once.
        if type(score) in PLAIN:
            return evaluate_products(score, products, entry, scale)
        logits, message = evaluate_products(score, jnp.moveaxis(products, 1, 3), entry, scale)
        return jnp.moveaxis(logits, 3, 1), message
    key = key[:, :, None] if edge_key is None else key[:, :, None] + edge_key
    # A score expects heads on the last axis but one.
    query, key = jnp.moveaxis(query[:, :, :, None], 1, 3), jnp.moveaxis(key, 1, 3)
    logits, message = evaluate(score, query, key, entry, scale)
    return jnp.moveaxis(logits, 3, 1), message
