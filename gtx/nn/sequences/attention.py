"""A Transformer's layer over sequences, with rotary positions."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from gtx.nn.parts.factories import check_heads, check_width
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import LayerNorm
from gtx.ops import Complete, Layout, Tier, attention
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer


def rotated(
    x: Float[Array, "rows length heads width"],
) -> Float[Array, "rows length heads width"]:
    """The array with its features turned in pairs (i, i + width / 2) by t / 10000^(2 i / width).

    Rotary positions (Su et al., 2024): the product of a query and a key then depends on the
    distance of their places t. An odd width has no such pairs.
    """
    half = x.shape[-1] // 2
    if 2 * half != x.shape[-1]:
        raise ValueError(f"Rotary positions need heads of an even width, got {x.shape[-1]}.")
    wide = jnp.promote_types(x.dtype, jnp.float32)
    angle = jnp.arange(x.shape[1], dtype=wide)[:, None] / 10000.0 ** (
        jnp.arange(half, dtype=wide) / half
    )
    cosine, sine = (f(angle)[None, :, None, :] for f in (jnp.cos, jnp.sin))
    one, two = jnp.split(x.astype(wide), 2, axis=-1)
    turned = jnp.concatenate([one * cosine - two * sine, two * cosine + one * sine], axis=-1)
    return turned.astype(x.dtype)


class SequenceAttention(nn.Module):
    """h = norm(x + attention(x)),   y = norm(h + W relu(V h)), in both directions.

    The layer "transformer" of NeuralWalker (Chen et al., 2025), by its code: queries and keys are
    rotated by their places. Where a walk stops early, the authors' code gives the places after its
    end to none, and here they are not there.

    Attributes:
      dim: width of the sequences.
      num_heads: of the attention.
      expansion: width of the hidden layer, as a multiple of `dim`.
      implementation: of `gtx.ops.attention`.
    """

    dim: int
    num_heads: int = 4
    expansion: int = 2
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "rows length dim"],
        mask: Bool[Array, "rows length"],
        *,
        train: bool,
        axis_name: str | None = None,
    ) -> Float[Array, "rows length dim"]:
        check_heads(self.dim, self.num_heads)
        check_width(self.expansion, "expansion")
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        inits: dict[str, Any] = dict(kernel_init=self.kernel_init, bias_init=self.bias_init)
        rows, length = mask.shape
        flat, real = clean(x, mask).reshape(-1, self.dim), mask.reshape(-1)

        def linear(features, values, name):
            return Linear(features, **types, **inits, name=name)(values)

        def norm(values, name):
            return LayerNorm(**types, name=name)(values, real, train=train)

        places = jnp.where(real, jnp.arange(len(real), dtype=jnp.int32), len(real))
        structure = Complete(Layout(places, places, (Tier(rows, length),)))
        heads = self.num_heads, self.dim // self.num_heads
        parts = jnp.split(linear(3 * self.dim, flat, "query_key_value"), 3, axis=-1)
        query, key = (rotated(part.reshape(rows, length, *heads)) for part in parts[:2])
        found = attention(
            query.reshape(-1, *heads),
            key.reshape(-1, *heads),
            parts[2].reshape(-1, *heads),
            structure,
            implementation=self.implementation,
        )
        x = norm(flat + linear(self.dim, found.reshape(-1, self.dim), "output"), "norm_attention")
        hidden = jax.nn.relu(linear(self.expansion * self.dim, x, "hidden"))
        x = norm(x + linear(self.dim, hidden, "feed_forward"), "norm_feed_forward")
        return x.reshape(rows, length, self.dim)
