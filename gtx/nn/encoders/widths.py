"""An embedding whose levels have widths of their own."""

from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.factories import make
from gtx.nn.parts.initializers import fan_in_uniform, normal
from gtx.nn.parts.linear import Linear
from gtx.typing import Dtype, Initializer, ModuleFactory


class EmbedToWidths(nn.Module):
    """Linear maps of the nodes and edges of `embed`, and one learned vector for every graph.

    Features of pairs stay as they are; those of graphs that `embed` makes are refused.

    Attributes:
      embed: factory of the embedding.
      dim: width of the nodes.
      edge_dim: of the edges.
      graph_dim: of the vector.
      graph_init: its initial values.
    """

    embed: ModuleFactory
    dim: int
    edge_dim: int
    graph_dim: int
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None
    graph_init: Initializer = normal(0.02)

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Features:
        options: dict[str, Any] = dict(
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
        )
        features = make(self.embed, "embed", name="columns")(batch, train=train)
        features = mask_features(features, batch, needs=("nodes", "edges"))
        if features.graphs is not None:
            raise ValueError("The model makes features of graphs itself; leave out their columns.")
        vector = self.param("graphs", self.graph_init, (self.graph_dim,), self.param_dtype)
        graphs = jnp.broadcast_to(vector, (batch.graph_mask.shape[0], self.graph_dim))
        nodes = Linear(self.dim, **options, name="nodes")(features.nodes)
        return features.replace(
            nodes=nodes,
            edges=Linear(self.edge_dim, **options, name="edges")(features.edges),
            graphs=graphs.astype(nodes.dtype),
        )
