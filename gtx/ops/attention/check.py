"""Checks that the arguments of `attention` fit each other. Each error names the remedy."""

import math
import numbers
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gtx.ops.arguments import (
    ARRAYS,
    check_array,
    check_count,
    check_floats,
    check_where,
    describe,
)
from gtx.ops.attention.contract import BiasFunction, Complete, Edges, Structure
from gtx.ops.attention.ends import check_ends
from gtx.ops.attention.scores import Additive, Clamped, Dynamic, Score
from gtx.ops.layout import Layout, check_layout
from gtx.ops.noise import identities


def check(
    query: Any,
    key: Any,
    value: Any,
    structure: Structure,
    score: Any,
    entry: Any,
    bias: Any,
    gate: Any,
    edge_key: Any,
    edge_value: Any,
) -> None:
    """Refuse arguments that disagree.

    Without these checks each implementation would clip or broadcast them in its own way.

    Raises:
      ValueError: shapes and structure disagree.
      TypeError: an argument has a wrong type or dtype.
    """
    _check_nodes(query, key, value)
    entries, kind = _check_structure(structure, query.shape[0], key.shape[0])
    heads = query.shape[1]
    _check_score(score, heads, query.shape[2])
    _check_entry(entry, entries, kind)
    if isinstance(bias, BiasFunction):
        _check_bias_function(bias, structure, query.shape[0], key.shape[0], heads)
        bias = None
    elif bias is not None and not isinstance(bias, ARRAYS):
        raise TypeError(
            f"bias must be an array [{kind}, heads] or a BiasFunction, got {describe(bias)}. "
            "Wrap a function: BiasFunction(function, params, receivers)."
        )
    expected = dict(
        bias=(bias, (heads,)),
        gate=(gate, (heads,)),
        edge_key=(edge_key, (heads, key.shape[2])),
        edge_value=(edge_value, (heads, value.shape[2])),
    )
    for name, (values, rest) in expected.items():
        if values is None:
            continue
        check_floats(values, name, "[...]")
        if values.shape != (entries, *rest):
            raise ValueError(
                f"{name} must have shape {[entries, *rest]}, one row for each of the structure's "
                f"{entries} {kind}, and has {list(values.shape)}."
            )


def checked_scale(scale: Any) -> Any:
    """The scale as a Python float or a jax float []; None stays None.

    Raises:
      TypeError: the scale is not a real number.
      ValueError: the scale is an array with axes, or not finite.
    """
    if scale is None:
        return None
    if isinstance(scale, numbers.Real) and not isinstance(scale, bool):
        try:
            number = float(scale)
        except OverflowError:  # a Python int or Fraction beyond the range of a float
            number = math.inf
        if not math.isfinite(number):
            raise ValueError(f"scale must be finite, got {scale}.")
        return number
    if not isinstance(scale, ARRAYS):
        raise TypeError(
            f"scale must be one real number or an array with no axes, got {describe(scale)}."
        )
    if scale.shape:
        raise ValueError(
            f"scale must be one number, got shape {list(scale.shape)}. For one of each head, "
            "multiply the query by it: query * scale[:, None]."
        )
    if scale.dtype == bool or not jnp.issubdtype(scale.dtype, jnp.number):
        raise TypeError(f"scale must be a real number and is {scale.dtype}.")
    if jnp.issubdtype(scale.dtype, jnp.complexfloating):
        raise TypeError(f"scale must be a real number and is {scale.dtype}.")
    if isinstance(scale, np.ndarray):
        # A Python float stays static, so that `flash` can take it.
        return checked_scale(float(scale))
    return scale.astype(jnp.promote_types(scale.dtype, jnp.float32))


def _check_nodes(query: Any, key: Any, value: Any) -> None:
    arguments = dict(
        query=(query, "[receivers, heads, head_dim]"),
        key=(key, "[senders, heads, head_dim]"),
        value=(value, "[senders, heads, value_dim]"),
    )
    for name, (values, shape) in arguments.items():
        check_floats(values, name, "[...]")
        if values.ndim == 3:
            continue
        remedy = "one row for each node, all graphs in a row"
        if values.ndim == 2:
            remedy = f"one head is {name}[:, None, :], several are a reshape to {shape}"
        elif values.ndim == 4:
            remedy = (
                "put the nodes of all graphs on one axis, beside a structure that tells the graphs "
                "apart, or use jax.vmap over the first axis"
            )
        raise ValueError(
            f"{name} must have three axes {shape}, got shape {list(values.shape)}: {remedy}."
        )
    if query.shape[2] == 0:
        raise ValueError(f"head_dim must be 1 or more: query has shape {list(query.shape)}.")
    if query.shape[1:] != key.shape[1:] or key.shape[:2] != value.shape[:2]:
        raise ValueError(
            "query [receivers, heads, head_dim], key [senders, heads, head_dim] and value "
            f"[senders, heads, value_dim] do not fit: {list(query.shape)}, {list(key.shape)} and "
            f"{list(value.shape)}."
        )


def check_structure_type(structure: Any) -> None:
    """Raise a TypeError that says how to make a structure of what was given in its place."""
    if isinstance(structure, Edges | Complete):
        return
    remedy = "pass Edges(senders, receivers) or Complete(layout)"
    if isinstance(structure, Layout):
        remedy = "pass Complete(layout)"
    elif hasattr(structure, "senders") and hasattr(structure, "receivers"):
        remedy = "pass Edges(graph.senders, graph.receivers)"
        if hasattr(structure, "edge_mask"):
            remedy = (
                "pass Edges(batch.senders, batch.receivers, where=batch.edge_mask) or "
                "Complete(batch.layout)"
            )
    elif isinstance(structure, ARRAYS) and structure.ndim == 2 and structure.shape[0] == 2:
        remedy = "of an edge_index [2, edges] pass Edges(edge_index[0], edge_index[1])"
    elif isinstance(structure, ARRAYS) and structure.ndim >= 2:
        remedy = (
            "of a matrix or mask [receivers, senders] pass Edges(senders, receivers) with "
            "receivers, senders = np.nonzero(mask)"
        )
    elif isinstance(structure, tuple | list) and len(structure) == 2:
        remedy = "pass Edges(senders, receivers)"
    raise TypeError(
        f"The structure must be Edges or Complete, got {describe(structure)}: {remedy}."
    )


def _check_structure(structure: Structure, num_receivers: int, num_senders: int) -> tuple[int, str]:
    """The number of entries of a structure, and their name: "edges" or "pairs"."""
    if isinstance(structure, Edges):
        entries, kind = structure.senders.shape[0], "edges"
        if structure.num_receivers is not None:
            check_count(structure.num_receivers, "num_receivers")
        if structure.num_receivers not in (None, num_receivers):
            raise ValueError(
                f"num_receivers is {structure.num_receivers}, but query has {num_receivers} rows."
            )
        ids = {"receiver_ids": structure.receiver_ids, "sender_ids": structure.sender_ids}
        per_entry = {"receivers": structure.receivers, "where": structure.where}
    else:
        rows, columns = structure.layout, structure.senders
        check_layout(rows)
        check_layout(columns, "sender_layout")
        if [tier.num_graphs for tier in rows.tiers] != [tier.num_graphs for tier in columns.tiers]:
            raise ValueError(
                f"The tiers of the receivers, {rows.tiers}, and those of the senders, "
                f"{columns.tiers}, do not hold the same numbers of graphs."
            )
        entries, kind = structure.num_pairs, "pairs"
        if (num_receivers, num_senders) != (rows.num_nodes, columns.num_nodes):
            raise ValueError(
                f"The layout has {rows.num_nodes} receivers and {columns.num_nodes} senders, but "
                f"query and key have {num_receivers} and {num_senders} rows."
            )
        ids = {"node_ids": structure.node_ids, "sender_ids": structure.sender_ids}
        per_entry = {"where": structure.where}
    for name, values in per_entry.items():
        if values is None:
            continue
        check_array(values, name, "[...]")
        if values.shape != (entries,):
            raise ValueError(
                f"The structure has {entries} {kind}, but its {name} have shape "
                f"{list(values.shape)}."
            )
    check_where(structure.where, entries)
    for name, values in ids.items():
        if values is None:
            continue
        count = num_senders if name == "sender_ids" else num_receivers
        shape = list(identities(values, name).shape)
        if shape != [count]:
            raise ValueError(f"{name} must have shape [{count}], got {shape}.")
    if isinstance(structure, Edges):
        check_ends(structure, num_receivers, num_senders)
    return entries, kind


def _check_score(score: Any, heads: int, head_dim: int) -> None:
    if isinstance(score, type) or not isinstance(score, Score):
        raise TypeError(
            "score must be Dot(), Clamped(), Additive(), Dynamic(vector), Multiplied() or one of "
            f"your own, with their two methods, got {describe(score)}."
        )
    for field in ("limit", "slope"):
        number = getattr(score, field, 1.0)
        if isinstance(score, Clamped | Additive | Dynamic) and not isinstance(number, numbers.Real):
            raise TypeError(
                f"{field} of {type(score).__name__} is static, a real number, got "
                f"{describe(number)}."
            )
    if isinstance(score, Clamped) and not score.limit > 0:
        raise ValueError(f"Clamped needs a limit above 0, got {score.limit}.")
    if isinstance(score, Dynamic):
        check_floats(score.vector, "Dynamic's vector", "[heads, head_dim]")
        if score.vector.shape != (heads, head_dim):
            raise ValueError(
                f"Dynamic's vector must have shape {[heads, head_dim]} [heads, head_dim], got "
                f"{list(score.vector.shape)}."
            )


def _check_entry(entry: Any, entries: int, kind: str) -> None:
    """Refuse an array of the entry that does not have one row for each edge or pair."""
    for leaf in jax.tree.leaves(entry):
        check_array(leaf, "Each array in the entry", "[...]")
        if leaf.shape[:1] != (entries,):
            raise ValueError(
                f"Each array in the entry must have one row for each of the structure's {entries} "
                f"{kind}, and one has shape {list(leaf.shape)}."
            )
        if jnp.issubdtype(leaf.dtype, jnp.complexfloating):
            raise TypeError(f"An array in the entry must be real and is {leaf.dtype}.")


def _check_bias_function(
    bias: BiasFunction, structure: Structure, num_receivers: int, num_senders: int, heads: int
) -> None:
    if not callable(bias.function):
        raise TypeError(
            f"The first field of a BiasFunction must be a function, got {describe(bias.function)}."
        )
    for name, features, rows in zip(
        ("receivers", "senders"), bias.sides, (num_receivers, num_senders), strict=True
    ):
        leaves = jax.tree.leaves(features)
        if not leaves:
            raise ValueError(
                f"The bias function has no features of the {name}; pass at least one array "
                f"[{name}, ...], such as their places."
            )
        for leaf in leaves:
            check_array(leaf, f"A feature of the {name} in the bias function", "[...]")
            if leaf.shape[:1] != (rows,):
                raise ValueError(
                    f"There are {rows} {name}, but the bias function's features of the {name} "
                    f"have shape {list(leaf.shape)}."
                )
    _check_bias_result(bias, structure, heads)


def _check_bias_result(bias: BiasFunction, structure: Structure, heads: int) -> None:
    """Trace the function with the shapes of its later calls and check the shape of its result."""
    if isinstance(structure, Edges):
        entries = structure.senders.shape
        before: Any = (entries, entries)
    else:
        # Two unequal lengths, so that a result with its axes in the wrong order is refused.
        entries = (2, 3)
        before = ((2, 1), (1, 3))
    x, y = (
        jax.tree.map(lambda leaf, axes=axes: _abstract(axes + leaf.shape[1:], leaf), side)
        for axes, side in zip(before, bias.sides, strict=True)
    )
    for leaf in jax.tree.leaves(bias.params):
        if not isinstance(leaf, numbers.Real):
            check_array(leaf, "Each of the bias function's params", "[...]")
    params = jax.tree.map(lambda leaf: _abstract(jnp.shape(leaf), leaf), bias.params)
    out = jax.eval_shape(bias.function, params, x, y)
    full = (*entries, heads)
    shape = getattr(out, "shape", ())
    if len(shape) != len(full) or any(n not in (1, m) for n, m in zip(shape, full, strict=True)):
        found = list(shape) if hasattr(out, "shape") else describe(out)
        raise ValueError(
            f"The bias function must return [..., {heads}], one value for each head: {list(full)} "
            f"for features of {list(before[0])} and {list(before[1])} places, and returns {found}."
        )
    if jnp.issubdtype(out.dtype, jnp.complexfloating):
        raise TypeError(f"The bias function must return real numbers, and returns {out.dtype}.")


def _abstract(shape: Any, leaf: Any) -> Any:
    return jax.ShapeDtypeStruct(shape, jnp.result_type(leaf))
