"""The layer of SpecFormer: messages between all nodes, weighted by learned bases."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features, require_layout
from gtx.nn.attention.call import pairs_of
from gtx.nn.parts.activations import gelu_exact
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import check_residual, make
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import BatchNorm
from gtx.ops.attention.contract import as_edges
from gtx.ops.masks import clean
from gtx.ops.pairs import pair_sum
from gtx.ops.segment import segment_softmax
from gtx.typing import Array, Dtype, Initializer, ModuleFactory

# The name of the bases in `Features.extra`.
BASES = "spectral_bases"


def encode_bases(
    bases: Array,
    batch: Batch,
    dim: int,
    *,
    train: bool,
    norm: ModuleFactory | None = None,
    dropout_rate: float = 0.0,
    softmax: bool = False,
    **types: Any,
) -> Array:
    """B = drop(g(V2 g(V1 bases))) of each pair, with g = gelu(norm) or gelu, in a module's call.

    Args:
      bases: [pairs, feat].
      batch: theirs.
      dim: width of B.
      train: whether norm and dropout are in training.
      norm: factory of the norms of pairs, None for none.
      dropout_rate: of B.
      softmax: whether each column of B is a softmax over the senders of a receiver in the end.
      **types: dtypes of the maps.
    """
    for number in (1, 2):
        bases = Linear(dim, **types, name=f"bases_{number}")(bases)
        if norm is not None:
            layer = make(norm, "norm", **types, name=f"norm_bases_{number}")
            bases = layer(bases, batch.pair_mask, train=train, axis_name=batch.axis_name)
        bases = gelu_exact(bases)
    ends = as_edges(pairs_of(batch))
    if dropout_rate:
        ids = batch.node_ids[ends.receivers], batch.node_ids[ends.senders]
        bases = Dropout(dropout_rate, name="dropout_bases")(bases, *ids, train=train)
    if softmax:
        size = len(batch.node_mask)
        bases = segment_softmax(bases, ends.receivers, size, where=batch.pair_mask)
    return clean(bases, batch.pair_mask)


class SpecformerBlock(nn.Module):
    """h_i = x_i + drop(sum_j gelu(W (x_j + e_ij)) * B_ij),   x' = h + drop(r(U2 r(U1 h))).

    With r(x) = relu(norm(x)). Bo et al. (2023), equation 8, as the authors' code for graphs has it.
    e_ij are the features of pairs, those of an edge from j to i or 0; without any they are left
    out. B_ij are `features.extra["spectral_bases"]`, see `EmbedWithBases`.

    Attributes:
      dim: width of nodes, pairs and bases.
      dropout_rate: after the sum and at the end.
      norm: factory of both norms.
      bases: `functools.partial(encode_bases, ...)`, for bases that are the filters themselves; None
        for bases that are encoded.
    """

    dim: int
    dropout_rate: float = 0.0
    norm: ModuleFactory = BatchNorm
    bases: Callable[..., Array] | None = None
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        features = mask_features(features, batch)
        x, e = features.nodes, features.pairs
        check_residual(self, self.dim, nodes=x, pairs=e)
        if BASES not in features.extra:
            raise ValueError(
                f"SpecformerBlock needs bases in features.extra[{BASES!r}], [pairs, dim]; "
                "gtx.nn.encoders.spectral_bases.EmbedWithBases makes them."
            )

        def linear(values, name):
            inits: dict[str, Any] = dict(kernel_init=self.kernel_init, bias_init=self.bias_init)
            return Linear(self.dim, **types, **inits, name=name)(values)

        def normed(values, name):
            norm = make(self.norm, "norm", **types, name=f"norm_{name}")
            values = norm(values, batch.node_mask, train=train, axis_name=batch.axis_name)
            return jax.nn.relu(values)

        def drop(values, name):
            dropout = Dropout(self.dropout_rate, name=f"dropout_{name}")
            return dropout(values, batch.node_ids, train=train)

        ends = as_edges(pairs_of(batch))
        sent = x[ends.senders] if e is None else x[ends.senders] + e
        message = gelu_exact(linear(sent, "message"))
        bases = clean(features.extra[BASES], batch.pair_mask)
        if self.bases is not None:
            bases = self.bases(bases, batch, self.dim, train=train, **types)
        total = pair_sum(message * bases, require_layout(batch), where=batch.pair_mask)
        h = x + drop(total, "message")
        hidden = normed(linear(h, "hidden"), "hidden")
        h = h + drop(normed(linear(hidden, "output"), "output"), "output")
        return features.replace(nodes=clean(h, batch.node_mask))
