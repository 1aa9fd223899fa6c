"""The triangular update of TGT and AlphaFold: products of pairs over a third node."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, require_layout
from gtx.nn.attention.triangles import project, read_pairs
from gtx.nn.parts.factories import make
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.norms import LayerNorm
from gtx.ops.triangle import reverse_pairs, triangle_multiplication
from gtx.typing import Dtype, Initializer, ModuleFactory


class TriangularUpdate(nn.Module):
    """u_ij = sum_k a_ik * b_jk and u'_ij = sum_k a'_ki * b'_kj, with gated maps a, b, a', b' of e.

    e_ij' = sigmoid(O_g [u; u']) * O_l [u; u'],   a = sigmoid(A_g e) * A_l e, and likewise b, a', b'

    Jumper et al. (2021), in the form that TGT's authors compare with (Hussain et al., 2024): one
    number a head, e normalised before. There is no residual; TGT's code adds the result to e.

    Attributes:
      dim: width of pairs.
      num_heads: width of a, b, a' and b'.
      norm: factory of the norm of e.
    """

    dim: int
    num_heads: int = 4
    norm: ModuleFactory = LayerNorm
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        e, layout = read_pairs(features, batch), require_layout(batch)
        norm = make(self.norm, "norm", dtype=self.dtype, param_dtype=self.param_dtype, name="norm")
        e = norm(e, batch.pair_mask, train=train, axis_name=batch.axis_name)

        def gated(values: Any, parts: int, name: str) -> list[Any]:
            width = self.num_heads if name != "output" else self.dim
            x = jnp.split(project(self, values, 2 * parts * width, name), 2 * parts, axis=-1)
            return [
                jax.nn.sigmoid(gate) * linear for gate, linear in zip(x[::2], x[1::2], strict=True)
            ]

        left, left_reversed = gated(e, 2, "left")
        right, right_reversed = gated(e, 2, "right")
        inward = triangle_multiplication(left, right, layout)
        outward = triangle_multiplication(
            reverse_pairs(left_reversed, layout), reverse_pairs(right_reversed, layout), layout
        )
        (out,) = gated(jnp.concatenate([inward, outward], axis=-1), 1, "output")
        return features.replace(pairs=out)
