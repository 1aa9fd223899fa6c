"""From the features of the last layer to the rows that the head predicts for.

A readout is called as `readout(features, batch, train=...) -> [rows, feat]`.
"""

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch, Features, mask_features
from gtx.ops.pooling import Pooling, pool


class Pool(nn.Module):
    """One row per graph: its nodes reduced, then the graph's own features if there are any.

    Attributes:
      method: "sum", "mean" or "max".
    """

    method: Pooling = "sum"

    @nn.compact
    def __call__(
        self, features: Features, batch: Batch, *, train: bool
    ) -> Float[Array, "graphs feat"]:
        del train
        features = mask_features(features, batch)
        pooled = pool(
            features.nodes,
            batch.node_graph,
            batch.graph_mask.shape[0],
            method=self.method,
            where=batch.node_mask,
        )
        if features.graphs is None:
            return pooled
        return jnp.concatenate([pooled, features.graphs], axis=-1)


class NodeReadout(nn.Module):
    """One row per node: its features, then those of its graph if there are any."""

    @nn.compact
    def __call__(
        self, features: Features, batch: Batch, *, train: bool
    ) -> Float[Array, "nodes feat"]:
        del train
        features = mask_features(features, batch)
        if features.graphs is None:
            return features.nodes
        graphs = jnp.where(batch.node_mask[:, None], features.graphs[batch.node_graph], 0)
        return jnp.concatenate([features.nodes, graphs], axis=-1)
