"""ESA's readout: learned seeds attend to the edges of a graph, and are averaged."""

import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Float

from gtx.batch import Batch, Features, mask_features, require_layout
from gtx.nn.blocks.esa import mapped_attention, mlp, stream_of
from gtx.nn.blocks.multi_head_attention_block import repeat_points
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import check_width
from gtx.nn.parts.initializers import normal, xavier_normal
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import LayerNorm
from gtx.ops import Complete, split_slots, to_slots
from gtx.typing import Array, Dtype, Initializer, Shape


def seeds_init(key: Array, shape: Shape, dtype: Dtype) -> Array:
    """The values that PyTorch's `xavier_normal_` draws for an array [1, seeds, dim].

    For an array of three axes it takes the last one for the extent of a convolution's kernel.
    """
    return normal(math.sqrt(2 / ((shape[0] + 1) * shape[1])))(key, shape, dtype)


class ESAReadout(nn.Module):
    """mish(W mean_k s_k' + b) with s' = s + MLP(norm(s)),  s = a + mish(V a),  a of k seeds.

    Buterez et al. (2025): pooling by multi-head attention of learned seeds to norm(x + x_0), where
    x_0 are the tokens that entered the first block. A graph without edges gets what the seeds make
    of an attention of 0.

    Attributes:
      dim: width of the tokens.
      num_outputs: width of the result.
      num_seeds: k.
      num_heads: of the attention.
      hidden_dim: of the MLP; None is `2 * dim`.
      dropout_rate: of the attention weights.
      implementation: of `gtx.ops.attention`.
      readout_dropout_rate: of the result.
      kernel_init: of the kernels of the attention.
      seeds_init: of the seeds [k, dim].
    """

    dim: int
    num_outputs: int
    num_seeds: int = 32
    num_heads: int = 8
    hidden_dim: int | None = None
    dropout_rate: float = 0.0
    implementation: str = "auto"
    readout_dropout_rate: float = 0.0
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = xavier_normal
    bias_init: Initializer | None = None
    seeds_init: Initializer = seeds_init

    @nn.compact
    def __call__(
        self, features: Features, batch: Batch, *, train: bool
    ) -> Float[Array, "graphs outputs"]:
        check_width(self.num_seeds, "num_seeds")
        features, stream = mask_features(features, batch), stream_of(features)
        tokens, layout = stream["tokens"], require_layout(batch)
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        x = features.nodes + stream["input"]
        x = LayerNorm(1e-8, **types, name="norm_attention")(x, tokens, train=train)
        shape = (self.num_seeds, self.dim)
        seeds = self.param("seeds", self.seeds_init, shape, self.param_dtype)
        rows, places, ids, mask = repeat_points(seeds.astype(x.dtype), batch)
        is_token = to_slots(tokens[:, None].astype(jnp.float32), layout)
        where = jnp.concatenate(
            [
                jnp.repeat(part[:, None, :, 0] > 0, self.num_seeds, axis=1).reshape(-1)
                for part in split_slots(is_token, layout.tiers)
            ]
        )
        structure = Complete(
            places, where, node_ids=ids, sender_layout=layout, sender_ids=batch.node_ids
        )
        s = mapped_attention(self, rows, x, structure, train=train)
        s = s + mlp(self, LayerNorm(1e-8, **types, name="norm_mlp")(s, mask, train=train))
        pooled = s.reshape(-1, self.num_seeds, self.dim).mean(axis=1)
        out = jax.nn.mish(Linear(self.num_outputs, **types, name="readout")(pooled))
        dropout = Dropout(self.readout_dropout_rate, name="dropout")
        return dropout(out, batch.graph_ids, train=train)
