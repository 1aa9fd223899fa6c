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
    """`gtx.ops.attention` with a module's `dropout_rate` and `implementation`; sows `weights`.

    Args:
      module: in whose compact method it is called.
      query: as for `gtx.ops.attention`; so are the others.
      key: one per sender.
      value: one per sender.
      structure: who attends to whom.
      train: whether to drop weights.
      edge_value: added to the value.
      **logits: score, bias, edge_key and scale.
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
