"""Tokens of the neighbourhoods of a node: its columns, propagated along the edges."""

from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features, check_is_batch
from gtx.nn.blocks.hops import STREAM
from gtx.nn.parts.columns import read_column
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.ops import normalized_sum
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer


class HopEmbed(nn.Module):
    """h_k = W (A^k x) + b for k = 0 to `num_hops`, with x the columns of a node side by side.

    Chen et al. (2023), section 3.2 (Hop2Token): A is the adjacency with an edge from each node to
    itself, normalised as in a graph convolution. The tokens are the stream "hops" in
    `Features.extra`, [nodes, num_hops + 1, dim]; the nodes are the first of them. The authors
    propagate before training and keep the columns of all hops; here it is a part of each step,
    without gradients, and nothing is kept but the tokens.

    Attributes:
      dim: width of a token.
      columns: names of node columns of numbers, in the order in which they stand side by side.
      num_hops: how often the columns are propagated.
      edges: names of the edge sets of A.
    """

    dim: int
    columns: tuple[str, ...]
    num_hops: int
    edges: tuple[str, ...]
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Features:
        del train
        if not self.columns:
            raise ValueError("HopEmbed needs columns of numbers at the nodes, and is given none.")
        linear = Linear(
            self.dim,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
            name="linear",
        )
        check_is_batch(batch)
        mask, over = batch.node_mask, batch.edges_over(self.edges)
        edges: dict[str, Any] = dict(where=over.mask, indices_are_sorted=over.are_sorted)
        parts = [read_column(batch, "node", name)[0] for name in self.columns]
        parts = [part.reshape(len(mask), -1).astype(self.param_dtype) for part in parts]
        x = clean(jnp.concatenate(parts, axis=-1), mask)
        tokens = [linear(x)]
        for _ in range(self.num_hops):
            x = normalized_sum(x, over.senders, over.receivers, **edges)
            tokens.append(linear(x))
        hops = clean(jnp.stack(tokens, axis=1), mask)
        return Features(nodes=hops[:, 0], extra={STREAM: hops})
