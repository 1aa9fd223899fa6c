"""The blocks of NAGphormer: a Transformer over the hops of each node by itself."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features
from gtx.nn.parts.factories import make
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import LayerNorm
from gtx.ops import Layout, Tier, noise
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer, ModuleFactory

# The name of the tokens in `Features.extra`.
STREAM = "hops"


class OnHops(nn.Module):
    """A block whose graphs are the nodes and whose nodes are the hops of a node.

    Chen et al. (2023), section 3.3. Nodes do not meet, so that nothing is quadratic in them.

    Attributes:
      dim: width of the tokens.
      block: factory of the block, which may attend to all nodes of its graph.
    """

    dim: int
    block: ModuleFactory
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        options = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        block = make(self.block, "block", dim=self.dim, **options, name="block")
        hops = features.extra[STREAM]
        tokens = Features(nodes=clean(hops, batch.node_mask).reshape(-1, self.dim))
        out = block(tokens, _tokens(batch, hops.shape[1]), train=train)
        hops = out.nodes.reshape(hops.shape[:2] + (self.dim,))
        return features.replace(extra={**features.extra, STREAM: hops})


class HopReadout(nn.Module):
    """y = h_0 + sum_k w_k h_k with h the normed hops and w_k = softmax_k(a . [h_0, h_k] + b).

    Chen et al. (2023), equation 9: the sum is over the hops but the first, which is the node.

    Attributes:
      dim: width of the result.
    """

    dim: int
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        extra = dict(features.extra)
        hops = clean(extra.pop(STREAM), batch.node_mask)
        nodes, count, _ = hops.shape
        mask = jnp.repeat(batch.node_mask, count, total_repeat_length=nodes * count)
        hops = LayerNorm(**types, name="norm")(hops.reshape(-1, self.dim), mask, train=train)
        own, others = jnp.split(hops.reshape(nodes, count, self.dim), [1], axis=1)
        both = jnp.concatenate([jnp.broadcast_to(own, others.shape), others], axis=-1)
        attention = Linear(
            1, **types, kernel_init=self.kernel_init, bias_init=self.bias_init, name="attention"
        )
        logits = attention(both)
        wide = jnp.promote_types(logits.dtype, jnp.float32)
        weights = jax.nn.softmax(logits.astype(wide), axis=1).astype(others.dtype)
        x = own[:, 0] + (weights * others).sum(axis=1)
        return features.replace(nodes=clean(x, batch.node_mask), extra=extra)


def _tokens(batch: Batch, count: int) -> Batch:
    """A batch in which each node is a graph of so many hops."""
    nodes = len(batch.node_mask)
    mask = jnp.repeat(batch.node_mask, count, total_repeat_length=nodes * count)
    place = jnp.where(mask, jnp.arange(len(mask), dtype=jnp.int32), len(mask))
    hop = jnp.arange(count, dtype=jnp.uint32)
    return batch.replace(
        layout=Layout(slots=place, node_slots=place, tiers=(Tier(nodes, count),)),
        node_ids=noise.node_ids(batch.node_ids[:, None], hop).reshape(-1),
        node_graph=jnp.repeat(batch.node_graph, count, total_repeat_length=nodes * count),
        node_mask=mask,
    )
