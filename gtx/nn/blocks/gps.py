"""The block of GPS: message passing and attention in parallel."""

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import GIVEN, Batch, Features, mask_features
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import check_residual, make
from gtx.nn.parts.feed_forward import FeedForward
from gtx.nn.parts.norms import BatchNorm
from gtx.typing import Dtype, ModuleFactory


class GPSBlock(nn.Module):
    """A message-passing layer in parallel with an attention layer, then a feed-forward layer.

    l = norm(x + drop(local(x))),   a = norm(x + drop(attention(x))),   h = l + a
    x' = norm(h + feed_forward(h))

    Rampášek et al. (2022), equations 1 to 4, with the order of GraphGPS's code and of PyG's
    GPSConv. Dropout inside the feed-forward layer is an option of that layer. The features of the
    edge sets over which the local layer runs come from this layer; those of other edge sets and of
    pairs come from the attention. For example, `local=GatedGCN` with
    `attention=partial(MultiHeadAttention, structure="edges", edges=("expander",))` is message
    passing over the given graph in parallel with attention over an expander.

    Attributes:
      dim: width of nodes and edges.
      local: factory of the message-passing layer, None for none.
      attention: factory of the attention layer, None for none.
      feed_forward: factory of the feed-forward layer.
      norm: factory of the three norms.
      dropout_rate: after local layer and attention.
    """

    dim: int
    local: ModuleFactory | None
    attention: ModuleFactory | None
    feed_forward: ModuleFactory = FeedForward
    norm: ModuleFactory = BatchNorm
    dropout_rate: float = 0.0
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        if self.local is None and self.attention is None:
            raise ValueError("GPSBlock needs a local layer, an attention layer, or both.")
        options = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        features = mask_features(features, batch)
        x = features.nodes
        check_residual(self, self.dim, nodes=x)

        def norm(values, name):
            layer = make(self.norm, "norm", **options, name=f"norm_{name}")
            return layer(values, batch.node_mask, train=train, axis_name=batch.axis_name)

        def branch(factory, name):
            layer = make(factory, name, dim=self.dim, **options, name=name)
            out = layer(features, batch, train=train)
            dropout = Dropout(self.dropout_rate, name=f"dropout_{name}")
            h = norm(x + dropout(out.nodes, batch.node_ids, train=train), name)
            return h, out, getattr(layer, "edges", (GIVEN,))

        h, changed = 0, features
        if self.attention is not None:
            h, changed, _ = branch(self.attention, "attention")
        if self.local is not None:
            local, out, over = branch(self.local, "local")
            h = local + h
            sets = {name: values for name, values in out.edge_sets.items() if name in over}
            changed = changed.replace(
                edges=out.edges if GIVEN in over else changed.edges,
                edge_sets={**changed.edge_sets, **sets},
            )
        features = changed.replace(nodes=h, graphs=features.graphs)
        layer = make(
            self.feed_forward, "feed_forward", dim=self.dim, **options, name="feed_forward"
        )
        features = layer(features, batch, train=train)
        return features.replace(nodes=norm(h + features.nodes, "feed_forward"))
