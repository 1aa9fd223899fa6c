"""The block of a Transformer, in three forms."""

from typing import Literal

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.drop_path import DropPath
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import check_residual, make
from gtx.nn.parts.feed_forward import FeedForward
from gtx.nn.parts.norms import LayerNorm
from gtx.typing import Dtype, ModuleFactory


class TransformerBlock(nn.Module):
    """Attention, then a feed-forward layer, in one of three forms.

    "paper", Joshi (2025), equations 9 and 19: x = feed_forward(norm(x + drop(attention(x)))).
      It has one norm and one residual, and none around the feed-forward layer.
    "post_ln", Vaswani et al. (2017): x = norm(x + drop(attention(x))), then the same with the
      feed-forward layer.
    "pre_ln", Xiong et al. (2020): x = x + drop(attention(norm(x))), then the same with the
      feed-forward layer; the result is not normalised.
    Dropout of the feed-forward layer is an option of that layer. Edges and pairs are those that
    the attention returns.

    Attributes:
      dim: width of the nodes.
      attention: factory of the attention layer.
      feed_forward: factory of the feed-forward layer.
      norm: factory of the norms: `norm_attention` and, except for "paper", `norm_feed_forward`.
      form: "paper", "post_ln" or "pre_ln".
      dropout_rate: after the attention.
      drop_path_rate: probability that what is added to a residual is left out for a graph; see
        `gtx.nn.DropPath`.
      branch_scale: factory of what multiplies it, `gtx.nn.LayerScale` or `gtx.nn.ReZero`; None for
        nothing.
    """

    dim: int
    attention: ModuleFactory
    feed_forward: ModuleFactory = FeedForward
    norm: ModuleFactory = LayerNorm
    form: Literal["paper", "post_ln", "pre_ln"] = "pre_ln"
    dropout_rate: float = 0.0
    drop_path_rate: float = 0.0
    branch_scale: ModuleFactory | None = None
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        if self.form not in ("paper", "post_ln", "pre_ln"):
            raise ValueError(f"form must be 'paper', 'post_ln' or 'pre_ln', got {self.form!r}.")
        options = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        features = mask_features(features, batch)
        check_residual(self, self.dim, nodes=features.nodes)

        def norm(features, name):
            layer = make(self.norm, "norm", **options, name=f"norm_{name}")
            nodes = layer(features.nodes, batch.node_mask, train=train, axis_name=batch.axis_name)
            return features.replace(nodes=nodes)

        def attend(features):
            layer = make(self.attention, "attention", dim=self.dim, **options, name="attention")
            out = layer(features, batch, train=train)
            dropout = Dropout(self.dropout_rate, name="dropout_attention")
            return out.replace(nodes=dropout(out.nodes, batch.node_ids, train=train))

        def feed_forward(features):
            layer = make(
                self.feed_forward, "feed_forward", dim=self.dim, **options, name="feed_forward"
            )
            return layer(features, batch, train=train)

        def add(features, out, name):
            x = out.nodes
            if self.branch_scale is not None:
                scale = make(
                    self.branch_scale,
                    "branch_scale",
                    dim=self.dim,
                    **options,
                    name=f"scale_{name}",
                )
                x = scale(x, train=train)
            drop = DropPath(self.drop_path_rate, name=f"drop_path_{name}")
            x = drop(x, batch.graph_ids[batch.node_graph], train=train)
            return out.replace(nodes=features.nodes + x)

        if self.form == "pre_ln":
            features = add(features, attend(norm(features, "attention")), "attention")
            out = feed_forward(norm(features, "feed_forward"))
            return add(features, out, "feed_forward")
        features = norm(add(features, attend(features), "attention"), "attention")
        if self.form == "paper":
            return feed_forward(features)
        out = add(features, feed_forward(features), "feed_forward")
        return norm(out, "feed_forward")
