"""Readouts: maps from the features of the last layer to one row for each target.

A readout is called as `readout(features, batch, train=...) -> [rows, feat]`, with a row for
each place of `batch.targets`. The head makes predictions from these rows.
"""

from typing import Any, Literal, get_args

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch, Features, Targets, mask_features
from gtx.nn.parts.columns import read_column
from gtx.nn.parts.dropout import Dropout
from gtx.ops.masks import clean
from gtx.ops.pooling import Pooling, pool

Ends = Literal["product", "concatenate"]


class Pool(nn.Module):
    """One row per graph: its nodes reduced, followed by the graph's own features, if any.

    Attributes:
      method: "sum", "mean" or "max".
      dropout_rate: of the row.
      virtual_nodes: whether nodes that `gtx.structures.VirtualNodes` added are reduced too.
        If not, the column nodes["kind"] is read, which is 0 at the graph's own nodes.
    """

    method: Pooling = "sum"
    dropout_rate: float = 0.0
    virtual_nodes: bool = True

    @nn.compact
    def __call__(
        self, features: Features, batch: Batch, *, train: bool
    ) -> Float[Array, "graphs feat"]:
        features = mask_features(features, batch)
        counted = batch.node_mask
        if not self.virtual_nodes:
            kind, _ = read_column(batch, "node", "kind")
            counted &= kind[:, 0] == 0
        pooled = pool(
            features.nodes,
            batch.node_graph,
            batch.graph_mask.shape[0],
            method=self.method,
            where=counted,
        )
        if features.graphs is not None:
            pooled = jnp.concatenate([pooled, features.graphs], axis=-1)
        dropout = Dropout(self.dropout_rate, name="dropout")
        return dropout(pooled, batch.graph_ids, train=train)


class NodeReadout(nn.Module):
    """One row per node: its features, followed by those of its graph, if any.

    Attributes:
      dropout_rate: of the row.
    """

    dropout_rate: float = 0.0

    @nn.compact
    def __call__(
        self, features: Features, batch: Batch, *, train: bool
    ) -> Float[Array, "nodes feat"]:
        features = mask_features(features, batch)
        rows = features.nodes
        if features.graphs is not None:
            graphs = clean(features.graphs[batch.node_graph], batch.node_mask)
            rows = jnp.concatenate([rows, graphs], axis=-1)
        return Dropout(self.dropout_rate, name="dropout")(rows, batch.node_ids, train=train)


class EdgeReadout(nn.Module):
    """One row per edge that is a target: its two ends, followed by its own features, if any.

    Edges have a direction. By default the ends are therefore concatenated, with the sender first.

    Attributes:
      ends: how two nodes become one row; see `PairReadout`.
      dropout_rate: of the row.
    """

    ends: Ends = "concatenate"
    dropout_rate: float = 0.0

    @nn.compact
    def __call__(
        self, features: Features, batch: Batch, *, train: bool
    ) -> Float[Array, "targets feat"]:
        features, targets = mask_features(features, batch), check_targets(batch, "edge")
        senders, receivers = (ends[targets.index] for ends in (batch.senders, batch.receivers))
        own = None if features.edges is None else features.edges[targets.index]
        rows = _of_ends(self.ends, features, batch, senders, receivers, own, targets.mask)
        ids = batch.node_ids[senders], batch.node_ids[receivers]
        return Dropout(self.dropout_rate, name="dropout")(rows, *ids, train=train)


class PairReadout(nn.Module):
    """One row per pair of nodes that is a target, for predicting links.

    By default it is the Hadamard product of the two nodes, which does not depend on the direction.
    Together with the head it is the link predictor of OGB's examples (Hu et al., 2020). Products
    and concatenations are among the operators of node2vec (Grover and Leskovec, 2016) and of
    GraphGPS's head for links. The nodes of a pair need not have an edge.

    Attributes:
      ends: "product", elementwise; or "concatenate", sender first, for links with a direction.
      dropout_rate: of the row.
    """

    ends: Ends = "product"
    dropout_rate: float = 0.0

    @nn.compact
    def __call__(
        self, features: Features, batch: Batch, *, train: bool
    ) -> Float[Array, "targets feat"]:
        features, targets = mask_features(features, batch), check_targets(batch, "pair")
        senders, receivers = targets.index[:, 0], targets.index[:, 1]
        rows = _of_ends(self.ends, features, batch, senders, receivers, None, targets.mask)
        ids = batch.node_ids[senders], batch.node_ids[receivers]
        return Dropout(self.dropout_rate, name="dropout")(rows, *ids, train=train)


def check_targets(batch: Batch, level: str) -> Targets:
    """The targets of a batch, after a check of their level."""
    found = None if batch.targets is None else batch.targets.level
    if batch.targets is None or found != level:
        raise ValueError(
            f"The readout predicts for targets of level {level!r}, and those of the batch are of "
            f"level {found!r}. Set them with Dataset.with_targets({level!r}, ...), or take the "
            "readout of the other level."
        )
    return batch.targets


def _of_ends(
    ends: str, features: Features, batch: Batch, senders: Any, receivers: Any, own: Any, mask: Any
) -> Any:
    """Rows for two nodes, with the features of the edge and of the graph, if there are any."""
    first, second = features.nodes[senders], features.nodes[receivers]
    if ends not in get_args(Ends):
        raise ValueError(f"there are no ends {ends!r}; there are {', '.join(get_args(Ends))}.")
    rows = [first * second] if ends == "product" else [first, second]
    if own is not None:
        rows.append(own)
    if features.graphs is not None:
        rows.append(features.graphs[batch.node_graph[senders]])
    # A target in padding may point at a real node or edge, so its row must be cleared.
    return clean(jnp.concatenate(rows, axis=-1), mask)
