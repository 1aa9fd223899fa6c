"""The equivariant layer of Deep Sets (Zaheer et al., 2017), which sees a graph as a set."""

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.ops.masks import clean
from gtx.ops.pooling import Pooling, pool
from gtx.ops.segment import gather
from gtx.typing import Activation, Dtype, Initializer


class DeepSetsLayer(nn.Module):
    """x_i' = drop(activation(W x_i + b - V pool_j x_j)), over all nodes j of the graph.

    Zaheer et al. (2017), equation 4 with the several channels of section 3.3, and the sign of the
    authors' code (`PermEqui2_max`, `PermEqui2_mean`). Without a pool it is a layer of the map phi
    of theorem 2, which treats each node alone. No edges are read.

    Attributes:
      dim: width of the result.
      pool: of the nodes; None to leave the term out.
      activation: of the result.
      dropout_rate: of the result.
      kernel_init: of W and V.
      bias_init: of b.
    """

    dim: int
    pool: Pooling | None = "max"
    activation: Activation = jnp.tanh
    dropout_rate: float = 0.0
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        features = mask_features(features, batch)

        def linear(values, name, use_bias):
            return Linear(
                self.dim,
                use_bias,
                self.dtype,
                self.param_dtype,
                self.kernel_init,
                self.bias_init,
                name=name,
            )(values)

        x = linear(features.nodes, "nodes", True)
        if self.pool is not None:
            of_graphs = pool(
                features.nodes,
                batch.node_graph,
                batch.graph_mask.shape[0],
                method=self.pool,
                where=batch.node_mask,
            )
            x = x - gather(linear(of_graphs, "pool", False), jnp.asarray(batch.node_graph))
        x = Dropout(self.dropout_rate, name="dropout")(
            self.activation(x), batch.node_ids, train=train
        )
        return features.replace(nodes=clean(x, batch.node_mask))
