"""The attention of GRIT, whose scores are computed from features of pairs and change them."""

import math
from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.attention.call import attend
from gtx.nn.attention.entries import StructureName, read_entries, write_entries
from gtx.nn.parts.factories import check_heads
from gtx.nn.parts.initializers import normal, xavier_normal
from gtx.nn.parts.linear import Linear
from gtx.ops.attention import GRITScore
from gtx.typing import Activation, Dtype, Initializer


class GRITAttention(nn.Module):
    """Scores from nodes and pairs, which also become the values and the next features of pairs.

    With e_ij the features of a pair, per head:

    m_ij = activation(rho((Q x_i + K x_j) * W_w e_ij) + W_b e_ij),   rho(x) = sign(x) sqrt(|x|)
    a_ij = softmax_j(clamp(w . m_ij)),   x_i' = sum_j a_ij (V x_j + W_v m_ij),   e_ij' = m_ij

    Ma et al. (2023), equation 2, with the biases and the clamp of the authors' code. The maps of
    the heads' results, O_h and O_e there, are the block's. See `gtx.ops.GRITScore`.

    Over the edges of `gtx.structures.Complete(loops=True)` it is what it is over all pairs, with
    the same parameters. The kernel `entries` [feat, 2 dim] holds W_w and W_b, head by head.

    Attributes:
      dim: width of nodes and pairs in the result; a multiple of `num_heads`.
      num_heads: heads of width `dim / num_heads`.
      dropout_rate: probability that a weight is dropped.
      structure: "complete" reads the features of pairs, "edges" those of edges.
      activation: of m; the paper's equation has relu.
      limit: of the clamp; None for no clamp.
      message_value: whether values have the term W_v m, the "edge enhancement" of the code.
      implementation: of `gtx.ops.attention`.
      kernel_init: of Q, K, V, W_w and W_b.
      bias_init: of Q, W_w and W_b, the maps that have a bias.
      edges: with structure "edges", the names of the edge sets; see `Batch.edges_over`.
    """

    dim: int
    num_heads: int = 8
    dropout_rate: float = 0.0
    structure: StructureName = "complete"
    activation: Activation = jax.nn.relu
    limit: float | None = 5.0
    message_value: bool = True
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = xavier_normal
    bias_init: Initializer | None = None
    edges: tuple[str, ...] = ("graph",)

    @staticmethod
    def needs_layout(settings: Mapping[str, Any]) -> bool:
        return settings.get("structure", "complete") == "complete"

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        check_heads(self.dim, self.num_heads)
        heads, head_dim = self.num_heads, self.dim // self.num_heads
        features = mask_features(features, batch)
        entries = read_entries(features, batch, self.structure, self.edges)

        def project(values, width, name, use_bias=False):
            linear = Linear(
                width,
                use_bias,
                self.dtype,
                self.param_dtype,
                self.kernel_init,
                self.bias_init,
                name=name,
            )
            return linear(values).reshape(len(values), heads, -1)

        query = project(features.nodes, self.dim, "query", use_bias=True)
        key = project(features.nodes, self.dim, "key")
        value = project(features.nodes, self.dim, "value")
        weight, bias = jnp.split(
            project(entries.features, 2 * self.dim, "entries", use_bias=True), 2, axis=-1
        )
        # Standard deviations that the authors' code has, by PyTorch's rule for arrays of 3 axes.
        vector = self.param(
            "score", normal(math.sqrt(2 / (heads + head_dim))), (heads, head_dim), self.param_dtype
        )
        matrix = None
        if self.message_value:
            matrix = self.param(
                "message_value",
                normal(math.sqrt(2 / (head_dim * (heads + head_dim)))),
                (heads, head_dim, head_dim),
                self.param_dtype,
            )
        x, message = attend(
            self,
            query,
            key,
            value,
            entries.structure,
            train=train,
            score=GRITScore(vector, matrix, self.limit, self.activation),
            entry=dict(weight=weight, bias=bias),
            return_message=True,
        )
        features = features.replace(nodes=x.reshape(-1, self.dim))
        message = message.reshape(-1, self.dim)
        return write_entries(features, message, self.structure, self.edges)
