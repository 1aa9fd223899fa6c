"""The graph isomorphism network with edge features (Hu et al., 2020)."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.local.isomorphism import update_isomorphism
from gtx.nn.local.position_gate import position_gate
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.ops.segment import gather, segment_sum
from gtx.typing import Activation, Dtype, Initializer


class GINE(nn.Module):
    """x_i' = MLP((1 + epsilon) x_i + sum_j relu(x_j + e_ij)), no residual.

    Hu et al. (2020), "Strategies for pre-training graph neural networks"; PyG's GINEConv with
    GraphGPS's two-layer MLP. Without edge features e_ij is left out. With `positions` each message
    is multiplied by the gate of |p_i - p_j|^2 that `position_gate` describes: GraphGPS's
    GINEConvESLapPE, whose gate always has a ReLU.

    Attributes:
      dim: width of the result, of the nodes and of the edges.
      hidden_dim: of the MLP; None is `dim`.
      epsilon: weight of the node itself, beyond 1.
      train_epsilon: make it a parameter that starts there.
      activation: of the MLP, and in the gate of positions.
      positions: name of the stream of `Features.extra` whose distances gate messages, or None.
      edges: names of the edge sets that it runs over; see `Batch.edges_over`.
    """

    dim: int
    hidden_dim: int | None = None
    epsilon: float = 0.0
    train_epsilon: bool = False
    activation: Activation = jax.nn.relu
    positions: str | None = None
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None
    edges: tuple[str, ...] = ("graph",)

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        del train
        features = mask_features(features, batch)
        over = batch.edges_over(self.edges)
        x, e = features.nodes, features.edges_over(self.edges)
        # Padding needs no mask here: `segment_sum` ignores masked messages, whatever they hold.
        message = gather(x, over.senders)
        if e is not None:
            if e.shape[-1] != x.shape[-1]:
                raise ValueError(
                    f"GINE adds edges to nodes, but edges have width {e.shape[-1]} and nodes "
                    f"{x.shape[-1]}; encode both to the same width."
                )
            message = message + e
        message = jax.nn.relu(message)
        if self.positions is not None:
            message = message * position_gate(self, features, batch, over)
        messages = segment_sum(
            message,
            over.receivers,
            x.shape[0],
            where=over.mask,
            indices_are_sorted=over.are_sorted,
        )
        return features.replace(nodes=update_isomorphism(self, x, messages))
