"""The feed-forward layer of a block on features of pairs or edges."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Integer

from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.typing import Activation, Dtype, Initializer


class EntryFeedForward(nn.Module):
    """y = drop(W2 activation(W1 x)), row by row: `FeedForward` for what is not a node.

    Attributes:
      dim: width of the result.
      hidden_dim: width between the maps; None is `2 * dim`.
      activation: of the hidden layer.
      use_bias: of both maps.
      dropout_rate: of the result.
      hidden_dropout: whether the hidden layer is dropped too.
      output_init: of the second kernel; None is `kernel_init`.
    """

    dim: int
    hidden_dim: int | None = None
    activation: Activation = jax.nn.relu
    use_bias: bool = True
    dropout_rate: float = 0.0
    hidden_dropout: bool = False
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None
    output_init: Initializer | None = None

    @nn.compact
    def __call__(
        self, x: Float[Array, "rows feat"], *ids: Integer[Any, " rows"], train: bool
    ) -> Float[Array, "rows dim"]:
        """`ids` say who the rows are, as for `Dropout`: for pairs, receivers and senders."""
        options: dict[str, Any] = dict(
            use_bias=self.use_bias,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            bias_init=self.bias_init,
        )
        width = 2 * self.dim if self.hidden_dim is None else self.hidden_dim
        x = Linear(width, **options, kernel_init=self.kernel_init, name="hidden")(x)
        x = self.activation(x)
        if self.hidden_dropout:
            x = Dropout(self.dropout_rate, name="dropout_hidden")(x, *ids, train=train)
        output_init = self.output_init or self.kernel_init
        x = Linear(self.dim, **options, kernel_init=output_init, name="output")(x)
        return Dropout(self.dropout_rate, name="dropout")(x, *ids, train=train)
