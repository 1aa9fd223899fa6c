"""Embeddings around another embedding: normalised, or with a second stream of nodes."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, check_is_batch
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import make
from gtx.nn.parts.norms import LayerNorm
from gtx.ops.masks import clean
from gtx.typing import Activation, Dtype, ModuleFactory


class NormalizedEmbed(nn.Module):
    """x = drop(activation(norm(x))) for the nodes of another embedding.

    With one linear encoder in it, the first layer of SGFormer, NodeFormer and DIFFormer.

    Attributes:
      embed: factory of the embedding.
      norm: factory of the norm.
      activation: after it.
      dropout_rate: after the activation.
    """

    embed: ModuleFactory
    norm: ModuleFactory = LayerNorm
    activation: Activation = jax.nn.relu
    dropout_rate: float = 0.0
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Features:
        options: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        features = make(self.embed, "embed", name="embed")(batch, train=train)
        norm = make(self.norm, "norm", **options, name="norm")
        x = norm(features.nodes, batch.node_mask, train=train, axis_name=batch.axis_name)
        dropout = Dropout(self.dropout_rate, name="dropout")
        x = dropout(self.activation(x), batch.node_ids, train=train)
        return features.replace(nodes=x)


class StreamEmbed(nn.Module):
    """An embedding, and the nodes of others as further streams in `Features.extra`.

    Attributes:
      embed: factory of the embedding.
      streams: factories of embeddings whose nodes become the streams of these names.
    """

    embed: ModuleFactory
    streams: Mapping[str, ModuleFactory]

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Features:
        features = make(self.embed, "embed", name="embed")(batch, train=train)
        others = {
            name: make(factory, f"streams[{name!r}]", name=f"embed_{name}")(batch, train=train)
            for name, factory in sorted(self.streams.items())
        }
        streams = {name: other.nodes for name, other in others.items()}
        return features.replace(extra={**features.extra, **streams})


class DroppedEmbed(nn.Module):
    """Another embedding with dropout of the columns that it reads, and of what it makes of them.

    Attributes:
      embed: factory of the embedding.
      columns: names of node columns of numbers.
      input_rate: of the dropout of these columns.
      dropout_rate: of the nodes.
    """

    embed: ModuleFactory
    columns: tuple[str, ...] = ()
    input_rate: float = 0.0
    dropout_rate: float = 0.0

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Features:
        check_is_batch(batch)
        nodes = dict(batch.graph.nodes)
        for name in self.columns:
            dropout = Dropout(self.input_rate, name=f"dropout_{name}")
            rows = clean(nodes[name], batch.node_mask).reshape(len(batch.node_mask), -1)
            nodes[name] = dropout(rows, batch.node_ids, train=train)
        given = batch.replace(graph=batch.graph._replace(nodes=nodes))
        features = make(self.embed, "embed", name="embed")(given, train=train)
        dropout = Dropout(self.dropout_rate, name="dropout")
        return features.replace(nodes=dropout(features.nodes, batch.node_ids, train=train))
