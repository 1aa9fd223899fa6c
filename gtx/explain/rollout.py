"""Attention rollout: where the weights of attention of all layers together carry from.

Abnar & Zuidema (2020), section 3, equation 1: A_l = (W_l + I) / 2 with W_l the mean of the weights
over heads and I for the residual; R = A_L ... A_1. Row i of R says how much of each node reaches
node i. Deviations, because these are graphs and not sentences:

* Several attention layers of one block (local and global ones, in parallel) count alike in W_l.
* A layer of message passing beside attention has no weights of attention. It is taken for a mean
  over the incoming edges of the given graph, and counts as much as an attention layer. It can be
  left out.
* A node that receives nothing keeps what it has.
* A sentence is read at one token. Here the prediction of a graph reads all nodes alike (a sum or a
  mean), and that of a node reads its own row; of an edge or a pair the mean of both rows. Readouts
  by attention or by a virtual node are not told apart from a mean.

Attention flow, the other method of the paper, is not here: it is a maximum flow for each pair of
nodes.
"""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from gtx.batch import Batch
from gtx.data import Dataset
from gtx.explain.features import ExplainError
from gtx.ops import Complete, Edges


def flows(
    sown: Mapping[str, Any],
    params: Mapping[str, Any],
    batch: Batch,
    slots: np.ndarray,
    message_passing: bool,
) -> list[np.ndarray]:
    """R of each graph, float64 [nodes, nodes], receivers first.

    Args:
      sown: what the modules of a model sowed in "intermediates".
      params: of the model, which say which blocks have a layer of message passing.
      batch: of one tier.
      slots: of its graphs.
      message_passing: whether layers of message passing carry too.

    Raises:
      ExplainError: nothing was sown.
    """
    blocks = sorted(
        (name for name in params if name.startswith("block_")),
        key=lambda name: int(name.removeprefix("block_")),
    )
    by_block = {name: list(_weights(sown.get(name, {}))) for name in blocks}
    if not any(by_block.values()):
        raise ExplainError(
            "no layer of this model gives weights of attention among nodes: it has none, or its "
            "attention never forms them (linear attention). Use integrated gradients, or leave "
            "nodes out."
        )
    n_node = np.asarray(batch.graph.n_node)
    starts = np.append(0, np.cumsum(n_node))
    found = []
    for slot in slots.tolist():
        nodes = slice(int(starts[slot]), int(starts[slot + 1]))
        total = np.eye(nodes.stop - nodes.start)
        for name in blocks:
            layers = [
                _matrix(weights, structure, batch, nodes, slot)
                for weights, structure in by_block[name]
            ]
            local = params[name].get("local") if message_passing else None
            if local is not None and not any(True for _ in _weights(sown.get(name, {}), "local")):
                layers.append(_neighbours(batch, nodes))
            if layers:
                mixed = np.mean([_normalised(layer) for layer in layers], axis=0)
                total = (mixed + np.eye(len(mixed))) / 2 @ total
        found.append(total)
    return found


def read_out(
    flow: np.ndarray, level: str, local: np.ndarray | None, place: int, items: Dataset
) -> np.ndarray:
    """The rows of R that a target reads, as one row.

    Args:
      flow: R of a graph.
      level: of its target.
      local: by graph the number of the target within it; None for the graph itself.
      place: of the graph.
      items: all graphs.
    """
    if local is None:
        return flow.mean(axis=0) if len(flow) else np.zeros(0)
    rows = np.atleast_1d(local[place])
    if level == "edge":
        edge = items.edge_ptr[place] + rows[0]
        rows = np.array([items.senders[edge], items.receivers[edge]])
    return flow[rows].mean(axis=0)


def _weights(sown: Mapping[str, Any], inside: str | None = None) -> Any:
    """The weights and structures that modules sowed, also those of modules within.

    Args:
      sown: by module.
      inside: the module within which to look; None for all.
    """
    if inside is not None:
        sown = sown.get(inside, {})
    if "weights" in sown and "attended" in sown:
        yield from zip(sown["weights"], sown["attended"], strict=True)
    for below in sown.values():
        if isinstance(below, Mapping):
            yield from _weights(below)


def _matrix(weights: Any, structure: Any, batch: Batch, nodes: slice, slot: int) -> np.ndarray:
    """The mean over heads of the weights of one layer in one graph, [receivers, senders]."""
    weights = np.asarray(jax.device_get(weights), np.float64).mean(axis=-1)
    size, total = nodes.stop - nodes.start, batch.node_mask.shape[0]
    if isinstance(structure, Complete):
        if structure.sender_layout is None and structure.layout.num_nodes == total:
            side = structure.layout.tiers[0].size
            block = weights[slot * side**2 : (slot + 1) * side**2].reshape(side, side)
            return block[:size, :size]
    elif isinstance(structure, Edges) and structure.num_receivers in (None, total):
        senders, receivers = np.asarray(structure.senders), np.asarray(structure.receivers)
        own = (receivers >= nodes.start) & (receivers < nodes.stop)
        if structure.where is not None:
            own &= np.asarray(structure.where)
        matrix = np.zeros((size, size))
        ends = receivers[own] - nodes.start, senders[own] - nodes.start
        np.add.at(matrix, ends, weights[own])
        return matrix
    raise ExplainError(
        "an attention layer of this model is not among the nodes of a graph (tokens, inducing "
        "points, edges), so that its weights cannot be followed. Use integrated gradients."
    )


def _neighbours(batch: Batch, nodes: slice) -> np.ndarray:
    """How often each node sends to each along the edges of the given graph."""
    receivers, senders = np.asarray(batch.receivers), np.asarray(batch.senders)
    own = (receivers >= nodes.start) & (receivers < nodes.stop) & np.asarray(batch.edge_mask)
    matrix = np.zeros((nodes.stop - nodes.start,) * 2)
    np.add.at(matrix, (receivers[own] - nodes.start, senders[own] - nodes.start), 1.0)
    return matrix


def _normalised(matrix: np.ndarray) -> np.ndarray:
    """Rows that sum to 1; a row of zeros becomes that of the node itself."""
    sums = matrix.sum(axis=1, keepdims=True)
    return np.where(sums > 0, matrix / np.where(sums > 0, sums, 1.0), np.eye(len(matrix)))
