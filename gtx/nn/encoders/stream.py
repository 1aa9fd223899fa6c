"""An embedding with a stream of its own beside the features of the nodes."""

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features
from gtx.nn.parts.factories import make
from gtx.typing import Dtype, ModuleFactory


class EmbedWithStream(nn.Module):
    """Features of `embed`, and under `stream` in their `extra` what an encoder makes of a column.

    Attributes:
      embed: factory of the embedding.
      dim: width of the stream.
      column: the column, or the encoding, that the encoder reads.
      encoder: factory of the encoder of a node column.
      stream: name in `Features.extra`.
    """

    embed: ModuleFactory
    dim: int
    column: str
    encoder: ModuleFactory
    stream: str
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Features:
        features = make(self.embed, "embed", name="columns")(batch, train=train)
        encoder = make(
            self.encoder,
            "encoder",
            column=self.column,
            level="node",
            dim=self.dim,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            name=self.stream,
        )
        return features.replace(extra={**features.extra, self.stream: encoder(batch, train=train)})
