"""Functions by which modules call `gtx.ops.attention`."""

from typing import Any

import flax.linen as nn
from jaxtyping import Array

from gtx.batch import Batch, check_is_batch, require_layout
from gtx.ops import Complete, Edges, attention, attention_weights
from gtx.ops.arguments import check_where
from gtx.ops.attention import Structure
from gtx.ops.noise import check_rate


def pairs_of(batch: Batch, where: Array | None = None) -> Complete:
    """Each node attends to all nodes of its graph, except in pairs that `where` leaves out."""
    check_is_batch(batch)
    return Complete(require_layout(batch), where, batch.node_ids)


def edges_of(
    batch: Batch, names: tuple[str, ...] = ("graph",), where: Array | None = None
) -> Edges:
    """Each node attends to the senders of its incoming edges in these edge sets.

    `where` excludes edges in addition to the masks of the sets.
    """
    check_is_batch(batch)
    over = batch.edges_over(names)
    check_where(where, over.senders.shape[0])
    return Edges(
        over.senders,
        over.receivers,
        where=over.mask if where is None else over.mask & where,
        num_receivers=batch.node_mask.shape[0],
        receiver_ids=batch.node_ids,
        sender_ids=batch.node_ids,
        indices_are_sorted=over.are_sorted,
    )


def attend(
    module: nn.Module,
    query: Array,
    key: Array,
    value: Array,
    structure: Structure,
    *,
    train: bool,
    gate: Array | None = None,
    edge_value: Array | None = None,
    return_message: bool = False,
    **logits: Any,
) -> Any:
    """`gtx.ops.attention` with the `dropout_rate` and the `implementation` of a module.

    It sows the weights before dropout as `weights`, and the structure beside them as `attended`,
    if the collection "intermediates" is mutable.

    Args:
      module: the module whose compact method calls it.
      query: one row per receiver, as for `gtx.ops.attention`.
      key: one row per sender.
      value: one row per sender.
      structure: who attends to whom.
      train: whether to drop weights.
      gate: multiplies the weights.
      edge_value: added to the value.
      return_message: whether to return the message of the score too.
      **logits: the arguments for the logits: score, entry, bias, edge_key and scale.

    Returns:
      The result, or (result, message).
    """
    check_rate(module.dropout_rate)
    dropping = train and module.dropout_rate > 0
    out = attention(
        query,
        key,
        value,
        structure,
        gate=gate,
        edge_value=edge_value,
        return_message=return_message,
        **logits,
        dropout_rate=module.dropout_rate if dropping else 0.0,
        dropout_key=module.make_rng("dropout") if dropping else None,
        implementation=module.implementation,
    )
    if module.is_mutable_collection("intermediates"):
        module.sow("intermediates", "weights", attention_weights(query, key, structure, **logits))
        module.sow("intermediates", "attended", structure)
    return out
