"""The graph isomorphism network of Xu et al. (2019)."""

import functools
from typing import ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.local.isomorphism import update_isomorphism
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.ops import message_passing
from gtx.typing import Activation, Dtype, Initializer


class GIN(nn.Module):
    """x_i' = MLP((1 + epsilon) x_i + sum_j x_j), no residual; edge features are not read.

    Xu et al. (2019), equation 4.1, with a two-layer MLP; PyG's GINConv.

    Attributes:
      dim: width of the result.
      hidden_dim: of the MLP; None is `dim`.
      epsilon: weight of the node itself, beyond 1.
      train_epsilon: make it a parameter that starts there.
      activation: of the MLP.
      edges: names of the edge sets that it runs over; see `Batch.edges_over`.
    """

    edge_features: ClassVar[str] = "ignored"

    dim: int
    hidden_dim: int | None = None
    epsilon: float = 0.0
    train_epsilon: bool = False
    activation: Activation = jax.nn.relu
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
        x = message_passing(
            features.nodes,
            over.senders,
            over.receivers,
            message=lambda receiver, sender, edge: sender,
            update=functools.partial(update_isomorphism, self),
            where=over.mask,
            indices_are_sorted=over.are_sorted,
        )
        return features.replace(nodes=x)
