"""The hard structures on which every implementation must agree, with random arguments."""

import dataclasses
import functools
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gtx.ops import Complete, Edges, Tier, make_layout, node_ids, pair_mask
from gtx.ops.attention import (
    Additive,
    BiasFunction,
    Clamped,
    Dot,
    Dynamic,
    EGTScore,
    GRITScore,
    Multiplied,
)
from gtx.ops.layout import split_pairs, split_slots

HEADS, HEAD_DIM, VALUE_DIM = 2, 3, 4
OPERANDS = ("query", "key", "value", "bias", "gate", "edge_key", "edge_value", "scale")
# Scores of query and key alone, and scores that read an entry and leave a message.
SCORES = ("dot", "clamped", "additive", "dynamic", "user's")
ENTRY_SCORES = ("multiplied", "egt", "grit", "user's over entries")
# The arrays that scores and their entries are made of.
SCORE_ARRAYS = {
    "dynamic": ("vector",),
    "user's": ("vector",),
    "multiplied": ("features",),
    "egt": ("edge_logits",),
    "grit": ("vector", "features", "offsets", "matrix"),
    "user's over entries": ("features", "relations"),
}


@functools.partial(jax.tree_util.register_dataclass, data_fields=("weights",), meta_fields=())
@dataclasses.dataclass(frozen=True)
class Distance:
    """A score as a user would write one: minus a weighted squared distance."""

    weights: Any

    def __call__(self, query, key, entry, scale):
        return -scale * jnp.sum(self.weights**2 * (query - key) ** 2, axis=-1)

    def default_scale(self, head_dim):
        return 1 / head_dim


@functools.partial(jax.tree_util.register_dataclass, data_fields=("table",), meta_fields=())
@dataclasses.dataclass(frozen=True)
class Relations:
    """A user's score over a tree of entries, integers among them, with a tree as message."""

    table: Any

    def __call__(self, query, key, entry, scale):
        pull = jnp.sum(jnp.tanh(query * entry["features"]) * key, axis=-1)
        # The sender's part of the message does not know the receivers' axis.
        message = {"pull": pull, "sender": jnp.sin(key)}
        return scale * pull + self.table[entry["relation"]], message

    def edge_value(self, message):
        return jnp.concatenate([message["sender"], message["pull"][..., None]], axis=-1)

    def default_scale(self, head_dim):
        return 1 / head_dim


def sys_module(name):
    """A module by its file: `gtx.ops.attention` is the function as well as the package."""
    return sys.modules[f"gtx.ops.attention.{name}"]


def make_score(name, arrays):
    return {
        "dot": lambda: Dot(),
        "clamped": lambda: Clamped(0.7),
        "additive": lambda: Additive(0.3),
        "dynamic": lambda: Dynamic(arrays["vector"], 0.3),
        "user's": lambda: Distance(arrays["vector"]),
        "multiplied": lambda: Multiplied(0.7),
        "egt": lambda: EGTScore(0.7),
        "grit": lambda: GRITScore(arrays["vector"], arrays["matrix"], 1.5, jnp.tanh),
        "user's over entries": lambda: Relations(arrays["relations"]),
    }[name]()


def make_entry(name, arrays, structure):
    """What the score reads of edges or pairs, or None."""
    if name == "multiplied":
        return arrays["features"]
    if name == "egt":
        return arrays["edge_logits"]
    if name == "grit":
        return {"weight": arrays["features"], "bias": arrays["offsets"]}
    if name == "user's over entries":
        relation = np.random.default_rng(12).integers(0, 3, sizes(structure)[2])
        return {"features": arrays["features"], "relation": jnp.asarray(relation)}
    return None


def message_cotangents(message):
    """Random numbers in the shapes of a message."""
    rng = np.random.default_rng(13)
    return jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape), leaf.dtype), message)


def distance_bias(params, x, y):
    """By place and by class, as a molecule's would be: a decay with distance, a table look-up."""
    square = jnp.sum((x["place"] - y["place"]) ** 2, axis=-1)
    return params["table"][x["class"], y["class"]] - params["decay"] * square[..., None]


def bias_function(arrays, classes):
    receivers, senders = classes
    return BiasFunction(
        distance_bias,
        dict(table=arrays["table"], decay=arrays["decay"]),
        {"place": arrays["receiver_place"], "class": receivers},
        {"place": arrays["sender_place"], "class": senders},
    )


def classes(structure):
    receivers, senders, _ = sizes(structure)
    rng = np.random.default_rng(11)
    return tuple(jnp.asarray(rng.integers(0, 3, size)) for size in (receivers, senders))


def complete(*tiers):
    """Graphs of 3, 0, 1, 5 and 4 nodes, three padding nodes, and one receiver without pairs."""
    n_node, num_nodes = np.array([3, 0, 1, 5, 4]), 16
    layout = make_layout(n_node, num_nodes, tiers or (Tier(3, 4), Tier(2, 6)))
    where = np.random.default_rng(1).random(layout.num_pairs) < 0.8
    first = layout.node_slots[4]  # all pairs of the first receiver in the graph of 5 nodes
    where[np.asarray(pair_rows(layout)) == first] = False
    graph = np.repeat(np.arange(6), [*n_node, 3])
    position = np.arange(num_nodes) - (np.cumsum([0, *n_node]))[graph]
    structure = Complete(layout, where, node_ids(graph, position, xp=np))
    return jax.tree.map(jnp.asarray, structure)


def pair_rows(layout):
    """The receiver slot of each pair."""
    rows, start = [np.zeros(0, int)], 0
    for num_graphs, size in layout.tiers:
        rows.append(np.repeat(start + np.arange(num_graphs * size), size))
        start += num_graphs * size
    return np.concatenate(rows)


def bipartite():
    """Two sets to each graph: 2, 3, 0 and 4 receivers, 4, 0, 2 and 5 senders, and padding."""
    layout = make_layout(np.array([2, 3, 0, 4]), 11, (Tier(3, 3), Tier(1, 4)))
    senders = make_layout(np.array([4, 0, 2, 5]), 12, (Tier(3, 4), Tier(1, 7)))
    num_pairs = 3 * 3 * 4 + 4 * 7
    rng = np.random.default_rng(4)
    ids = [rng.integers(0, 2**32, size, dtype=np.uint32) for size in (11, 12)]
    structure = Complete(layout, rng.random(num_pairs) < 0.8, ids[0], senders, ids[1])
    return jax.tree.map(jnp.asarray, structure)


def nothing():
    """No graph has a node."""
    layout = make_layout(np.array([0, 0]), 2, (Tier(2, 3),))
    structure = Complete(layout, np.ones(18, bool), np.arange(2, dtype=np.uint32))
    return jax.tree.map(jnp.asarray, structure)


def no_edges():
    ids = jnp.arange(3, dtype=jnp.uint32)
    none = jnp.zeros(0, jnp.int32)
    return Edges(none, none, jnp.zeros(0, bool), 3, ids, ids)


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
    "complete in one tier": lambda: complete(Tier(5, 5)),
    "complete in four tiers": lambda: complete(Tier(1, 3), Tier(2, 1), Tier(1, 5), Tier(1, 7)),
    "bipartite": bipartite,
    "nothing": nothing,
    "edges": edges,
    "sorted edges": lambda: edges(is_sorted=True),
    "no edges": no_edges,
}


def sizes(structure):
    """The numbers of receivers, of senders, and of edges or pairs."""
    if isinstance(structure, Complete):
        rows, columns = structure.layout, structure.senders
        return rows.num_nodes, columns.num_nodes, structure.num_pairs
    return structure.num_receivers, len(structure.sender_ids), len(structure.senders)


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
    receivers, senders, entries = sizes(structure)
    shapes = dict(
        query=(receivers, HEADS, HEAD_DIM),
        key=(senders, HEADS, HEAD_DIM),
        value=(senders, HEADS, VALUE_DIM),
        bias=(entries, HEADS),
        gate=(entries, HEADS),
        edge_key=(entries, HEADS, HEAD_DIM),
        edge_value=(entries, HEADS, VALUE_DIM),
        vector=(HEADS, HEAD_DIM),
        table=(3, 3, HEADS),
        decay=(HEADS,),
        receiver_place=(receivers, 2),
        sender_place=(senders, 2),
        features=(entries, HEADS, HEAD_DIM),
        offsets=(entries, HEADS, HEAD_DIM),
        edge_logits=(entries, HEADS),
        matrix=(HEADS, HEAD_DIM, VALUE_DIM),
        relations=(3, HEADS),
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
        mask = np.asarray(pair_mask(structure.layout, structure.sender_layout) & structure.where)
        sides = structure.layout, structure.senders
        used = [np.zeros(layout.num_nodes + 1, bool) for layout in sides]
        tiers = [layout.tiers for layout in sides]
        slots = [split_slots(np.asarray(layout.slots), layout.tiers) for layout in sides]
        for pairs, rows, columns in zip(split_pairs(mask, *tiers), *slots, strict=True):
            used[0][rows[pairs.any(axis=2)]] = True
            used[1][columns[pairs.any(axis=1)]] = True
        return _unused(~used[0][:-1], ~used[1][:-1], ~mask)
    where = np.asarray(structure.where)
    receivers = np.ones(structure.num_receivers, bool)
    receivers[np.asarray(structure.receivers)[where]] = False
    senders = np.ones(len(structure.sender_ids), bool)
    senders[np.asarray(structure.senders)[where]] = False
    return _unused(receivers, senders, ~where)


def _unused(receivers, senders, entries):
    return dict(
        query=receivers,
        receiver_place=receivers,
        key=senders,
        value=senders,
        sender_place=senders,
        bias=entries,
        gate=entries,
        edge_key=entries,
        edge_value=entries,
        features=entries,
        offsets=entries,
        edge_logits=entries,
    )


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
