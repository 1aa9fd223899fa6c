"""The Set Transformer's block of attention from a set to itself."""

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Bool

from gtx.batch import Batch, Features, mask_features
from gtx.nn.attention import pairs_of
from gtx.nn.blocks.multi_head_attention_block import attention_block
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
    def __call__(
        self,
        features: Features,
        batch: Batch,
        *,
        train: bool,
        where: Bool[Array, " pairs"] | None = None,
    ) -> Features:
        """`where` keeps pairs; None keeps all."""
        features = mask_features(features, batch)
        x, structure = features.nodes, pairs_of(batch, where)
        x = attention_block(self, "block")(x, x, structure, batch.node_mask, train=train)
        return features.replace(nodes=x)
