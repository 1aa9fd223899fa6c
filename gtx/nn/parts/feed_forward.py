"""The feed-forward part of a block, which treats each node separately."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.typing import Activation, Dtype, Initializer


class FeedForward(nn.Module):
    """Two linear maps with an activation between them, on nodes.

    y = drop(W2 drop(activation(W1 x))), or with `gated` (Shazeer, 2020)
    y = drop(W2 drop(activation(W1 x) * W3 x)): SwiGLU when the activation is `jax.nn.silu`.
    Dropout is at the same places as in GraphGPS and PyG. Note that `jax.nn.gelu` by default is the
    approximation by tanh, while PyTorch's is exact.

    Attributes:
      dim: width of the result.
      hidden_dim: width between the maps; None is `2 * dim`.
      activation: of the hidden layer.
      gated: multiply it by a third linear map. W1 and W3 are one kernel, with W1 first.
      use_bias: of every map.
      dropout_rate: for both dropouts.
      hidden_dropout_rate: for the one of the hidden layer; None is `dropout_rate`.
      output_dropout: whether the result is dropped, as the hidden layer is.
    """

    dim: int
    hidden_dim: int | None = None
    activation: Activation = jax.nn.relu
    gated: bool = False
    use_bias: bool = True
    dropout_rate: float = 0.0
    output_dropout: bool = True
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None
    hidden_dropout_rate: float | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        options: dict[str, Any] = dict(
            use_bias=self.use_bias,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
        )
        features = mask_features(features, batch)
        width = 2 * self.dim if self.hidden_dim is None else self.hidden_dim
        # One wide map for W1 and W3 is a single matrix product.
        x = Linear(2 * width if self.gated else width, **options, name="hidden")(features.nodes)
        if self.gated:
            x, gate = jnp.split(x, 2, axis=-1)
            x = self.activation(x) * gate
        else:
            x = self.activation(x)
        rate = self.dropout_rate if self.hidden_dropout_rate is None else self.hidden_dropout_rate
        x = Dropout(rate, name="dropout_hidden")(x, batch.node_ids, train=train)
        x = Linear(self.dim, **options, name="output")(x)
        if self.output_dropout:
            x = Dropout(self.dropout_rate, name="dropout_output")(x, batch.node_ids, train=train)
        return features.replace(nodes=x)
