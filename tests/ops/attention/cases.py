"""The hard structures on which every implementation must agree, with random arguments."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from gtx.ops import Complete, Edges, Tier, make_layout, node_ids, pair_mask
from gtx.ops.attention import Additive, Clamped, Dot, Dynamic

HEADS, HEAD_DIM, VALUE_DIM = 2, 3, 4
SCORES = ("dot", "clamped", "additive", "dynamic")


def make_score(name, vector):
    return {
        "dot": Dot(),
        "clamped": Clamped(0.7),
        "additive": Additive(0.3),
        "dynamic": Dynamic(vector, 0.3),
    }[name]


def complete():
    """Graphs of 3, 0, 1, 5 and 4 nodes, three padding nodes, and one receiver without pairs."""
    n_node, num_nodes = np.array([3, 0, 1, 5, 4]), 16
    layout = make_layout(n_node, num_nodes, (Tier(3, 4), Tier(2, 6)))
    where = np.random.default_rng(1).random(layout.num_pairs) < 0.8
    where[48:54] = False  # all pairs of the first receiver in the graph of 5 nodes
    graph = np.repeat(np.arange(6), [*n_node, 3])
    position = np.arange(num_nodes) - (np.cumsum([0, *n_node]))[graph]
    structure = Complete(layout, where, node_ids(graph, position, xp=np))
    return jax.tree.map(jnp.asarray, structure)


def edges(is_sorted=False):
    """Seven senders, nine receivers; isolated, masked-only, duplicate and self edges."""
    pairs = np.array(
        [(0, 0), (1, 0), (1, 0), (2, 1), (3, 3), (3, 3), (0, 3), (6, 4), (5, 5), (4, 5), (2, 5)]
        + [(6, 8)] * 3  # padding: a masked edge is the only one of receiver 8 and sender 6
    )
    where = np.array([1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0], bool)
    if not is_sorted:
        order = np.random.default_rng(2).permutation(len(pairs))
        pairs, where = pairs[order], where[order]
    rng = np.random.default_rng(3)
    receiver_ids, sender_ids = (rng.integers(0, 2**32, size, dtype=np.uint32) for size in (9, 7))
    structure = Edges(
        senders=pairs[:, 0],
        receivers=pairs[:, 1],
        where=where,
        num_receivers=9,
        receiver_ids=receiver_ids,
        sender_ids=sender_ids,
        indices_are_sorted=is_sorted,
    )
    return jax.tree.map(jnp.asarray, structure)


STRUCTURES = {
    "complete": complete,
    "edges": edges,
    "sorted edges": lambda: edges(is_sorted=True),
}


def as_edges(structure):
    """The edge list of a complete structure, node pair by node pair, and the pair of each."""
    layout, real = structure.layout, np.asarray(pair_mask(structure.layout))
    slots, start, senders, receivers = np.asarray(layout.slots), 0, [], []
    for num_graphs, size in layout.tiers:
        for _ in range(num_graphs):
            for receiver in range(size):
                for sender in range(size):
                    receivers.append(slots[start + receiver])
                    senders.append(slots[start + sender])
            start += size
    pairs = np.flatnonzero(real)
    pairs = pairs[np.argsort(np.array(receivers)[pairs], kind="stable")]
    return Edges(
        senders=jnp.asarray(np.array(senders)[pairs]),
        receivers=jnp.asarray(np.array(receivers)[pairs]),
        where=structure.where[pairs],
        num_receivers=layout.num_nodes,
        receiver_ids=structure.node_ids,
        sender_ids=structure.node_ids,
        indices_are_sorted=True,
    ), pairs


def arguments(structure, dtype=np.float64, seed=0):
    """Every array argument of attention, and a cotangent for each of its two results."""
    rng = np.random.default_rng(seed)
    if isinstance(structure, Complete):
        receivers = senders = structure.layout.num_nodes
        entries = structure.layout.num_pairs
    else:
        receivers, senders = structure.num_receivers, len(structure.sender_ids)
        entries = len(structure.senders)
    shapes = dict(
        query=(receivers, HEADS, HEAD_DIM),
        key=(senders, HEADS, HEAD_DIM),
        value=(senders, HEADS, VALUE_DIM),
        bias=(entries, HEADS),
        gate=(entries, HEADS),
        edge_key=(entries, HEADS, HEAD_DIM),
        edge_value=(entries, HEADS, VALUE_DIM),
        vector=(HEADS, HEAD_DIM),
    )
    arrays = {name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}
    cotangents = [
        rng.normal(size=(receivers, HEADS, VALUE_DIM)).astype(dtype),
        rng.normal(size=(receivers, HEADS)).astype(dtype),
    ]
    return arrays, cotangents


def unused(structure):
    """True for the rows of each argument that no real edge or pair touches: its padding."""
    if isinstance(structure, Complete):
        nodes = np.asarray(structure.layout.node_slots) >= structure.layout.num_slots
        entries = ~np.asarray(pair_mask(structure.layout) & structure.where)
        return dict(query=nodes, key=nodes, value=nodes, **_entries(entries))
    where = np.asarray(structure.where)
    receivers = np.ones(structure.num_receivers, bool)
    receivers[np.asarray(structure.receivers)[where]] = False
    senders = np.ones(len(structure.sender_ids), bool)
    senders[np.asarray(structure.senders)[where]] = False
    return dict(query=receivers, key=senders, value=senders, **_entries(~where))


def _entries(mask):
    return dict(bias=mask, gate=mask, edge_key=mask, edge_value=mask)


def without_ids(structure):
    if isinstance(structure, Complete):
        return dataclasses.replace(structure, node_ids=None)
    return dataclasses.replace(structure, receiver_ids=None, sender_ids=None)


def with_positions(structure):
    """The identities that `without_ids` leaves to the implementation."""
    if isinstance(structure, Complete):
        ids = jnp.arange(structure.layout.num_nodes, dtype=jnp.uint32)
        return dataclasses.replace(structure, node_ids=ids)
    receivers = jnp.arange(structure.num_receivers, dtype=jnp.uint32)
    senders = jnp.arange(len(structure.sender_ids), dtype=jnp.uint32)
    return dataclasses.replace(structure, receiver_ids=receivers, sender_ids=senders)
