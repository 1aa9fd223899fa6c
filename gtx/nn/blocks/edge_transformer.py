"""The block of the Edge Transformer: every pair is composed of the pairs over a third node."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features
from gtx.nn.attention.triangles import project, read_pairs, settings
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.entry_feed_forward import EntryFeedForward
from gtx.nn.parts.factories import check_heads, check_residual, make
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.norms import LayerNorm
from gtx.ops import pair_ends
from gtx.ops.triangle import Implementation, composed_attention
from gtx.typing import Activation, Dtype, Initializer, ModuleFactory


class EdgeTransformerBlock(nn.Module):
    """Triangular attention of Bergen et al. (2021), in the block of Müller et al. (2024).

    u_ij = O sum_k softmax_k(q_ik . k_kj / sqrt(head_dim)) (v_ik * w_kj),   of norm(e)
    h = norm(e + drop(u)),   e' = norm(h + feed_forward(h))

    The linear maps of the attention have no bias. It has at least the power of the folklore
    2-dimensional Weisfeiler-Leman test (Müller et al., 2024). Nodes stay as they are.

    Attributes:
      dim: width of pairs; a multiple of `num_heads`.
      num_heads: heads of width `dim / num_heads`.
      dropout_rate: probability that a weight is dropped.
      feed_forward_dropout_rate: of u, and in the feed-forward layer.
      activation: of the feed-forward layer.
      norm: factory of the three norms.
      implementation: of `gtx.ops.triangle`.
      kernel_init: of the maps of the attention.
    """

    dim: int
    num_heads: int = 8
    dropout_rate: float = 0.0
    feed_forward_dropout_rate: float = 0.0
    activation: Activation = jax.nn.gelu
    norm: ModuleFactory = LayerNorm
    implementation: Implementation = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        check_heads(self.dim, self.num_heads)
        e = read_pairs(features, batch)
        check_residual(self, self.dim, pairs=e)
        options = settings(self, batch, train)
        ids = tuple(batch.node_ids[ends] for ends in pair_ends(options["layout"]))
        dtypes = dict(dtype=self.dtype, param_dtype=self.param_dtype)

        def norm(values, name):
            layer = make(self.norm, "norm", **dtypes, name=f"norm_{name}")
            return layer(values, batch.pair_mask, train=train, axis_name=batch.axis_name)

        x = project(self, norm(e, "attention"), 4 * self.dim, "query_key_values", use_bias=False)
        heads: Any = (
            part.reshape(-1, self.num_heads, self.dim // self.num_heads)
            for part in jnp.split(x, 4, axis=-1)
        )
        u = composed_attention(*heads, **options).reshape(-1, self.dim)
        u = project(self, u, self.dim, "output", use_bias=False)
        dropout = Dropout(self.feed_forward_dropout_rate, name="dropout")
        h = norm(e + dropout(u, *ids, train=train), "feed_forward")
        feed_forward = EntryFeedForward(
            self.dim,
            activation=self.activation,
            dropout_rate=self.feed_forward_dropout_rate,
            hidden_dropout=True,
            bias_init=self.bias_init,
            **dtypes,
            name="feed_forward",
        )
        return features.replace(pairs=norm(h + feed_forward(h, *ids, train=train), "output"))
