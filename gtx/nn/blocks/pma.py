"""The Set Transformer's readout: learned seeds attend to the nodes."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch, Features, mask_features, require_layout
from gtx.nn.blocks.multi_head_attention_block import (
    MultiHeadAttentionBlock,
    between,
    points_init,
    repeat_points,
)
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import check_width
from gtx.nn.parts.linear import Linear
from gtx.typing import Dtype, Initializer


class PMA(nn.Module):
    """PMA(X) = MAB(S, relu(L X)): learned seeds S attend to the nodes of a graph. A readout.

    Equation 11. The row of a graph is its k results side by side [k feat], where feat is the
    width of the nodes, then the graph's own features if there are any. A graph without nodes
    gets the result that the seeds have without an attention.

    Attributes:
      num_seeds: k.
      num_heads: of the attention.
      dropout_rate: of the row, as in `Pool`.
      attention_dropout_rate: of the attention weights.
      implementation: of `gtx.ops.attention`.
      seeds_init: of S [k, feat].
    """

    num_seeds: int = 1
    num_heads: int = 4
    dropout_rate: float = 0.0
    attention_dropout_rate: float = 0.0
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    seeds_init: Initializer = points_init

    @nn.compact
    def __call__(
        self, features: Features, batch: Batch, *, train: bool
    ) -> Float[Array, "graphs feat"]:
        options: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        features = mask_features(features, batch)
        check_width(self.num_seeds, "num_seeds")
        dim = features.nodes.shape[-1]
        x = jax.nn.relu(Linear(dim, **options, name="linear")(features.nodes))
        seeds = self.param("seeds", self.seeds_init, (self.num_seeds, dim), self.param_dtype)
        rows, layout, ids, mask = repeat_points(seeds.astype(x.dtype), batch)
        block = MultiHeadAttentionBlock(
            dim,
            self.num_heads,
            self.attention_dropout_rate,
            self.implementation,
            **options,
            name="block",
        )
        structure = between(layout, ids, require_layout(batch), batch.node_ids)
        pooled = block(rows, x, structure, mask, train=train).reshape(-1, self.num_seeds * dim)
        if features.graphs is not None:
            pooled = jnp.concatenate([pooled, features.graphs], axis=-1)
        dropout = Dropout(self.dropout_rate, name="dropout")
        return dropout(pooled, batch.graph_ids, train=train)
