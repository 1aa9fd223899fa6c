"""Heads: maps from the rows of a readout to predictions."""

from typing import Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.nn.parts.factories import check_width
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import LayerNorm
from gtx.nn.parts.unit_rows import unit_rows
from gtx.ops.arguments import check_array
from gtx.typing import Activation, Dtype, Initializer


class MLPHead(nn.Module):
    """A multi-layer perceptron whose hidden layers halve the width: GraphGPS's `san_graph` head.

    With `num_layers=1` it is one linear map. GraphGym's head, GraphGPS's default, has hidden layers
    as wide as the input (`widths` "equal"), always a ReLU after each, and then divides each row by
    its length (`normalize`). The head of a language model, as Graphormer v2 has it, is two maps
    with `widths` "equal" and `layer_norm`.

    Attributes:
      num_outputs: width of the result, which is float32 at least.
      num_layers: linear maps in all.
      activation: between them.
      widths: of the hidden layers, "halving" or "equal".
      normalize: divide each row of a hidden layer by its Euclidean length, or by 1e-12 if that is
        more.
      layer_norm: a LayerNorm of each hidden layer, after its activation.
    """

    num_outputs: int
    num_layers: int = 3
    activation: Activation = jax.nn.relu
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None
    widths: Literal["halving", "equal"] = "halving"
    normalize: bool = False
    layer_norm: bool = False

    @nn.compact
    def __call__(
        self, x: Float[Array, "rows feat"], *, train: bool
    ) -> Float[Array, "rows outputs"]:
        check_array(x, "The input of MLPHead", "[rows, feat]")
        check_width(self.num_layers, "num_layers")
        width = x.shape[-1]
        if self.widths not in ("halving", "equal"):
            raise ValueError(f"widths must be 'halving' or 'equal', got {self.widths!r}.")
        halving = self.widths == "halving"
        if halving and width < 2 ** (self.num_layers - 1):
            raise ValueError(
                f"MLPHead halves the width {width} of its input {self.num_layers - 1} times, which "
                "leaves nothing. Take fewer num_layers or wider features."
            )
        for layer in range(self.num_layers):
            last = layer == self.num_layers - 1
            x = Linear(
                self.num_outputs if last else width // 2 ** (halving * (layer + 1)),
                dtype=self.dtype,
                param_dtype=self.param_dtype,
                kernel_init=self.kernel_init,
                bias_init=self.bias_init,
                name=f"linear_{layer}",
            )(x)
            if not last:
                x = self.activation(x)
                if self.layer_norm:
                    norm = LayerNorm(
                        dtype=self.dtype, param_dtype=self.param_dtype, name=f"norm_{layer}"
                    )
                    x = norm(x, jnp.ones(x.shape[0], bool), train=train)
                if self.normalize:
                    x = unit_rows(x)
        return x.astype(jnp.promote_types(x.dtype, jnp.float32))
