"""The entries of attention that have features: all pairs of nodes, or the edges of some sets.

Layers that read and change features of pairs run over either. Over the edges of
`gtx.structures.Complete(loops=True)` they compute what they compute over all pairs.
"""

from typing import Any, Literal, NamedTuple

import jax.numpy as jnp

from gtx.batch import Batch, Features
from gtx.nn.attention.call import edges_of, pairs_of
from gtx.ops import split_pairs, to_nodes
from gtx.ops.arguments import check_choice
from gtx.ops.attention import Complete, Structure
from gtx.ops.attention.contract import as_edges
from gtx.ops.masks import clean
from gtx.ops.segment import segment_sum

# All pairs of nodes of a graph, or edges.
StructureName = Literal["complete", "edges"]


class Entries(NamedTuple):
    """Who attends to whom, and what each entry holds.

    Attributes:
      structure: of `gtx.ops.attention`.
      features: [entries, feat].
      mask: bool [entries], True for what is real.
      ids: int [entries] each, who the receiver and who the sender is: for dropout.
    """

    structure: Structure
    features: Any
    mask: Any
    ids: tuple[Any, Any]


def read_entries(
    features: Features, batch: Batch, structure: str, edges: tuple[str, ...] = ("graph",)
) -> Entries:
    """The entries of a layer; `features` has been cleared of padding.

    Args:
      features: whose `pairs` ("complete") or edges ("edges") are read.
      batch: of these features.
      structure: "complete" or "edges".
      edges: names of the edge sets, see `Batch.edges_over`.

    Raises:
      ValueError: there are no features, or no such structure.
    """
    check_choice(structure, ("complete", "edges"), "structure")
    if structure == "complete":
        over: Structure = pairs_of(batch)
        values, mask = features.pairs, batch.pair_mask
        what, remedy = "pairs", "Encode a column of the pairs, as gtx.nn.Embed does."
    else:
        over, values = edges_of(batch, edges), features.edges_over(edges)
        mask, what = over.where, f"edges in {', '.join(edges)}"
        remedy = "Encode a column of these edges; gtx.nn.ConstantEncoder needs none."
    if values is None:
        raise ValueError(f"The layer needs features of {what}, and there are none. {remedy}")
    ends = as_edges(over)
    ids = batch.node_ids[ends.receivers], batch.node_ids[ends.senders]
    return Entries(over, values, mask, ids)


def write_entries(
    features: Features, values: Any, structure: str, edges: tuple[str, ...] = ("graph",)
) -> Features:
    """Other features for the entries that `read_entries` read."""
    if structure == "complete":
        return features.replace(pairs=values)
    return features.with_edges_over(edges, values)


def sum_entries(values: Any, entries: Entries, num_nodes: int) -> Any:
    """The sum over the senders of each receiver, [nodes, ...], of values [entries, ...]."""
    structure, values = entries.structure, clean(values, entries.mask)
    if not isinstance(structure, Complete):
        sorted_ = structure.indices_are_sorted
        return segment_sum(values, structure.receivers, num_nodes, indices_are_sorted=sorted_)
    layout, rest = structure.layout, values.shape[1:]
    rows = [part.sum(2).reshape(-1, *rest) for part in split_pairs(values, layout.tiers)]
    return to_nodes(jnp.concatenate([jnp.zeros((0, *rest), values.dtype), *rows]), layout)
