"""The Set Transformer's block of attention through learned points."""

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features, require_layout
from gtx.nn.blocks.multi_head_attention_block import (
    attention_block,
    between,
    points_init,
    repeat_points,
)
from gtx.nn.parts.factories import check_width
from gtx.typing import Dtype, Initializer


class ISAB(nn.Module):
    """ISAB(X) = MAB(X, H), H = MAB(I, X): attention through a few learned points, I.

    Equations 9 and 10: the m points of each graph attend to its nodes, and the nodes attend to the
    results. This takes time and memory of m n, not n^2.

    Attributes:
      dim: width of the nodes.
      num_points: m.
      num_heads: of both attentions.
      dropout_rate: of the attention weights.
      implementation: of `gtx.ops.attention`.
      points_init: of I [m, dim].
    """

    dim: int
    num_points: int = 16
    num_heads: int = 4
    dropout_rate: float = 0.0
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    points_init: Initializer = points_init

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        features = mask_features(features, batch)
        check_width(self.num_points, "num_points")
        x, shape = features.nodes, (self.num_points, self.dim)
        points = self.param("points", self.points_init, shape, self.param_dtype)
        points = points.astype(self.dtype or jnp.promote_types(x.dtype, points.dtype))
        rows, layout, ids, mask = repeat_points(points, batch)
        gathering = between(layout, ids, require_layout(batch), batch.node_ids)
        hidden = attention_block(self, "gather")(rows, x, gathering, mask, train=train)
        spreading = between(require_layout(batch), batch.node_ids, layout, ids)
        x = attention_block(self, "spread")(x, hidden, spreading, batch.node_mask, train=train)
        return features.replace(nodes=x)
