"""A Transformer over eigenvectors and eigenvalues."""

import functools
from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch, Features
from gtx.nn.attention import MultiHeadAttention
from gtx.nn.blocks import TransformerBlock
from gtx.nn.encoders.spectrum import (
    drawn_spectrum,
    vectors_and_values,
)
from gtx.nn.parts.feed_forward import FeedForward
from gtx.nn.parts.linear import Linear
from gtx.ops import Layout, Tier, noise
from gtx.ops.masks import clean
from gtx.typing import Dtype, Level


class LaplacianTransformerEncoder(nn.Module):
    """A Transformer over the frequencies of each node: GraphGPS's LapPE with model Transformer.

    p_i = sum_f y_f, where y is what `num_layers` Transformer blocks ("post_ln" form, ReLU) make
    of the tokens W [v_f(i), lambda_f] + b, each attending to all frequencies that the graph
    has. Attention among the frequencies goes back to SAN (Kreuzer et al., 2021).

    It differs from GraphGPS in four ways. Signs are drawn per graph. The options `raw_norm_type`
    and `post_layers` (see `LaplacianEncoder`) are left out. The default width of the
    feed-forward layers is `2 * dim`, where GraphGPS has PyTorch's 2048. A graph without
    frequencies gets 0, where GraphGPS gives NaN.

    Attributes:
      column: the encoding's name.
      dim: width of the result and of the tokens, a multiple of `num_heads`.
      num_layers: blocks.
      num_heads: of the attention.
      hidden_dim: of the feed-forward layers; None is `2 * dim`.
      dropout_rate: of attention weights, after the attention, and in the feed-forward layers.
      level: "node".
      random_signs: draw signs while training (rng stream "dropout").
      random_bases: draw bases for repeated eigenvalues while training, likewise.
    """

    column: str
    dim: int
    num_layers: int = 2
    num_heads: int = 4
    hidden_dim: int | None = None
    dropout_rate: float = 0.1
    level: Level = "node"
    random_signs: bool = True
    random_bases: bool = False
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

    @staticmethod
    def needs_layout(settings: Mapping[str, Any]) -> bool:
        """Whether batches need a layout: bases are drawn where each graph is a matrix."""
        return bool(settings.get("random_bases", False))

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "nodes dim"]:
        spectrum = drawn_spectrum(self, batch, train)
        mask, options = spectrum.mask, dict(dtype=self.dtype, param_dtype=self.param_dtype)
        x = Linear(self.dim, **options, name="linear")(vectors_and_values(spectrum, batch))
        features, tokens = Features(nodes=x.reshape(-1, self.dim)), _tokens(batch, mask)
        for layer in range(self.num_layers):
            features = TransformerBlock(
                self.dim,
                functools.partial(
                    MultiHeadAttention, num_heads=self.num_heads, dropout_rate=self.dropout_rate
                ),
                functools.partial(
                    FeedForward, hidden_dim=self.hidden_dim, dropout_rate=self.dropout_rate
                ),
                form="post_ln",
                dropout_rate=self.dropout_rate,
                **options,
                name=f"block_{layer}",
            )(features, tokens, train=train)
        x = features.nodes.reshape(*mask.shape, self.dim)
        return clean(x, mask).sum(1)


def _tokens(batch: Batch, mask: Array) -> Batch:
    """A batch for attention over all pairs, in which each node is a graph of k frequencies."""
    nodes, count = mask.shape
    mask = mask.reshape(-1)
    # Token f of node i has the slot i * k + f in a single tier, so no gather is needed.
    place = jnp.where(mask, jnp.arange(len(mask), dtype=jnp.int32), len(mask))
    frequencies = jnp.arange(count, dtype=jnp.uint32)
    return batch.replace(
        layout=Layout(slots=place, node_slots=place, tiers=(Tier(nodes, count),)),
        node_ids=noise.node_ids(batch.node_ids[:, None], frequencies).reshape(-1),
        node_graph=jnp.repeat(batch.node_graph, count),
        node_mask=mask,
    )
