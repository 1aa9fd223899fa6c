"""How modules call `gtx.ops.attention`."""

from typing import Any

import flax.linen as nn
from jaxtyping import Array

from gtx.batch import Batch, check_is_batch
from gtx.ops import Edges, attention, attention_weights
from gtx.ops.attention import Structure
from gtx.ops.noise import check_rate


def edges_of(batch: Batch, names: tuple[str, ...] = ("graph",)) -> Edges:
    """Each node attends to the senders of its incoming edges in these edge sets."""
    check_is_batch(batch)
    over = batch.edges_over(names)
    return Edges(
        over.senders,
        over.receivers,
        where=over.mask,
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
    edge_value: Array | None = None,
    **logits: Any,
) -> Array:
    """`gtx.ops.attention` with the `dropout_rate` and the `implementation` of a module.

    It sows the weights before dropout as `weights`, if the collection "intermediates" is mutable.

    Args:
      module: the module whose compact method calls it.
      query: one row per receiver, as for `gtx.ops.attention`.
      key: one row per sender.
      value: one row per sender.
      structure: who attends to whom.
      train: whether to drop weights.
      edge_value: added to the value.
      **logits: what the logits depend on: score, bias, edge_key and scale.
    """
    check_rate(module.dropout_rate)
    dropping = train and module.dropout_rate > 0
    out: Any = attention(
        query,
        key,
        value,
        structure,
        edge_value=edge_value,
        **logits,
        dropout_rate=module.dropout_rate if dropping else 0.0,
        dropout_key=module.make_rng("dropout") if dropping else None,
        implementation=module.implementation,
    )
    if module.is_mutable_collection("intermediates"):
        module.sow("intermediates", "weights", attention_weights(query, key, structure, **logits))
    return out
