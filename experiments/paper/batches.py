"""Adjacency matrices as gtx takes them: lists of edges, structures of attention, batches.

A matrix has the receivers as rows and the senders as columns.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gtx import batching
from gtx.batch import Batch
from gtx.data import Dataset
from gtx.encodings import Encoding
from gtx.ops import Complete, Edges, Tier, make_layout, split_pairs


def edge_list(
    adjacency: np.ndarray, rng: np.random.Generator | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Senders and receivers as int32. Receivers are in order, or shuffled if there is an `rng`."""
    receivers, senders = np.nonzero(adjacency)
    if rng is not None:
        order = rng.permutation(len(senders))
        senders, receivers = senders[order], receivers[order]
    return senders.astype(np.int32), receivers.astype(np.int32)


def edge_structure(adjacency: np.ndarray, rng: np.random.Generator | None = None) -> Edges:
    """The edges of a matrix, in the order of receivers, or shuffled if there is an `rng`."""
    senders, receivers = edge_list(adjacency, rng)
    return Edges(jnp.asarray(senders), jnp.asarray(receivers), indices_are_sorted=rng is None)


def complete_structure(n: int, where: np.ndarray | None = None) -> Complete:
    """All pairs of n nodes, or the pairs of a mask [receiver, sender]."""
    layout = make_layout(np.array([n]), n, (Tier(1, n),))
    return jax.tree.map(
        jnp.asarray, Complete(layout, where=None if where is None else where.reshape(-1))
    )


def batch_of(adjacencies: Sequence[np.ndarray]) -> Batch:
    """One batch of graphs without columns. One node of padding comes after all others."""
    lists = [edge_list(adjacency) for adjacency in adjacencies]
    senders, receivers = (np.concatenate(side) for side in zip(*lists, strict=True))
    dataset = Dataset.from_columns(
        node_ptr=np.cumsum([0, *map(len, adjacencies)]),
        edge_ptr=np.cumsum([0, *(len(one) for one, _ in lists)]),
        senders=senders,
        receivers=receivers,
    )
    return batching.batch_graphs(dataset)


def with_columns(batch: Batch, columns: Sequence[dict[tuple[str, str], np.ndarray]]) -> Batch:
    """The batch with columns of encodings, in the precision that the columns have.

    Args:
      batch: of `batch_of`.
      columns: for each graph, (level, name) -> [nodes, ...], [nodes, nodes, ...] or [...].
    """
    found: dict[str, dict[str, Any]] = dict(node={}, pair={}, graph={})
    for level, name in columns[0]:
        parts = [np.asarray(own[level, name]) for own in columns]
        if level == "graph":
            rows = np.stack([*parts, np.zeros_like(parts[0])])
        elif level == "node":
            padding = np.zeros((len(batch.node_mask) - sum(map(len, parts)), *parts[0].shape[1:]))
            rows = np.concatenate([*parts, padding])
        else:
            rows = np.zeros((len(batch.pair_mask), *parts[0].shape[2:]), parts[0].dtype)
            (tier,) = split_pairs(rows, batch.layout.tiers)
            for place, part in zip(tier, parts, strict=True):
                place[: len(part), : len(part)] = part
        found[level][name] = jnp.asarray(rows)
    graph = batch.graph._replace(nodes=found["node"], globals=found["graph"])
    return batch.replace(graph=graph, pairs=found["pair"])


def encoded(encoding: Encoding, adjacencies: Iterable[np.ndarray]) -> list[dict]:
    """The columns of an encoding for each graph."""
    return [
        {key: values[0] for key, values in encoding(adjacency[None]).items()}
        for adjacency in adjacencies
    ]
