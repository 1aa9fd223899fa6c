"""What an attention is given: the structures, and the call that implementations receive."""

import dataclasses
import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from gtx.ops.layout import Layout


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=("senders", "receivers", "where", "receiver_ids", "sender_ids"),
    meta_fields=("num_receivers", "indices_are_sorted"),
)
@dataclasses.dataclass(frozen=True)
class Edges:
    """Each receiver attends to the senders of its incoming edges.

    Attributes:
      senders: int [edges], in [0, number of senders).
      receivers: int [edges], in [0, num_receivers).
      where: bool [edges], True for real edges; None when all are. A duplicate counts twice.
      num_receivers: static; None for the length of `query`.
      receiver_ids: uint32 [receivers], the identities under which dropout draws its noise;
        None for the position in the array, which changes with the batch.
      sender_ids: uint32 [senders], likewise.
      indices_are_sorted: static, the promise that `receivers` do not decrease.
    """

    senders: Any
    receivers: Any
    where: Any = None
    num_receivers: int | None = None
    receiver_ids: Any = None
    sender_ids: Any = None
    indices_are_sorted: bool = False


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=("layout", "where", "node_ids"),
    meta_fields=(),
)
@dataclasses.dataclass(frozen=True)
class Complete:
    """Each node attends to all nodes of its own graph, itself included.

    Attributes:
      layout: where the nodes stand in the dense tiers.
      where: bool [pairs], the pairs to keep, receiver axis first; None for all. Pairs with
        an empty slot never count, whatever it says.
      node_ids: uint32 [nodes], the identities under which dropout draws its noise; None for
        the position in the array, which changes with the batch.
    """

    layout: Layout
    where: Any = None
    node_ids: Any = None


Structure = Edges | Complete


class Call(NamedTuple):
    """The arguments of one attention, checked and with their defaults filled in.

    `structure` is an `Edges` or a `Complete` with its identities set, `score` one of
    `gtx.ops.attention.scores`. `dropout_bits` is None when nothing is dropped.
    """

    query: Any
    key: Any
    value: Any
    structure: Any
    score: Any
    bias: Any
    gate: Any
    edge_key: Any
    edge_value: Any
    scale: float
    dropout_rate: float
    dropout_bits: Any


def with_ids(structure: Structure, num_receivers: int, num_senders: int) -> Structure:
    """Fill in the identities and sizes that were left out."""
    if isinstance(structure, Complete):
        if structure.node_ids is None:
            return dataclasses.replace(structure, node_ids=positions(num_receivers))
        return structure
    receiver_ids, sender_ids = structure.receiver_ids, structure.sender_ids
    return dataclasses.replace(
        structure,
        num_receivers=num_receivers,
        receiver_ids=positions(num_receivers) if receiver_ids is None else receiver_ids,
        sender_ids=positions(num_senders) if sender_ids is None else sender_ids,
    )


def positions(length: int) -> Any:
    return jnp.arange(length, dtype=jnp.uint32)


def compute_dtype(call: Call) -> Any:
    """The dtype of logits, softmax and sums: at least float32."""
    return functools.reduce(
        jnp.promote_types, (call.query.dtype, call.key.dtype, call.value.dtype, jnp.float32)
    )


def clean(values: Any, where: Any, dtype: Any) -> Any:
    """`values` in `dtype`, with 0 where masked, so that NaN there reaches no arithmetic."""
    if values is None:
        return None
    values = values.astype(dtype)
    if where is None:
        return values
    return jnp.where(where.reshape(where.shape + (1,) * (values.ndim - where.ndim)), values, 0)
