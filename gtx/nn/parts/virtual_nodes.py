"""The readout of several virtual nodes together."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.columns import read_column
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.ops import segment_sum
from gtx.ops.masks import clean
from gtx.typing import Activation, Dtype, Initializer


class VirtualNodesReadout(nn.Module):
    """One row per graph: g(W [x_1; ...; x_n] + b) of its n virtual nodes, in their order.

    The first map of the head in the PyTorch code of EGT (Hussain et al., 2022), which maps virtual
    nodes side by side to the width of one. `gtx.structures.VirtualNodes` adds them; of a graph
    without them x is 0.

    Attributes:
      dim: width of the row.
      num_nodes: n.
      activation: g.
      dropout_rate: of [x_1; ...; x_n].
      kernel_init: of W.
      bias_init: of b; None is PyTorch's.
    """

    dim: int
    num_nodes: int
    activation: Activation = jax.nn.elu
    dropout_rate: float = 0.0
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(
        self, features: Features, batch: Batch, *, train: bool
    ) -> Float[Array, "graphs feat"]:
        features = mask_features(features, batch)
        kind, mask = read_column(batch, "node", "kind")
        which = clean(kind[:, 0], mask) - 1
        virtual = batch.node_mask & (which >= 0) & (which < self.num_nodes)
        graphs, width = batch.graph_mask.shape[0], features.nodes.shape[1]
        place = jnp.where(virtual, batch.node_graph * self.num_nodes + which, 0)
        rows = segment_sum(features.nodes, place, graphs * self.num_nodes, where=virtual)
        rows = rows.reshape(graphs, self.num_nodes * width)
        rows = Dropout(self.dropout_rate, name="dropout")(rows, batch.graph_ids, train=train)
        linear = Linear(
            self.dim,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
            name="linear",
        )
        return self.activation(linear(rows))
