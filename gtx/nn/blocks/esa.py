"""ESA's block: attention among the edges of a graph, all of them or those that share a node."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.attention import attend, pairs_of
from gtx.nn.parts.factories import check_heads, check_residual
from gtx.nn.parts.initializers import xavier_normal
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import LayerNorm
from gtx.ops.attention import Structure
from gtx.ops.masks import clean
from gtx.typing import Array, Dtype, Initializer


class ESABlock(nn.Module):
    """h = norm(x) + a + mish(W a),  a = attention(norm(x));   x' = h + MLP(norm(h)).

    Buterez et al. (2025), the pre-norm form of the authors' code, whose residual starts from the
    normed tokens and not from x. The MLP has one hidden layer with mish. In the code the tokens of
    plain attention also attend to rows of padding; here they do not. An edge that shares no node
    with another gets an attention of 0, where the code gives it a mean over all.

    It reads what `gtx.nn.encoders.ESAEmbed` leaves in `extra`.

    Attributes:
      dim: width of the tokens; a multiple of `num_heads`.
      masked: whether an edge attends to those that share a node with it alone.
      num_heads: of the attention.
      hidden_dim: of the MLP; None is `2 * dim`.
      dropout_rate: of the attention weights.
      implementation: of `gtx.ops.attention`.
      kernel_init: of the kernels of the attention.
      bias_init: of their biases; those of the MLP are PyTorch's.
    """

    dim: int
    masked: bool = False
    num_heads: int = 8
    hidden_dim: int | None = None
    dropout_rate: float = 0.0
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = xavier_normal
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        features, stream = mask_features(features, batch), stream_of(features)
        check_residual(self, self.dim, nodes=features.nodes)
        tokens = stream["tokens"]
        where = stream["pairs"] >= (2 if self.masked else 1)
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        x = LayerNorm(1e-8, **types, name="norm_attention")(features.nodes, tokens, train=train)
        x = x + mapped_attention(self, x, x, pairs_of(batch, where), train=train)
        y = LayerNorm(1e-8, **types, name="norm_mlp")(x, tokens, train=train)
        return features.replace(nodes=clean(x + mlp(self, y), tokens))


def stream_of(features: Features) -> dict[str, Array]:
    """What `ESAEmbed` left.

    Raises:
      ValueError: there is nothing.
    """
    if "esa" not in features.extra:
        raise ValueError(
            "ESA reads the tokens of gtx.nn.encoders.ESAEmbed, and features.extra has none."
        )
    return features.extra["esa"]


def mapped_attention(
    layer: Any, receivers: Array, senders: Array, structure: Structure, *, train: bool
) -> Array:
    """O + mish(W o + b) with o the attention of some rows to others.

    Called in the compact method of a module, it makes the maps that the module then has.
    """
    check_heads(layer.dim, layer.num_heads)

    def linear(x, name):
        inits = dict(kernel_init=layer.kernel_init, bias_init=layer.bias_init)
        return Linear(layer.dim, True, layer.dtype, layer.param_dtype, **inits, name=name)(x)

    shape = -1, layer.num_heads, layer.dim // layer.num_heads
    query = linear(receivers, "query").reshape(shape)
    key, value = (linear(senders, name).reshape(shape) for name in ("key", "value"))
    x = attend(layer, query, key, value, structure, train=train).reshape(-1, layer.dim)
    return x + jax.nn.mish(linear(x, "output"))


def mlp(layer: Any, x: Array) -> Array:
    """Two linear maps with mish between them, called in the same way."""
    types: dict[str, Any] = dict(dtype=layer.dtype, param_dtype=layer.param_dtype)
    width = 2 * layer.dim if layer.hidden_dim is None else layer.hidden_dim
    x = jax.nn.mish(Linear(width, **types, name="mlp_hidden")(x))
    return Linear(layer.dim, **types, name="mlp_output")(x)
