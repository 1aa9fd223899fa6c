"""Attention by distance, with a bias and a gate for each pair of nodes."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.attention.call import attend, pairs_of
from gtx.nn.parts.factories import check_heads
from gtx.nn.parts.initializers import normal, zeros
from gtx.nn.parts.linear import Linear
from gtx.typing import Dtype, Initializer


class PPGTAttention(nn.Module):
    """Attention by the distance of query and key, with a gate after the softmax; no residual.

    o_i = W sum_j softmax_j(q_i . k_j - |k_j|^2 / (2 sqrt(d)) + b_ij) (1 + c_ij) v_j

    Ma et al. (2026), section 3: simplified L2 attention, with a gate after the softmax (URPE, Luo
    et al., 2022). b and c are one linear map P of the features of pairs. Of the squared distance
    |q_i - k_j|^2 the softmax does not see |q_i|^2. In the paper q_i . k_j is divided by sqrt(d),
    the width of a head, too; in the authors' code it is not, which is the default here.

    The kernel `query_key_value` [dim, 3 dim] holds the three maps, each head by head; `pairs` is P,
    first b, then c.

    Attributes:
      dim: width of the result; a multiple of `num_heads`.
      num_heads: heads of width `d = dim / num_heads`.
      dropout_rate: probability that a weight is dropped, after the gate.
      scale: of q_i . k_j.
      distance: whether |k_j|^2 is subtracted; without, the scores are dot products.
      gate: whether c exists.
      implementation: of `gtx.ops.attention`.
    """

    dim: int
    num_heads: int = 8
    dropout_rate: float = 0.0
    scale: float = 1.0
    distance: bool = True
    gate: bool = True
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = normal(0.02)
    bias_init: Initializer | None = zeros

    @staticmethod
    def needs_layout(settings: Mapping[str, Any]) -> bool:
        """Whether batches need a layout: a node attends to all others, so they do."""
        return True

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        check_heads(self.dim, self.num_heads)
        options: dict[str, Any] = dict(
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
        )
        features = mask_features(features, batch, needs=("nodes", "pairs"))
        x = Linear(3 * self.dim, **options, name="query_key_value")(features.nodes)
        query, key, value = (
            part.reshape(-1, self.num_heads, self.dim // self.num_heads)
            for part in jnp.split(x, 3, axis=-1)
        )
        if self.distance:
            # One more number in query and key adds the norm of the key to their product.
            norm = jnp.sum(key**2, axis=-1, keepdims=True)
            norm = -0.5 / (query.shape[-1] ** 0.5 * self.scale) * norm
            query = jnp.concatenate([query, jnp.ones_like(norm)], axis=-1)
            key = jnp.concatenate([key, norm], axis=-1)
        width = self.num_heads * (2 if self.gate else 1)
        pairs = Linear(width, **options, name="pairs")(features.pairs)
        x = attend(
            self,
            query,
            key,
            value,
            pairs_of(batch),
            train=train,
            bias=pairs[:, : self.num_heads],
            gate=1 + pairs[:, self.num_heads :] if self.gate else None,
            scale=self.scale,
        )
        x = Linear(self.dim, **options, name="output")(x.reshape(-1, self.dim))
        return features.replace(nodes=x)
