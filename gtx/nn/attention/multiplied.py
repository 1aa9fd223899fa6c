"""Attention along edges whose features multiply the score."""

from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.attention.call import attend, edges_of
from gtx.nn.parts.factories import check_heads
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.ops import Clamped, Multiplied
from gtx.typing import Dtype, Initializer


class MultipliedAttention(nn.Module):
    """Attention whose score is a product of query, key and edge feature, summed; no residual.

    w_ij = softmax_j(clamp(sum_d (Q x_i)_d (K x_j)_d (E e_ij)_d / sqrt(head width)))

    Dwivedi and Bresson (2021), equations 11 and 12, up to the map of the concatenated heads, which
    is left to the block: the result is sum_j w_ij V x_j, head by head. SAN and Exphormer attend
    in the same way. Where the edges have no features, the score is the clamped dot product of
    equation 4. The clamp is in the code of the authors and not in the paper. Their code adds 1e-6
    to the sum of the exponentials where edges have features; here the weights sum to 1. A node
    without incoming edges gets 0, as there; without features of edges their code gives NaN.

    The kernel `query_key_value` [dim, 3 dim] holds Q, K and V, in this order; `edges` is E.

    Attributes:
      dim: width of the result; a multiple of `num_heads`.
      num_heads: heads of width `dim / num_heads`.
      dropout_rate: probability that a weight is dropped.
      limit: of the clamp; None for none, if the edges have features.
      use_bias: of the four maps.
      update_edges: replace the features of the edges by the products before they are summed,
        [edges, dim], which the Graph Transformer adds to them.
      implementation: of `gtx.ops.attention`.
      edges: names of the edge sets that it runs over; see `Batch.edges_over`.
    """

    dim: int
    num_heads: int = 8
    dropout_rate: float = 0.0
    limit: float | None = 5.0
    use_bias: bool = False
    update_edges: bool = False
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None
    edges: tuple[str, ...] = ("graph",)

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        check_heads(self.dim, self.num_heads)
        options: dict[str, Any] = dict(
            use_bias=self.use_bias,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
        )
        features = mask_features(features, batch)
        shape = -1, self.num_heads, self.dim // self.num_heads
        x = Linear(3 * self.dim, **options, name="query_key_value")(features.nodes)
        query, key, value = (part.reshape(shape) for part in jnp.split(x, 3, axis=-1))
        structure = edges_of(batch, self.edges)
        e = features.edges_over(self.edges)
        if e is None:
            if self.limit is None:
                raise ValueError("limit None needs features of edges; gtx.nn.ConstantEncoder.")
            score = Clamped(self.limit)
            x = attend(self, query, key, value, structure, train=train, score=score)
            return features.replace(nodes=x.reshape(-1, self.dim))
        entry = Linear(self.dim, **options, name="edges")(e).reshape(shape)
        out = attend(
            self,
            query,
            key,
            value,
            structure,
            train=train,
            score=Multiplied(self.limit),
            entry=entry,
            return_message=self.update_edges,
        )
        x, message = out if self.update_edges else (out, None)
        features = features.replace(nodes=x.reshape(-1, self.dim))
        if message is None:
            return features
        return features.with_edges_over(self.edges, message.reshape(-1, self.dim))
