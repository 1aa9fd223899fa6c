"""Dot-product attention along the given edges (Shi et al., 2021)."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.attention import attend, edges_of
from gtx.nn.local.neighbourhoods import head_dim, join_heads
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.typing import Dtype, Initializer


class TransformerConv(nn.Module):
    """x_i' = S x_i + sum_j softmax_j((Q x_i) . (K x_j + V e_ij) / sqrt(d)) (U x_j + V e_ij).

    Shi et al. (2021), equations 3 and 4; PyG's TransformerConv, with its parameters and initial
    values. With `beta`, equation 5: r = S x_i and m, the sum, are mixed as g r + (1 - g) m by
    the gate g = sigmoid(w . [m; r; m - r]). The norm and the activation that follow in the
    paper are left to the block. The kernel `nodes` holds Q, K, U and S, in this order. All four
    have biases.

    Attributes:
      dim: width of the result; with `concat` a multiple of `num_heads`.
      num_heads: heads, of width `d = dim / num_heads` if `concat`, else `d = dim`.
      concat: concatenate the heads; else average them.
      beta: gate the skip; needs `root_weight`.
      root_weight: whether S exists.
      dropout_rate: probability that a weight is dropped.
      use_edges: read edge features, if there are any.
      use_bias: of Q, K, U and S.
      scale: of the dot product; None for 1/sqrt(d).
      implementation: of `gtx.ops.attention`.
      edges: names of the edge sets that it runs over; see `Batch.edges_over`.
    """

    dim: int
    num_heads: int = 4
    concat: bool = True
    beta: bool = False
    root_weight: bool = True
    dropout_rate: float = 0.0
    use_edges: bool = True
    use_bias: bool = True
    scale: float | None = None
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None
    edges: tuple[str, ...] = ("graph",)

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        if self.beta and not self.root_weight:
            raise ValueError("beta gates the skip, which needs root_weight.")
        options: dict[str, Any] = dict(
            dtype=self.dtype, param_dtype=self.param_dtype, kernel_init=self.kernel_init
        )
        features = mask_features(features, batch)
        shape = self.num_heads, head_dim(self)
        width = shape[0] * shape[1]
        projected = Linear(
            3 * width + (self.dim if self.root_weight else 0),
            self.use_bias,
            bias_init=self.bias_init,
            **options,
            name="nodes",
        )(features.nodes)
        *parts, skip = jnp.split(projected, [width, 2 * width, 3 * width], axis=-1)
        query, key, value = (part.reshape(-1, *shape) for part in parts)
        e = features.edges_over(self.edges) if self.use_edges else None
        if e is not None:
            e = Linear(width, use_bias=False, **options, name="edges")(e).reshape(-1, *shape)
        out = attend(
            self,
            query,
            key,
            value,
            edges_of(batch, self.edges),
            train=train,
            edge_key=e,
            edge_value=e,
            scale=self.scale,
        )
        out = join_heads(self, out)
        if self.beta:
            logit = Linear(1, use_bias=False, **options, name="gate")
            gate = jax.nn.sigmoid(logit(jnp.concatenate([out, skip, out - skip], axis=-1)))
            out = gate * skip + (1 - gate) * out
        elif self.root_weight:
            out = out + skip
        return features.replace(nodes=out)
