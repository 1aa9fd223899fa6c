"""The triplet attention of TGT, among the pairs of three nodes."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features
from gtx.nn.attention.triangles import project, read_pairs, settings
from gtx.nn.parts.factories import check_heads, make
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.norms import LayerNorm
from gtx.ops.triangle import Implementation, reverse_pairs, triangle_attention
from gtx.typing import Dtype, Initializer, ModuleFactory


class TripletAttention(nn.Module):
    """Attention of a pair to the pairs of its second node, biased and gated by those of its first.

    With e normalised, per head, and u' the same over reversed pairs, e_kj, e_ki in place of
    e_jk, e_ik, with maps of its own:

    u_ij = sum_k softmax_k(q_ij . k_jk / sqrt(head_dim) + b_ik) sigmoid(g_ik) v_jk
    e_ij' = O [u_ij; u'_ij]

    Hussain et al. (2024), "Triplet Interaction Improves Graph Transformers", equations 3 to 6: the
    inward and the outward update. There is no residual. The authors' code adds the result to e.

    Attributes:
      dim: width of pairs; a multiple of `num_heads`.
      num_heads: heads of width `dim / num_heads`.
      dropout_rate: probability that a weight is dropped.
      norm: factory of the norm of e.
      implementation: of `gtx.ops.triangle`.
    """

    dim: int
    num_heads: int = 4
    dropout_rate: float = 0.0
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
        norm = make(self.norm, "norm", dtype=self.dtype, param_dtype=self.param_dtype, name="norm")
        e = norm(e, batch.pair_mask, train=train, axis_name=batch.axis_name)

        def update(name: str, reverse: bool) -> Any:
            options = settings(self, batch, train)
            x = project(self, e, 3 * self.dim, f"query_key_value_{name}")
            query, key, value = (
                part.reshape(-1, self.num_heads, self.dim // self.num_heads)
                for part in jnp.split(x, 3, axis=-1)
            )
            both = project(self, e, 2 * self.num_heads, f"bias_gate_{name}")
            bias, gate = jnp.split(both, 2, axis=-1)
            others = key, value, bias, jax.nn.sigmoid(gate)
            if reverse:
                others = tuple(reverse_pairs(x, options["layout"]) for x in others)
            key, value, bias, gate = others
            out = triangle_attention(query, key, value, bias=bias, gate=gate, **options)
            return out.reshape(-1, self.dim)

        both = jnp.concatenate([update("in", False), update("out", True)], axis=-1)
        return features.replace(pairs=project(self, both, self.dim, "output"))
