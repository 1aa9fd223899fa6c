"""Blocks over two streams of nodes: one of them waits in `Features.extra`."""

from typing import Literal

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.parts.factories import make
from gtx.ops.masks import clean
from gtx.typing import Dtype, ModuleFactory


class OnStream(nn.Module):
    """A block that runs on another stream of nodes and leaves the nodes themselves alone.

    Attributes:
      dim: width of the stream.
      stream: its name in `Features.extra`, [nodes, dim].
      block: factory of the block.
    """

    dim: int
    stream: str
    block: ModuleFactory
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        options = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        block = make(self.block, "block", dim=self.dim, **options, name="block")
        given = features.replace(nodes=features.extra[self.stream])
        out = block(given, batch, train=train)
        return features.replace(extra={**out.extra, self.stream: out.nodes})


class MixStreams(nn.Module):
    """One stream of two: weight * nodes + (1 - weight) * stream, or both side by side.

    Attributes:
      stream: name of the other stream in `Features.extra`, of which it is taken out.
      weight: of the nodes.
      method: "add" or "concatenate", the stream first.
    """

    stream: str
    weight: float = 0.5
    method: Literal["add", "concatenate"] = "add"

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        del train
        features = mask_features(features, batch)
        extra = dict(features.extra)
        other, x = clean(extra.pop(self.stream), batch.node_mask), features.nodes
        if self.method == "concatenate":
            mixed = jnp.concatenate([other, x], axis=-1)
        else:
            mixed = self.weight * x + (1 - self.weight) * other
        return features.replace(nodes=mixed, extra=extra)
