"""The Set Transformer's block of attention from a set to itself."""

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features, require_layout
from gtx.nn.blocks.multi_head_attention_block import attention_block
from gtx.ops import Complete
from gtx.typing import Dtype


class SetAttentionBlock(nn.Module):
    """SAB(X) = MAB(X, X): every node attends to all nodes of its graph. Equation 8.

    Attributes:
      dim: width of the nodes.
      num_heads: of the attention.
      dropout_rate: of the attention weights.
      implementation: of `gtx.ops.attention`.
    """

    dim: int
    num_heads: int = 4
    dropout_rate: float = 0.0
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        features = mask_features(features, batch)
        x, structure = features.nodes, Complete(require_layout(batch), node_ids=batch.node_ids)
        x = attention_block(self, "block")(x, x, structure, batch.node_mask, train=train)
        return features.replace(nodes=x)
