"""Layers over triangles: every pair of nodes (i, j) looks at the pairs of both with a third node k.

Pairs are the flat axis of a layout, receiver first, as `gtx.ops.split_pairs` views it. This holds
for all functions here. A pair that `where` leaves out, and one of an empty slot, takes part in no
triangle, whatever it holds, and its result is exactly 0. So is the result of a pair that is in no
triangle, with zero gradients. Logits, softmax and sums run in at least float32; the result has the
dtype of `value`.

There are n^3 triangles. "dense" holds a number for each of them and each head. "chunked" takes
`ROWS` receivers at a time and computes their triangles again in the backward pass, so that memory
is quadratic in n. "reference" is the formula for one triangle under `jax.vmap`, in the widest
floats that jax has. All three agree in values and in gradients. "auto" takes "dense" while it holds
fewer than `DENSE_NUMBERS` of them.
"""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Integer

from gtx.ops.arguments import check_choice, check_floats, check_length, check_where
from gtx.ops.layout import Layout, check_layout, pair_mask, split_pairs, split_slots
from gtx.ops.masks import clean
from gtx.ops.noise import check_rate, identities, keep_mask, key_bits
from gtx.ops.segment import NEGATIVE

Implementation = Literal["auto", "dense", "chunked", "reference"]

ROWS = 8
DENSE_NUMBERS = 2**24


def triangle_attention(
    query: Float[Array, "pairs heads head_dim"],
    key: Float[Array, "pairs heads head_dim"],
    value: Float[Array, "pairs heads value_dim"],
    layout: Layout,
    *,
    bias: Float[Array, "pairs heads"] | None = None,
    gate: Float[Array, "pairs heads"] | None = None,
    where: Bool[Array, " pairs"] | None = None,
    scale: float | None = None,
    dropout_rate: float = 0.0,
    dropout_key: jax.Array | None = None,
    node_ids: Integer[Array, " nodes"] | None = None,
    implementation: Implementation = "auto",
) -> Float[Array, "pairs heads value_dim"]:
    """out_ij = sum_k softmax_k(scale q_ij . k_jk + b_ik) g_ik v_jk.

    The inward triplet attention of TGT (Hussain et al., 2024). The outward one takes key, value,
    bias and gate of the reversed pairs: pass them through `reverse_pairs`. With query and result
    reversed it is the triangle attention of AlphaFold (Jumper et al., 2021) around the starting
    node, whose bias is b_jk.

    Args:
      query, key, value: of each pair.
      layout: of the pairs.
      bias: b, added to the logits; None for none.
      gate: g, which multiplies the weights; None for none.
      where: pairs that take part; None for all pairs of nodes.
      scale: of the products; None is 1/sqrt(head_dim).
      dropout_rate: static, in [0, 1): the probability that a weight becomes 0.
      dropout_key: a jax PRNG key; needed when `dropout_rate` is not 0.
      node_ids: who the nodes are, for the noise of dropout; needed with it.
      implementation: see the module.

    Raises:
      ValueError: arrays and layout disagree, or dropout lacks key or ids.
      TypeError: an argument is not of its type.
    """
    rows = dict(query=query, bias=bias, gate=gate)
    others = dict(key=key, value=value)
    call = _Call(layout, where, dropout_rate, dropout_key, node_ids, implementation)
    return _run(_Triangle(_scale(scale, query, 1)), rows, others, call)


def composed_attention(
    query: Float[Array, "pairs heads head_dim"],
    key: Float[Array, "pairs heads head_dim"],
    value: Float[Array, "pairs heads value_dim"],
    second_value: Float[Array, "pairs heads value_dim"],
    layout: Layout,
    *,
    where: Bool[Array, " pairs"] | None = None,
    scale: float | None = None,
    dropout_rate: float = 0.0,
    dropout_key: jax.Array | None = None,
    node_ids: Integer[Array, " nodes"] | None = None,
    implementation: Implementation = "auto",
) -> Float[Array, "pairs heads value_dim"]:
    """out_ij = sum_k softmax_k(scale q_ik . k_kj) (v_ik * w_kj), elementwise in value_dim.

    The triangular attention of the Edge Transformer (Bergen et al., 2021), equations 3 and 4: the
    pair (i, j) is composed of (i, k) and (k, j). Arguments and errors are those of
    `triangle_attention`; `second_value` is w.
    """
    rows, others = dict(query=query, value=value), dict(key=key, second_value=second_value)
    call = _Call(layout, where, dropout_rate, dropout_key, node_ids, implementation)
    return _run(_Composed(_scale(scale, query, 1)), rows, others, call)


def pivotal_attention(
    query: Float[Array, "pairs heads head_dim"],
    key: Float[Array, "pairs heads head_dim"],
    second_key: Float[Array, "pairs heads head_dim"],
    value: Float[Array, "pairs heads value_dim"],
    second_value: Float[Array, "pairs heads value_dim"],
    layout: Layout,
    *,
    where: Bool[Array, " pairs"] | None = None,
    scale: float | None = None,
    dropout_rate: float = 0.0,
    dropout_key: jax.Array | None = None,
    node_ids: Integer[Array, " nodes"] | None = None,
    implementation: Implementation = "auto",
) -> Float[Array, "pairs heads value_dim"]:
    """out_ij = sum_k softmax_k(scale q_ij . (k_ik + l_kj)) (v_ik + w_kj).

    The pivotal attention of FloydNet (arXiv 2601.19094), where k is the pivot. Arguments and errors
    are those of `triangle_attention`; `second_key` is l and `second_value` is w. The default scale
    is 1/sqrt(2 head_dim).
    """
    rows = dict(query=query, key=key, value=value)
    others = dict(second_key=second_key, second_value=second_value)
    call = _Call(layout, where, dropout_rate, dropout_key, node_ids, implementation)
    return _run(_Pivotal(_scale(scale, query, 2)), rows, others, call)


def triangle_multiplication(
    left: Float[Array, " pairs *feat"],
    right: Float[Array, " pairs *feat"],
    layout: Layout,
    *,
    where: Bool[Array, " pairs"] | None = None,
) -> Float[Array, " pairs *feat"]:
    """out_ij = sum_k left_ik right_jk, elementwise in the other axes.

    The triangular update of AlphaFold (Jumper et al., 2021) and TGT with outgoing edges; of
    `reverse_pairs` of both it is that with incoming edges. It is a product of matrices, in memory
    quadratic in n, so that it needs no chunks.
    """
    check_layout(layout)
    for name, values in (("left", left), ("right", right)):
        check_floats(values, name, "[pairs, ...]")
        check_length(values, layout.num_pairs, name, "pairs of the layout")
    if left.shape != right.shape:
        raise ValueError(f"left {list(left.shape)} and right {list(right.shape)} must be alike.")
    keep, dtype = _mask(layout, where), jnp.promote_types(left.dtype, jnp.float32)
    parts = [
        jnp.einsum("gik...,gjk...->gij...", *pair).reshape(-1, *left.shape[1:])
        for pair in zip(
            *(split_pairs(clean(x, keep, dtype), layout.tiers) for x in (left, right)), strict=True
        )
    ]
    return clean(_joined(parts, left.shape[1:], dtype), keep).astype(right.dtype)


def reverse_pairs(values: Any, layout: Layout) -> Any:
    """At each pair (i, j) what stands at (j, i), [pairs, ...]."""
    check_layout(layout)
    check_length(values, layout.num_pairs, "values", "pairs of the layout")
    parts = [
        jnp.swapaxes(part, 1, 2).reshape(-1, *values.shape[1:])
        for part in split_pairs(values, layout.tiers)
    ]
    return _joined(parts, values.shape[1:], values.dtype)


@dataclasses.dataclass(frozen=True)
class _Triangle:
    """What a kind of attention says: the formula for one triangle, and for all of some receivers.

    Arrays are [graphs, first, second, heads, ...] in `logits` and `sum_values`, and those of one
    graph, without that axis, in `logit` and `value`.
    """

    scale: float

    # Whether (j, k) is the second pair of a triangle (i, j, k), or (k, j).
    ends_at_k = True

    def logits(self, rows: Any, others: Any) -> Any:
        found = self.scale * jnp.einsum("gijhd,gjkhd->gijkh", rows["query"], others["key"])
        return found if rows["bias"] is None else found + rows["bias"][:, :, None]

    def sum_values(self, weights: Any, rows: Any, others: Any) -> Any:
        if rows["gate"] is not None:
            weights = weights * rows["gate"][:, :, None]
        return jnp.einsum("gijkh,gjkhd->gijhd", weights, others["value"])

    def logit(self, i: Any, j: Any, k: Any, rows: Any, others: Any) -> Any:
        found = self.scale * (rows["query"][i, j] * others["key"][j, k]).sum(-1)
        return found if rows["bias"] is None else found + rows["bias"][i, k]

    def value(self, i: Any, j: Any, k: Any, rows: Any, others: Any) -> Any:
        found = others["value"][j, k]
        return found if rows["gate"] is None else found * rows["gate"][i, k][:, None]


@dataclasses.dataclass(frozen=True)
class _Composed:
    scale: float
    ends_at_k = False

    def logits(self, rows: Any, others: Any) -> Any:
        return self.scale * jnp.einsum("gikhd,gkjhd->gijkh", rows["query"], others["key"])

    def sum_values(self, weights: Any, rows: Any, others: Any) -> Any:
        first, second = rows["value"], others["second_value"]
        return jnp.einsum("gijkh,gikhd,gkjhd->gijhd", weights, first, second)

    def logit(self, i: Any, j: Any, k: Any, rows: Any, others: Any) -> Any:
        return self.scale * (rows["query"][i, k] * others["key"][k, j]).sum(-1)

    def value(self, i: Any, j: Any, k: Any, rows: Any, others: Any) -> Any:
        return rows["value"][i, k] * others["second_value"][k, j]


@dataclasses.dataclass(frozen=True)
class _Pivotal:
    scale: float
    ends_at_k = False

    def logits(self, rows: Any, others: Any) -> Any:
        first = jnp.einsum("gijhd,gikhd->gijkh", rows["query"], rows["key"])
        second = jnp.einsum("gijhd,gkjhd->gijkh", rows["query"], others["second_key"])
        return self.scale * (first + second)

    def sum_values(self, weights: Any, rows: Any, others: Any) -> Any:
        first = jnp.einsum("gijkh,gikhd->gijhd", weights, rows["value"])
        return first + jnp.einsum("gijkh,gkjhd->gijhd", weights, others["second_value"])

    def logit(self, i: Any, j: Any, k: Any, rows: Any, others: Any) -> Any:
        keys = rows["key"][i, k] + others["second_key"][k, j]
        return self.scale * (rows["query"][i, j] * keys).sum(-1)

    def value(self, i: Any, j: Any, k: Any, rows: Any, others: Any) -> Any:
        return rows["value"][i, k] + others["second_value"][k, j]


@dataclasses.dataclass(frozen=True)
class _Call:
    layout: Layout
    where: Any
    dropout_rate: float
    dropout_key: Any
    node_ids: Any
    implementation: str


def _scale(scale: Any, query: Any, terms: int) -> float:
    check_floats(query, "query", "[pairs, heads, head_dim]")
    return 1 / math.sqrt(terms * query.shape[-1]) if scale is None else scale


def _mask(layout: Layout, where: Any) -> Any:
    keep = jnp.asarray(pair_mask(layout))
    if where is None:
        return keep
    check_where(where, layout.num_pairs)
    return keep & where


def _joined(parts: list[Any], rest: tuple[int, ...], dtype: Any) -> Any:
    return jnp.concatenate([jnp.zeros((0, *rest), dtype), *parts])


def _run(form: Any, rows: Any, others: Any, call: _Call) -> Any:
    """A kind of attention in every tier, by the implementation that is asked for."""
    layout, implementation = call.layout, call.implementation
    check_layout(layout)
    _check_operands({**rows, **others}, layout.num_pairs)
    check_choice(implementation, get_args(Implementation), "implementation")
    check_rate(call.dropout_rate)
    if call.dropout_rate > 0 and (call.dropout_key is None or call.node_ids is None):
        raise ValueError("dropout_rate > 0 needs dropout_key and node_ids; for evaluation pass 0.")
    value = others.get("value", rows.get("value"))
    shape, dtype = value.shape[1:], value.dtype
    dtypes = [values.dtype for values in jax.tree.leaves((rows, others))]
    wide = functools.reduce(jnp.promote_types, dtypes, jnp.dtype(jnp.float32))
    if implementation == "reference" and jax.config.values["jax_enable_x64"]:
        wide = jnp.dtype(jnp.float64)
    keep = _mask(layout, call.where)
    rows, others = jax.tree.map(lambda values: clean(values, keep, wide), (rows, others))
    rows, others = (_by_tier({**group, "keep": keep}, layout) for group in (rows, others))
    dropout = None
    if call.dropout_rate > 0:
        dropout = key_bits(call.dropout_key), call.dropout_rate
        ids = jnp.take(identities(call.node_ids), jnp.asarray(layout.slots), mode="clip")
        for number, part in enumerate(split_slots(ids, layout.tiers)):
            rows[number]["ids"] = others[number]["ids"] = part
    parts = []
    for tier, own, whole in zip(layout.tiers, rows, others, strict=True):
        if 0 in tier:
            continue
        numbers = tier.num_graphs * tier.size**3 * shape[0]
        if implementation == "auto":
            attend = _dense if numbers < DENSE_NUMBERS else _chunked
        else:
            attend = _IMPLEMENTATIONS[implementation]
        parts.append(attend(form, own, whole, dropout).reshape(-1, *shape))
    return clean(_joined(parts, shape, wide), keep).astype(dtype)


def _check_operands(operands: dict[str, Any], num_pairs: int) -> None:
    """Raise unless they are floats of all pairs and the same heads."""
    first = next(iter(operands.values()))
    for name, values in operands.items():
        if values is None:
            continue
        flat = name in ("bias", "gate")
        axes = "[pairs, heads]" if flat else "[pairs, heads, head_dim]"
        check_floats(values, name, axes)
        check_length(values, num_pairs, name, "pairs of the layout")
        if values.ndim != (2 if flat else 3) or values.shape[1] != first.shape[1]:
            raise ValueError(f"{name} must be {axes} and is {list(values.shape)}.")
    for one, other in (("query", "key"), ("query", "second_key"), ("value", "second_value")):
        found = [operands[name] for name in (one, other) if name in operands]
        shapes = [list(values.shape) for values in found]
        if len(shapes) == 2 and shapes[0] != shapes[1]:
            raise ValueError(f"{one} and {other} must be alike, and are {shapes}.")


def _by_tier(group: dict[str, Any], layout: Layout) -> list[dict[str, Any]]:
    """The arrays of each tier, [graphs, size, size, ...]."""
    split = {
        name: [None] * len(layout.tiers) if values is None else split_pairs(values, layout.tiers)
        for name, values in group.items()
    }
    return [
        {name: parts[number] for name, parts in split.items()}
        for number in range(len(layout.tiers))
    ]


def _dense(form: Any, rows: Any, others: Any, dropout: Any) -> Any:
    """The result at the receivers of `rows`, from all triangles of theirs at once."""
    logits = form.logits(rows, others)
    second = others["keep"] if form.ends_at_k else jnp.swapaxes(others["keep"], 1, 2)
    mask = (rows["keep"][:, :, None] & second[:, None])[..., None]
    logits = jnp.where(mask, logits, NEGATIVE)
    peak = jax.lax.stop_gradient(logits.max(3, keepdims=True))
    weights = jnp.where(mask, jnp.exp(logits - peak), 0)
    total = weights.sum(3, keepdims=True)
    weights = weights / jnp.where(total > 0, total, 1)
    if dropout is not None:
        bits, rate = dropout
        ids = others["ids"]
        keep = keep_mask(
            bits,
            rate,
            rows["ids"][:, :, None, None, None],
            ids[:, None, :, None, None],
            ids[:, None, None, :, None],
            jnp.arange(weights.shape[-1], dtype=jnp.uint32),
        )
        weights = jnp.where(keep, weights / (1 - rate), 0)
    return form.sum_values(weights, rows, others)


def _chunked(form: Any, rows: Any, others: Any, dropout: Any) -> Any:
    """`_dense` for a few receivers at a time, computed again in the backward pass."""
    size = rows["keep"].shape[1]
    count = -(-size // ROWS)

    def cut(values):
        padding = [(0, 0)] * values.ndim
        padding[1] = (0, count * ROWS - size)
        values = jnp.pad(values, padding)
        return jnp.moveaxis(values.reshape(len(values), count, ROWS, *values.shape[2:]), 1, 0)

    attend = jax.checkpoint(functools.partial(_dense, form, dropout=dropout))
    out = jax.lax.map(lambda rows: attend(rows, others), jax.tree.map(cut, rows))
    out = jnp.moveaxis(out, 0, 1)
    return out.reshape(len(out), count * ROWS, *out.shape[3:])[:, :size]


def _reference(form: Any, rows: Any, others: Any, dropout: Any) -> Any:
    """Triangle by triangle."""
    size = rows["keep"].shape[1]
    nodes = jnp.arange(size)

    def of_pair(i, j, rows, others):
        def of_triangle(k):
            second = others["keep"][(j, k) if form.ends_at_k else (k, j)]
            logit, value = (read(i, j, k, rows, others) for read in (form.logit, form.value))
            kept = jnp.ones(logit.shape, bool)
            if dropout is not None:
                bits, rate = dropout
                ids = (rows["ids"][node] for node in (i, j, k))
                kept = keep_mask(bits, rate, *ids, jnp.arange(len(logit), dtype=jnp.uint32))
                value = value / (1 - rate)
            return logit, jnp.where(kept[:, None], value, 0), rows["keep"][i, k] & second

        logits, values, keep = jax.vmap(of_triangle)(nodes)
        keep = keep[:, None]
        peak = jax.lax.stop_gradient(jnp.where(keep, logits, NEGATIVE).max(0))
        weights = jnp.where(keep, jnp.exp(jnp.where(keep, logits - peak, 0)), 0)
        total = weights.sum(0)
        return (weights[..., None] * values).sum(0) / jnp.where(total > 0, total, 1)[:, None]

    def of_graph(rows, others):
        of_receiver = jax.vmap(of_pair, (None, 0, None, None))
        return jax.vmap(of_receiver, (0, None, None, None))(nodes, nodes, rows, others)

    return jax.vmap(of_graph)(rows, others)


_IMPLEMENTATIONS: dict[str, Callable[..., Any]] = {
    "dense": _dense,
    "chunked": _chunked,
    "reference": _reference,
}
