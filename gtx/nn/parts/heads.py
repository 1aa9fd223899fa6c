"""Heads: maps from the rows of a readout to predictions."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.nn.parts.factories import check_width
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.ops.arguments import check_array
from gtx.typing import Activation, Dtype, Initializer


class MLPHead(nn.Module):
    """A multi-layer perceptron whose hidden layers halve the width: GraphGPS's `san_graph` head.

    With `num_layers=1` it is one linear map, GraphGPS's default head.

    Attributes:
      num_outputs: width of the result, which is float32 at least.
      num_layers: linear maps in all.
      activation: between them.
    """

    num_outputs: int
    num_layers: int = 3
    activation: Activation = jax.nn.relu
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(
        self, x: Float[Array, "rows feat"], *, train: bool
    ) -> Float[Array, "rows outputs"]:
        del train
        check_array(x, "The input of MLPHead", "[rows, feat]")
        check_width(self.num_layers, "num_layers")
        width = x.shape[-1]
        if width < 2 ** (self.num_layers - 1):
            raise ValueError(
                f"MLPHead halves the width {width} of its input {self.num_layers - 1} times, which "
                "leaves nothing. Take fewer num_layers or wider features."
            )
        for layer in range(self.num_layers):
            last = layer == self.num_layers - 1
            x = Linear(
                self.num_outputs if last else width // 2 ** (layer + 1),
                dtype=self.dtype,
                param_dtype=self.param_dtype,
                kernel_init=self.kernel_init,
                bias_init=self.bias_init,
                name=f"linear_{layer}",
            )(x)
            if not last:
                x = self.activation(x)
        return x.astype(jnp.promote_types(x.dtype, jnp.float32))
