"""Multi-head attention from one set of rows to another."""

import math

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.nn.attention.call import attend
from gtx.nn.parts.factories import check_heads
from gtx.nn.parts.initializers import fan_in_uniform, uniform, zeros
from gtx.nn.parts.linear import Linear
from gtx.ops.arguments import check_array
from gtx.ops.attention import Structure
from gtx.typing import Dtype, Initializer


class CrossAttention(nn.Module):
    """Scaled dot-product attention from one set of rows to another (Vaswani et al., 2017).

    No residual. Parameters and initial values are those of `torch.nn.MultiheadAttention`, whose
    query, key and value maps are here the kernels `query` [in, dim] and `key_value`
    [in, 2 dim]. With the collection "intermediates" mutable, the weights before dropout are
    sown as `weights`, one row for each edge or pair of the structure.

    Attributes:
      dim: width of the result; a multiple of `num_heads`.
      num_heads: heads of width `dim / num_heads`.
      dropout_rate: probability that a weight is dropped.
      use_bias: of the query, key, value and output maps.
      scale: of the dot product; None for 1/sqrt(head width).
      implementation: of `gtx.ops.attention`.
      query_key_value_init: of the kernels `query` and `key_value`; None is PyTorch's, which
        draws all three maps as one matrix.
      kernel_init: of the kernel `output`.
    """

    dim: int
    num_heads: int = 4
    dropout_rate: float = 0.0
    use_bias: bool = True
    scale: float | None = None
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    query_key_value_init: Initializer | None = None
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = zeros

    @nn.compact
    def __call__(
        self,
        receivers: Float[Array, "receivers receiver_feat"],
        senders: Float[Array, "senders sender_feat"],
        structure: Structure,
        *,
        train: bool,
    ) -> Float[Array, "receivers feat"]:
        """The query is made from `receivers`, key and value from `senders`; both must be finite."""
        check_heads(self.dim, self.num_heads)
        for name, values in (("receivers", receivers), ("senders", senders)):
            check_array(values, name, f"[{name}, feat]")

        def project(values, width, name, kernel_init=None):
            init = kernel_init or uniform(math.sqrt(6 / (values.shape[-1] + 3 * self.dim)))
            return Linear(
                width,
                self.use_bias,
                self.dtype,
                self.param_dtype,
                kernel_init=init,
                bias_init=self.bias_init,
                name=name,
            )(values)

        query = project(receivers, self.dim, "query", self.query_key_value_init)
        x = project(senders, 2 * self.dim, "key_value", self.query_key_value_init)
        query, key, value = (
            part.reshape(-1, self.num_heads, self.dim // self.num_heads)
            for part in (query, *jnp.split(x, 2, axis=-1))
        )
        x = attend(self, query, key, value, structure, train=train, scale=self.scale)
        return project(x.reshape(-1, self.dim), self.dim, "output", self.kernel_init)
