"""The block of FloydNet: every pair looks at the paths over a third node, its pivot."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, require_layout
from gtx.nn.attention.triangles import project, read_pairs, settings
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.entry_feed_forward import EntryFeedForward
from gtx.nn.parts.factories import check_heads, check_residual, make
from gtx.nn.parts.initializers import ones, xavier_uniform, zeros
from gtx.nn.parts.norms import LayerNorm
from gtx.ops import pair_ends
from gtx.ops.triangle import Implementation, pivotal_attention, reverse_pairs
from gtx.typing import Activation, Dtype, Initializer, ModuleFactory


class PivotalBlock(nn.Module):
    """Pivotal attention and a feed-forward layer on pairs, pre-norm: FloydNet.

    u_ij = sum_k softmax_k(q_ij . (k_ik + l_kj) / sqrt(2 head_dim)) (v_ik + w_kj)
    e = e + drop(O u),   with q, k, l, v, w of norm(e_ij + M e_ji)
    e' = e + s feed_forward(norm(e)),   with a learned number s

    FloydNet (arXiv 2601.19094) in the order of the authors' code. O, M and the last map of the
    feed-forward layer start at 0, so that the block starts as the identity.

    Attributes:
      dim: width of pairs; a multiple of `num_heads`.
      num_heads: heads of width `dim / num_heads`.
      dropout_rate: of weights, O u and the result of the feed-forward layer.
      expansion: width of the hidden layer in units of `dim`.
      activation: of the hidden layer.
      norm: factory of both norms.
      mix: whether there is M.
      use_bias: of all linear maps.
      implementation: of `gtx.ops.triangle`.
      kernel_init: of the maps that do not start at 0.
    """

    dim: int
    num_heads: int = 8
    dropout_rate: float = 0.0
    expansion: int = 4
    activation: Activation = jax.nn.silu
    norm: ModuleFactory = LayerNorm
    mix: bool = True
    use_bias: bool = False
    implementation: Implementation = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = xavier_uniform
    bias_init: Initializer | None = zeros

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        check_heads(self.dim, self.num_heads)
        e = read_pairs(features, batch)
        check_residual(self, self.dim, pairs=e)
        options = settings(self, batch, train)
        layout = require_layout(batch)
        ids = tuple(batch.node_ids[ends] for ends in pair_ends(layout))
        dtypes = dict(dtype=self.dtype, param_dtype=self.param_dtype)

        def norm(values, name):
            layer = make(self.norm, "norm", **dtypes, name=f"norm_{name}")
            return layer(values, batch.pair_mask, train=train, axis_name=batch.axis_name)

        x = e
        if self.mix:
            x = x + project(self, reverse_pairs(e, layout), self.dim, "mix", self.use_bias, zeros)
        x = project(self, norm(x, "attention"), 5 * self.dim, "query_keys_values", self.use_bias)
        heads: Any = (
            part.reshape(-1, self.num_heads, self.dim // self.num_heads)
            for part in jnp.split(x, 5, axis=-1)
        )
        u = pivotal_attention(*heads, **options).reshape(-1, self.dim)
        u = project(self, u, self.dim, "output", self.use_bias, zeros)
        e = e + Dropout(self.dropout_rate, name="dropout")(u, *ids, train=train)
        feed_forward = EntryFeedForward(
            self.dim,
            self.expansion * self.dim,
            self.activation,
            self.use_bias,
            self.dropout_rate,
            kernel_init=self.kernel_init,
            output_init=zeros,
            bias_init=self.bias_init,
            **dtypes,
            name="feed_forward",
        )
        scale = self.param("feed_forward_scale", ones, (), self.param_dtype)
        (scale,) = nn.dtypes.promote_dtype(scale, dtype=self.dtype)
        fed = feed_forward(norm(e, "feed_forward"), *ids, train=train)
        return features.replace(pairs=e + (scale * fed).astype(e.dtype))
