"""A readout of the nodes with the largest scores (Gao and Ji, 2019)."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.ops.pooling import Pooling, pool
from gtx.ops.segment import segment_count, segment_sum
from gtx.typing import Dtype, Initializer


class TopKPool(nn.Module):
    """One row per graph: its k nodes with the largest scores, each times tanh of its score.

    y_i = x_i . p / |p|,   row = reduce over the k largest y of x_i tanh(y_i),   k = ceil(ratio n)

    Gao and Ji (2019), "Graph U-Nets", equation 2, with tanh for the sigmoid, as in PyG's
    TopKPooling with a readout after it. There the smaller graph goes through further layers; here
    shapes are fixed, and the choice is a readout. Of nodes with equal scores the first are taken.

    Attributes:
      ratio: the share of the n nodes of a graph that is taken, above 0 and up to 1.
      method: "sum", "mean" or "max" over the taken nodes.
      dropout_rate: of the row.
      kernel_init: of p `[feat, 1]`.
    """

    ratio: float = 0.5
    method: Pooling = "sum"
    dropout_rate: float = 0.0
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform

    @nn.compact
    def __call__(
        self, features: Features, batch: Batch, *, train: bool
    ) -> Float[Array, "graphs feat"]:
        if not 0 < self.ratio <= 1:
            raise ValueError(f"ratio must be above 0 and at most 1, got {self.ratio}.")
        x, real, graph = mask_features(features, batch).nodes, batch.node_mask, batch.node_graph
        vector = self.param("vector", self.kernel_init, (x.shape[-1], 1), self.param_dtype)
        x, vector = nn.dtypes.promote_dtype(x, vector, dtype=self.dtype)
        score = (x @ (vector / jnp.linalg.norm(vector)))[:, 0]

        count = batch.graph_mask.shape[0]
        order = jnp.lexsort((-jnp.where(real, score, -jnp.inf), graph))
        sizes = segment_count(graph, count, indices_are_sorted=True)
        starts = jnp.cumsum(sizes, dtype=sizes.dtype) - sizes
        # Sorted by graph, the place within it is the rank of the node that stands there.
        places = jnp.arange(len(graph), dtype=sizes.dtype) - starts[graph]
        rank = jnp.zeros_like(places).at[order].set(places)
        taken = jnp.ceil(self.ratio * segment_sum(real.astype(jnp.float32), graph, count))
        kept = real & (rank < taken[graph])
        rows = pool(x * jax.nn.tanh(score)[:, None], graph, count, method=self.method, where=kept)
        return Dropout(self.dropout_rate, name="dropout")(rows, batch.graph_ids, train=train)
