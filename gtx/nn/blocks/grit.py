"""The block of GRIT: attention that changes nodes and pairs, then a feed-forward layer on nodes."""

import functools
from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.attention.entries import read_entries, write_entries
from gtx.nn.attention.grit import GRITAttention
from gtx.nn.parts.degree_scaler import DegreeScaler
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import check_residual, make
from gtx.nn.parts.feed_forward import FeedForward
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import BatchNorm
from gtx.typing import Dtype, Initializer, ModuleFactory


class GRITBlock(nn.Module):
    """Attention from pairs of nodes, with pairs that evolve (Ma et al., 2023, section 3).

    u, m = attention(x, e)
    h = norm(x + O_h scale(drop(u))),   x' = norm(h + feed_forward(h))
    e' = norm(e + O_e drop(m))

    The order is that of the authors' code, whose feed-forward layer drops its hidden features
    alone. Features of pairs are those of edges where the attention runs over edges. In the last
    block of a model nobody reads e', and O_e and its norm learn nothing, as in the authors' code.

    Attributes:
      dim: width of nodes and pairs.
      attention: factory of the attention layer, such as `functools.partial(GRITAttention,
        num_heads=4)`.
      feed_forward: factory of the feed-forward layer.
      scale: factory of the degree scaler; None for none.
      norm: factory of the three norms.
      dropout_rate: of the results of the attention, at nodes and at pairs.
    """

    dim: int
    attention: ModuleFactory = GRITAttention
    feed_forward: ModuleFactory = functools.partial(FeedForward, output_dropout=False)
    scale: ModuleFactory | None = DegreeScaler
    norm: ModuleFactory = BatchNorm
    dropout_rate: float = 0.0
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        options: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        features = mask_features(features, batch)
        attention = make(self.attention, "attention", dim=self.dim, **options, name="attention")
        over = attention.structure, attention.edges
        x, entries = features.nodes, read_entries(features, batch, *over)
        check_residual(self, self.dim, nodes=x, pairs=entries.features)

        def project(values, name):
            return Linear(
                self.dim,
                **options,
                kernel_init=self.kernel_init,
                bias_init=self.bias_init,
                name=name,
            )(values)

        def norm(values, mask, name):
            layer = make(self.norm, "norm", **options, name=f"norm_{name}")
            return layer(values, mask, train=train, axis_name=batch.axis_name)

        def drop(values, name, *ids):
            return Dropout(self.dropout_rate, name=f"dropout_{name}")(values, *ids, train=train)

        changed = attention(features, batch, train=train)
        message = read_entries(changed, batch, *over).features
        e = entries.features + project(drop(message, "pairs", *entries.ids), "pairs")
        e = norm(e, entries.mask, "pairs")
        changed = write_entries(changed, e, *over)

        changed = changed.replace(nodes=drop(changed.nodes, "nodes", batch.node_ids))
        if self.scale is not None:
            scale = make(self.scale, "scale", **options, name="scale")
            changed = scale(changed, batch, train=train)
        h = norm(x + project(changed.nodes, "nodes"), batch.node_mask, "attention")
        layer = make(
            self.feed_forward, "feed_forward", dim=self.dim, **options, name="feed_forward"
        )
        changed = layer(changed.replace(nodes=h), batch, train=train)
        nodes = norm(h + changed.nodes, batch.node_mask, "feed_forward")
        return changed.replace(nodes=nodes)

    @staticmethod
    def needs_layout(settings: Mapping[str, Any]) -> bool:
        attention = settings.get("attention", GRITAttention)
        bound = attention.keywords if isinstance(attention, functools.partial) else {}
        return GRITAttention.needs_layout(bound)
