"""From the features of the last layer to the rows that the head predicts for.

A readout is called as `readout(features, batch, train=...) -> [rows, feat]`.
"""

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.columns import read_column
from gtx.nn.parts.dropout import Dropout
from gtx.ops.pooling import Pooling, pool


class Pool(nn.Module):
    """One row per graph: its nodes reduced, then the graph's own features if there are any.

    Attributes:
      method: "sum", "mean" or "max".
      dropout_rate: of the row.
      virtual_nodes: reduce those of `gtx.data.topology.virtual_nodes` too; without them the
        column nodes["kind"] is read, which is 0 at the graphs' own nodes.
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
    """One row per node: its features, then those of its graph if there are any.

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
            graphs = jnp.where(batch.node_mask[:, None], features.graphs[batch.node_graph], 0)
            rows = jnp.concatenate([rows, graphs], axis=-1)
        return Dropout(self.dropout_rate, name="dropout")(rows, batch.node_ids, train=train)
