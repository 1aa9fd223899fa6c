"""The block of EGT and TGT: attention, triangles if wished, feed-forward layers on both streams."""

import functools
from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.attention.egt import EGTAttention
from gtx.nn.attention.entries import read_entries, write_entries
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.entry_feed_forward import EntryFeedForward
from gtx.nn.parts.factories import check_residual, make
from gtx.nn.parts.feed_forward import FeedForward
from gtx.nn.parts.norms import LayerNorm
from gtx.typing import Activation, Dtype, ModuleFactory


class EGTBlock(nn.Module):
    """Pre-norm layers on nodes and on pairs, which attention joins (Hussain et al., 2022).

    h, p = attention(norm(x), norm(e))
    x = x + drop(h),   x = x + feed_forward(norm(x))
    e = e + drop(p),   e = e + drop(triangle(e)),   e = e + feed_forward(norm(e))

    `triangle` is TGT's addition (Hussain et al., 2024); EGT has none. Where the attention runs over
    edges, features of pairs are those of edges. The result is not normalised.

    Attributes:
      dim: width of the nodes. Pairs keep their width.
      attention: factory of the attention layer, such as `functools.partial(EGTAttention,
        num_heads=4)`.
      triangle: factory of a layer over triangles of pairs; None for none.
      activation: of both feed-forward layers, whose hidden layers are `expansion` times as wide.
      expansion: see `activation`.
      norm: factory of all norms.
      dropout_rate: of every result that is added to the nodes.
      pair_dropout_rate: of every result that is added to the pairs.
      update_pairs: whether pairs change. In the last block of a model nobody reads them.
    """

    dim: int
    attention: ModuleFactory = EGTAttention
    triangle: ModuleFactory | None = None
    activation: Activation = jax.nn.elu
    expansion: int = 2
    norm: ModuleFactory = LayerNorm
    dropout_rate: float = 0.0
    pair_dropout_rate: float = 0.0
    update_pairs: bool = True
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

    @staticmethod
    def needs_layout(settings: Mapping[str, Any]) -> bool:
        """As its attention says."""
        attention = settings.get("attention", EGTAttention)
        bound = attention.keywords if isinstance(attention, functools.partial) else {}
        return EGTAttention.needs_layout(bound)

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        options: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        features = mask_features(features, batch)
        attention = make(
            self.attention,
            "attention",
            dim=self.dim,
            update_pairs=self.update_pairs,
            **options,
            name="attention",
        )
        over = attention.structure, attention.edges
        entries = read_entries(features, batch, *over)
        x, e, ids = features.nodes, entries.features, entries.ids
        check_residual(self, self.dim, nodes=x)

        def norm(values, mask, name):
            layer = make(self.norm, "norm", **options, name=f"norm_{name}")
            return layer(values, mask, train=train, axis_name=batch.axis_name)

        def drop_pairs(values, name):
            return Dropout(self.pair_dropout_rate, name=f"dropout_{name}")(
                values, *ids, train=train
            )

        given = features.replace(nodes=norm(x, batch.node_mask, "nodes"))
        given = write_entries(given, norm(e, entries.mask, "pairs"), *over)
        changed = attention(given, batch, train=train)
        dropout = Dropout(self.dropout_rate, name="dropout_nodes")
        x = x + dropout(changed.nodes, batch.node_ids, train=train)
        feed_forward = FeedForward(
            self.dim,
            self.expansion * self.dim,
            self.activation,
            dropout_rate=self.dropout_rate,
            hidden_dropout_rate=0.0,
            **options,
            name="feed_forward",
        )
        given = features.replace(nodes=norm(x, batch.node_mask, "feed_forward"))
        x = x + feed_forward(given, batch, train=train).nodes
        if self.update_pairs:
            width = e.shape[-1]
            e = e + drop_pairs(read_entries(changed, batch, *over).features, "pairs")
            if self.triangle is not None:
                triangle = make(self.triangle, "triangle", dim=width, **options, name="triangle")
                turned = triangle(write_entries(features, e, *over), batch, train=train)
                e = e + drop_pairs(read_entries(turned, batch, *over).features, "triangle")
            feed_pairs = EntryFeedForward(
                width,
                self.expansion * width,
                self.activation,
                dropout_rate=self.pair_dropout_rate,
                **options,
                name="feed_forward_pairs",
            )
            e = e + feed_pairs(norm(e, entries.mask, "feed_forward_pairs"), *ids, train=train)
        return write_entries(features.replace(nodes=x), e, *over)
