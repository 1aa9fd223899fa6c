"""The dense layout: the position of each node of a flat batch when graphs become matrices.

The graphs of a batch are grouped into tiers, and every graph of a tier gets the same number of
slots. Node features stay in one flat array. Only attention moves them into the slots. Pairs of
nodes are also one flat axis: the concatenation over tiers of `num_graphs * size * size` entries. A
dense implementation therefore only reshapes slices of it and needs no gather.
"""

import dataclasses
import functools
import math
import operator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Integer, Shaped

from gtx.ops.arguments import as_ids, check_array, check_count, check_length, describe
from gtx.ops.varying import vary_together

HostOrDevice = Array | np.ndarray


class Tier(NamedTuple):
    """`num_graphs` graphs that each have room for `size` nodes."""

    num_graphs: int
    size: int


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=("slots", "node_slots"),
    meta_fields=("tiers",),
)
@dataclasses.dataclass(frozen=True)
class Layout:
    """The bijection between the real nodes of a batch and the used slots of its tiers.

    Attributes:
      slots: int32 [slots], the node in each slot; `num_nodes` in an empty slot.
      node_slots: int32 [nodes], the slot of each node; `num_slots` for a padding node.
      tiers: static. Graphs are numbered tier by tier, and slots graph by graph.
    """

    slots: Any
    node_slots: Any
    tiers: tuple[Tier, ...]

    @property
    def num_nodes(self) -> int:
        return self.node_slots.shape[-1]

    @property
    def num_slots(self) -> int:
        return sum(tier.num_graphs * tier.size for tier in self.tiers)

    @property
    def num_pairs(self) -> int:
        return sum(tier.num_graphs * tier.size**2 for tier in self.tiers)


def check_layout(layout: Any, name: str = "layout") -> None:
    """Raise unless `layout` is a Layout whose arrays have the lengths that its tiers state.

    Raises:
      TypeError: it is not a Layout, or its arrays do not hold integers.
      ValueError: its parts do not fit each other.
    """
    if layout is None:
        raise TypeError(
            f"{name} must be a Layout, got None. Attention over all pairs of nodes needs a batch "
            "with a layout: make it with dense=True."
        )
    if not isinstance(layout, Layout):
        raise TypeError(
            f"{name} must be a Layout, got {describe(layout)}. Pass batch.layout, or make one: "
            "make_layout(n_node, num_nodes, tiers)."
        )
    tiers = layout.tiers
    if not isinstance(tiers, tuple) or not all(isinstance(tier, Tier) for tier in tiers):
        raise TypeError(f"tiers of the {name} must be a tuple of Tier, got {tiers!r}.")
    for field in ("slots", "node_slots"):
        as_ids(getattr(layout, field), f"{field} of the {name}")
    if layout.slots.shape[0] != layout.num_slots:
        raise ValueError(
            f"{name} has {layout.slots.shape[0]} slots, but its tiers {layout.tiers} have "
            f"{layout.num_slots}. Make it with make_layout."
        )


def as_tiers(tiers: Any) -> tuple[Tier, ...]:
    """Tiers from pairs of ints `(num_graphs, size)`."""
    try:
        pairs = tuple(Tier(*(operator.index(number) for number in tier)) for tier in tiers)
    except TypeError:
        raise TypeError(
            "tiers must be static pairs of ints (num_graphs, size), such as "
            f"(Tier(32, 20), Tier(4, 50)), got {tiers!r}."
        ) from None
    if any(min(tier) < 0 for tier in pairs):
        raise ValueError(f"tiers have a negative number: {pairs}.")
    return pairs


def make_layout(n_node: Any, num_nodes: int, tiers: tuple[Tier, ...], *, xp: Any = np) -> Layout:
    """Give every node of consecutive graphs a slot in `tiers`.

    Args:
      n_node: int [graphs], the number of nodes of the graph in each place of the tiers, in their
        order (0 for an empty place). Each graph must fit into its tier.
      num_nodes: length of the flat node axis; nodes beyond `n_node.sum()` are padding.
      tiers: static sizes.
      xp: `numpy` on the host, `jax.numpy` inside a compiled step.

    Raises:
      ValueError: on the host, a graph does not fit into its tier. Inside a compiled step the
        values cannot be checked; `gtx.batching` has already made them fit.
      TypeError: an argument has a wrong type.
    """
    if xp not in (np, jnp):
        raise TypeError(f"xp must be numpy or jax.numpy, got {xp!r}.")
    tiers = as_tiers(tiers)
    check_count(num_nodes, "num_nodes")
    n_node = as_ids(n_node, "n_node")
    if xp is np:
        if isinstance(n_node, jax.core.Tracer):
            raise TypeError("n_node is traced; inside of jit pass xp=jax.numpy.")
        _check_fit(np.asarray(n_node), num_nodes, tiers)
    else:
        check_length(n_node, sum(tier.num_graphs for tier in tiers), "n_node", "places in tiers")
    # All that depends on the tiers alone is computed with numpy: it becomes constants of the
    # compiled program. The empty array in front keeps np.concatenate valid for no tiers.
    slot_graph = np.concatenate(
        [np.zeros(0, np.int32)]
        + [
            first + np.repeat(np.arange(tier.num_graphs, dtype=np.int32), tier.size)
            for first, tier in zip(first_graphs(tiers), tiers, strict=True)
        ]
    )
    slot_position = np.concatenate(
        [np.zeros(0, np.int32)]
        + [np.tile(np.arange(tier.size, dtype=np.int32), tier.num_graphs) for tier in tiers]
    )
    graph_slot = np.concatenate(
        [np.zeros(0, np.int64)] + [np.full(tier.num_graphs, tier.size) for tier in tiers]
    )
    # Cumulative sum without the own term: the first slot of each graph.
    graph_slot = (np.cumsum(graph_slot) - graph_slot).astype(np.int32)

    n_node = xp.asarray(n_node, dtype=np.int32)
    ends = xp.cumsum(n_node, dtype=np.int32)
    starts = ends - n_node
    slots = xp.where(
        slot_position < n_node[slot_graph], starts[slot_graph] + slot_position, num_nodes
    ).astype(np.int32)
    node = np.arange(num_nodes, dtype=np.int32)
    num_graphs = graph_slot.shape[0]
    if num_graphs == 0:
        return Layout(slots, xp.zeros(num_nodes, dtype=np.int32), tiers)
    # side="right" skips empty graphs, whose end equals their start. The minimum serves padding
    # nodes, which lie beyond the last graph; their slot is replaced below.
    graph = xp.minimum(xp.searchsorted(ends, node, side="right"), num_graphs - 1)
    node_slots = xp.where(
        node < ends[-1], xp.asarray(graph_slot)[graph] + node - starts[graph], slot_graph.shape[0]
    ).astype(np.int32)
    return Layout(slots, node_slots, tiers)


def _check_fit(n_node: np.ndarray, num_nodes: int, tiers: tuple[Tier, ...]) -> None:
    room = np.repeat([tier.size for tier in tiers], [tier.num_graphs for tier in tiers])
    if n_node.shape != room.shape:
        raise ValueError(
            f"n_node has shape {list(n_node.shape)}, but the tiers have {len(room)} places for "
            "graphs; give an empty place 0 nodes."
        )
    wrong = np.flatnonzero((n_node < 0) | (n_node > room))
    if len(wrong):
        graph = int(wrong[0])
        raise ValueError(
            f"graph {graph} has {n_node[graph]} nodes, and its place in the tiers {tiers} has room "
            f"for {room[graph]}."
        )
    if n_node.sum() > num_nodes:
        raise ValueError(f"the graphs have {n_node.sum()} nodes, more than num_nodes, {num_nodes}.")


def first_graphs(tiers: tuple[Tier, ...]) -> tuple[int, ...]:
    """The number of the first graph of each tier."""
    counts = [tier.num_graphs for tier in tiers]
    return tuple(int(first) for first in np.cumsum([0, *counts])[: len(tiers)])


def _take_or_zero(values, indices, inverse):
    return _take(*vary_together(values, indices, inverse))


@jax.custom_vjp
def _take(values, indices, inverse):
    del inverse
    if values.shape[0] == 0:  # jnp.take refuses an empty axis
        return jnp.zeros_like(values, shape=indices.shape + values.shape[1:])
    return jnp.take(values, indices, axis=0, mode="fill", fill_value=0)


def _take_fwd(values, indices, inverse):
    return _take(values, indices, inverse), (indices, inverse)


def _take_bwd(saved, cotangent):
    indices, inverse = saved
    return _take_or_zero(cotangent, inverse, indices), None, None


# The two index arrays of a layout are inverse to each other. The transpose of the gather with one
# of them is therefore the gather with the other. A gather is cheaper than the scatter that
# automatic differentiation would make.
_take.defvjp(_take_fwd, _take_bwd)


def to_slots(
    values: Shaped[Array, " nodes *rest"], layout: Layout
) -> Shaped[Array, " slots *rest"]:
    """Move node values into their slots. Empty slots get 0; padding nodes are left out."""
    check_layout(layout)
    check_array(values, "values", "[nodes, ...]")
    check_length(values, layout.num_nodes, "values", "nodes of the layout")
    return _take_or_zero(values, layout.slots, layout.node_slots)


def to_nodes(
    values: Shaped[Array, " slots *rest"], layout: Layout
) -> Shaped[Array, " nodes *rest"]:
    """Move slot values back to their nodes. Padding nodes get exactly 0."""
    check_layout(layout)
    check_array(values, "values", "[slots, ...]")
    check_length(values, layout.num_slots, "values", "slots of the layout")
    return _take_or_zero(values, layout.node_slots, layout.slots)


def split_slots(
    values: Shaped[HostOrDevice, " slots *rest"], tiers: tuple[Tier, ...]
) -> list[Shaped[HostOrDevice, "..."]]:
    """View slot values as one `[num_graphs, size, *rest]` array per tier."""
    check_array(values, "values", "[slots, ...]")
    check_length(values, sum(t.num_graphs * t.size for t in tiers), "values", "slots of the tiers")
    parts, start = [], 0
    for tier in tiers:
        stop = start + tier.num_graphs * tier.size
        parts.append(values[start:stop].reshape(*tier, *values.shape[1:]))
        start = stop
    return parts


def split_pairs(
    values: Shaped[HostOrDevice, " pairs *rest"],
    tiers: tuple[Tier, ...],
    sender_tiers: tuple[Tier, ...] | None = None,
) -> list[Shaped[HostOrDevice, "..."]]:
    """View pair values as one `[num_graphs, size, sender_size, *rest]` array per tier.

    The first of the two node axes is the receiver, the second the sender; both have the same
    tiers unless `sender_tiers` is given.
    """
    sizes = list(zip(tiers, sender_tiers or tiers, strict=True))
    count = sum(tier.num_graphs * tier.size * sender.size for tier, sender in sizes)
    check_array(values, "values", "[pairs, ...]")
    check_length(values, count, "values", "pairs of the tiers")
    parts, start = [], 0
    for tier, sender in sizes:
        shape = (tier.num_graphs, tier.size, sender.size)
        stop = start + math.prod(shape)
        parts.append(values[start:stop].reshape(*shape, *values.shape[1:]))
        start = stop
    return parts


def pair_mask(layout: Layout, sender_layout: Layout | None = None) -> Bool[HostOrDevice, " pairs"]:
    """True where both the receiver slot and the sender slot of a pair hold a node."""
    check_layout(layout)
    check_layout(sender_layout or layout, "sender_layout")
    receivers, senders = (
        split_slots(side.slots < side.num_nodes, side.tiers)
        for side in (layout, sender_layout or layout)
    )
    parts = [
        (rows[:, :, None] & columns[:, None, :]).reshape(-1)
        for rows, columns in zip(receivers, senders, strict=True)
    ]
    xp = np if isinstance(layout.slots, np.ndarray) else jnp
    return xp.concatenate([xp.zeros(0, bool), *parts])


def pair_ends(
    layout: Layout,
) -> tuple[Integer[HostOrDevice, " pairs"], Integer[HostOrDevice, " pairs"]]:
    """The nodes of each pair, receiver and sender; some node where a slot is empty."""
    check_layout(layout)
    xp = np if isinstance(layout.slots, np.ndarray) else jnp
    receivers, senders = [xp.zeros(0, np.int32)], [xp.zeros(0, np.int32)]
    last = max(layout.num_nodes - 1, 0)
    for tier, slots in zip(layout.tiers, split_slots(layout.slots, layout.tiers), strict=True):
        shape, nodes = (*tier, tier.size), xp.minimum(slots, last)
        receivers.append(xp.broadcast_to(nodes[:, :, None], shape).reshape(-1))
        senders.append(xp.broadcast_to(nodes[:, None, :], shape).reshape(-1))
    return xp.concatenate(receivers), xp.concatenate(senders)


def edge_pairs(
    senders: Integer[HostOrDevice, " edges"],
    receivers: Integer[HostOrDevice, " edges"],
    layout: Layout,
) -> Integer[HostOrDevice, " edges"]:
    """The flat pair index of each edge; `num_pairs` for an edge of a padding node."""
    check_layout(layout)
    senders, receivers = as_ids(senders, "senders"), as_ids(receivers, "receivers")
    check_length(receivers, senders.shape[0], "receivers", "senders")
    # Tables over the slots: the first pair of the slot's graph, the first slot of this graph, and
    # its number of slots. The extra last row serves padding nodes, whose slot is num_slots.
    offsets, slot_tier_size, slot_start = [], [], []
    pairs = slots = 0
    for tier in layout.tiers:
        graph = np.repeat(np.arange(tier.num_graphs), tier.size)
        offsets.append(pairs + graph * tier.size**2)
        slot_start.append(slots + graph * tier.size)
        slot_tier_size.append(np.full(graph.shape, tier.size))
        pairs += tier.num_graphs * tier.size**2
        slots += tier.num_graphs * tier.size
    empty = np.zeros(1, np.int64)
    offset = np.concatenate([*offsets, empty]).astype(np.int32)
    start = np.concatenate([*slot_start, empty]).astype(np.int32)
    size = np.concatenate([*slot_tier_size, empty]).astype(np.int32)
    # Pair (i, j) of a graph of n slots has the place i * n + j after the first pair of the graph.
    row, column = layout.node_slots[receivers], layout.node_slots[senders]
    xp = np if isinstance(row, np.ndarray) else jnp
    offset, start, size = xp.asarray(offset), xp.asarray(start), xp.asarray(size)
    index = offset[row] + (row - start[row]) * size[row] + column - start[row]
    real = (row < layout.num_slots) & (column < layout.num_slots)
    return xp.where(real, index, layout.num_pairs)
