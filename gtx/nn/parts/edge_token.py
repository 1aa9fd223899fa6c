"""The readout of the tokens of edges."""

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.readouts import check_targets
from gtx.ops.masks import clean


class EdgeTokenReadout(nn.Module):
    """One row per edge that is a target: its token, which is a node that `EdgeTokens` added.

    `gtx.structures.EdgeTokens` numbers the tokens as the edges of a graph, and its edge set is
    sorted by token, with two entries for each.

    Attributes:
      dropout_rate: of the row.
      edge_set: name of the edge set of `EdgeTokens`.
    """

    dropout_rate: float = 0.0
    edge_set: str = "edge_tokens"

    @nn.compact
    def __call__(
        self, features: Features, batch: Batch, *, train: bool
    ) -> Float[Array, "targets feat"]:
        features, targets = mask_features(features, batch), check_targets(batch, "edge")
        over = batch.edges_over((self.edge_set,))
        entry = jnp.minimum(2 * targets.index, len(over.receivers) - 1)  # of padding, any
        token = over.receivers[entry]
        rows = clean(features.nodes[token], targets.mask)
        return Dropout(self.dropout_rate, name="dropout")(rows, batch.node_ids[token], train=train)
