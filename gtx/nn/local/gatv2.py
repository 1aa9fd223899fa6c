"""Graph attention whose ranking of senders depends on the receiver (Brody et al., 2022)."""

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.attention import attend
from gtx.nn.local.neighbourhoods import add_bias, head_dim, join_heads, neighbourhoods
from gtx.nn.parts.initializers import xavier_uniform, zeros
from gtx.nn.parts.linear import Linear
from gtx.ops import Dynamic
from gtx.typing import Dtype, Initializer


class GATv2(nn.Module):
    """x_i' = b + sum_j softmax_j(a . LeakyReLU(R x_i + S x_j + V e_ij)) (S x_j).

    Brody et al. (2022), equation 7, no activation, no residual; PyG's GATv2Conv, with its
    parameters and initial values: R and S have biases. Edge features and `self_loops` as in
    GAT.

    Attributes:
      dim: width of the result; with `concat` a multiple of `num_heads`.
      num_heads: heads, of width `dim / num_heads` if `concat`, else `dim`.
      concat: concatenate the heads; else average them.
      share_weights: R = S.
      dropout_rate: probability that a weight is dropped.
      negative_slope: of the LeakyReLU.
      self_loops: add an edge from each node to itself, as in GAT.
      use_edges: read edge features, if there are any.
      use_bias: of R and S, and whether b exists.
      implementation: of `gtx.ops.attention`.
      kernel_init: of R, S, V and a [num_heads, head width].
      bias_init: of b.
      edges: names of the edge sets that it runs over; see `Batch.edges_over`.
    """

    dim: int
    num_heads: int = 4
    concat: bool = True
    share_weights: bool = False
    dropout_rate: float = 0.0
    negative_slope: float = 0.2
    self_loops: bool = False
    use_edges: bool = True
    use_bias: bool = True
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = xavier_uniform
    bias_init: Initializer = zeros
    edges: tuple[str, ...] = ("graph",)

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        features = mask_features(features, batch)
        shape = self.num_heads, head_dim(self)
        structure, e = neighbourhoods(self, features, batch)

        def linear(values, name, use_bias=self.use_bias):
            layer = Linear(
                shape[0] * shape[1],
                use_bias,
                dtype=self.dtype,
                param_dtype=self.param_dtype,
                kernel_init=self.kernel_init,
                name=name,
            )
            return layer(values).reshape(-1, *shape)

        key = linear(features.nodes, "senders")
        query = key if self.share_weights else linear(features.nodes, "receivers")
        vector = self.param("vector", self.kernel_init, shape, self.param_dtype)
        out = attend(
            self,
            query,
            key,
            key,
            structure,
            train=train,
            score=Dynamic(vector, self.negative_slope),
            edge_key=None if e is None else linear(e, "edges", use_bias=False),
        )
        return features.replace(nodes=add_bias(self, join_heads(self, out)))
