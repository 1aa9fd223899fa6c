"""Whether the arguments of an attention fit each other; where they do not, what to do."""

from typing import Any

import jax

from gtx.ops.attention.contract import BiasFunction, Edges, Structure


def check(
    query: Any,
    key: Any,
    value: Any,
    structure: Structure,
    bias: Any,
    gate: Any,
    edge_key: Any,
    edge_value: Any,
) -> None:
    """Refuse shapes that disagree, which programs would otherwise clip or broadcast, each its way.

    Raises:
      ValueError: shapes and structure disagree, or a bias function hides what it learns.
      TypeError: a mask is not bool.
    """
    _check_nodes(query, key, value)
    entries, kind = _check_structure(structure, query.shape[0], key.shape[0])
    if isinstance(bias, BiasFunction):
        _check_bias_function(bias, query.shape[0], key.shape[0])
        bias = None
    heads = query.shape[1]
    expected = dict(
        bias=(bias, (heads,)),
        gate=(gate, (heads,)),
        edge_key=(edge_key, (heads, key.shape[2])),
        edge_value=(edge_value, (heads, value.shape[2])),
    )
    for name, (values, rest) in expected.items():
        if values is not None and values.shape != (entries, *rest):
            raise ValueError(
                f"{name} must have shape {[entries, *rest]}, one row for each of the structure's "
                f"{entries} {kind}, and has {list(values.shape)}."
            )


def _check_nodes(query: Any, key: Any, value: Any) -> None:
    if query.shape[1:] != key.shape[1:] or key.shape[:2] != value.shape[:2]:
        raise ValueError(
            "query [receivers, heads, head_dim], key [senders, heads, head_dim] and value "
            f"[senders, heads, value_dim] do not fit: {list(query.shape)}, {list(key.shape)} and "
            f"{list(value.shape)}."
        )


def _check_structure(structure: Structure, num_receivers: int, num_senders: int) -> tuple[int, str]:
    """The number of its entries, and what these are."""
    if structure.where is not None and structure.where.dtype != bool:
        raise TypeError(f"where must be bool, got {structure.where.dtype}.")
    if isinstance(structure, Edges):
        entries, kind = structure.senders.shape[0], "edges"
        if structure.num_receivers not in (None, num_receivers):
            raise ValueError(
                f"num_receivers is {structure.num_receivers}, but query has {num_receivers} rows."
            )
        ids = {"receiver_ids": structure.receiver_ids, "sender_ids": structure.sender_ids}
        per_edge = {"receivers": structure.receivers, "where": structure.where}
    else:
        rows, columns = structure.layout, structure.senders
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
        per_edge = {"where": structure.where}
    for name, values in per_edge.items():
        if values is not None and values.shape != (entries,):
            raise ValueError(
                f"The structure has {entries} {kind}, but its {name} have shape "
                f"{list(values.shape)}."
            )
    for name, values in ids.items():
        count = num_senders if name == "sender_ids" else num_receivers
        if values is not None and values.shape != (count,):
            raise ValueError(f"{name} must have shape [{count}], got {list(values.shape)}.")
    return entries, kind


def _check_bias_function(bias: BiasFunction, num_receivers: int, num_senders: int) -> None:
    _check_features(bias, num_receivers, num_senders)


def _check_features(bias, num_receivers, num_senders):
    for name, features, rows in zip(
        ("receivers", "senders"), bias.sides, (num_receivers, num_senders), strict=True
    ):
        for leaf in jax.tree.leaves(features):
            if leaf.shape[:1] != (rows,):
                raise ValueError(
                    f"There are {rows} {name}, but the bias function's features of the {name} "
                    f"have shape {list(leaf.shape)}."
                )
