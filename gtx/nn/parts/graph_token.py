"""The readout of the token of a graph."""

import flax.linen as nn
from jaxtyping import Array, Float

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.columns import read_column
from gtx.nn.parts.dropout import Dropout
from gtx.ops.pooling import pool


class GraphToken(nn.Module):
    """One row per graph: its token, which is the first of its virtual nodes.

    A token stands for the whole graph, as [CLS] stands for a text and [VNode] for a molecule in
    Graphormer (Ying et al., 2021, section 3.2). `gtx.structures.VirtualNodes` adds it as a node,
    with features, degrees and distances of classes of their own, so that every layer can attend
    to it and from it. This readout reads the column nodes["kind"], which is 1 there. A graph
    without such a node gets 0.

    Attributes:
      dropout_rate: of the row.
    """

    dropout_rate: float = 0.0

    @nn.compact
    def __call__(
        self, features: Features, batch: Batch, *, train: bool
    ) -> Float[Array, "graphs feat"]:
        features = mask_features(features, batch)
        kind, _ = read_column(batch, "node", "kind")
        rows = pool(
            features.nodes,
            batch.node_graph,
            batch.graph_mask.shape[0],
            method="sum",
            where=batch.node_mask & (kind[:, 0] == 1),
        )
        return Dropout(self.dropout_rate, name="dropout")(rows, batch.graph_ids, train=train)
