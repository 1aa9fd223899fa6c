"""Pairs of nodes seen through learned filters of the spectrum (SpecFormer)."""

import math
from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gtx.batch import Batch, Features, require_layout
from gtx.nn.attention.multi_head import MultiHeadAttention
from gtx.nn.blocks.specformer import BASES, encode_bases
from gtx.nn.encoders.spectrum import Spectrum, read_spectrum
from gtx.nn.parts.activations import gelu_exact
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.factories import make
from gtx.nn.parts.feed_forward import FeedForward
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import LayerNorm
from gtx.ops import Layout, Tier, noise, split_slots, to_slots
from gtx.ops.layout import first_graphs
from gtx.ops.masks import clean
from gtx.typing import Array, Dtype, ModuleFactory


class EmbedWithBases(nn.Module):
    """Features of `embed`, and what learned filters of the spectrum say of each pair of nodes.

    z = W [l, sin(100 l w), cos(100 l w)] of each eigenvalue l, with w_i = 10000^(-2i / dim)
    z' = z + drop(attention(norm(z))),   z'' = z' + drop(W2 gelu(W1 norm(z')))
    S_h = U diag(z'' d_h) U^T,   B = gelu(V2 gelu(V1 [I, S_1, ..., S_H])), pair by pair

    Bo et al. (2023), equations 4 to 7, with the sizes and dropouts of the authors' code for
    graphs: one Transformer layer over the eigenvalues of a graph, and H filters. They decompose
    D^-1/2 (A + I) D^-1/2, the paper and this module the Laplacian. Vectors that the encoding leaves
    out are not in the filters, so that it should have as many as the largest graph has nodes. The
    result does not depend on the signs and bases of the eigenvectors.

    Attributes:
      embed: factory of the embedding.
      column: name of the encoding, a `LaplacianEigenvectors`.
      dim: width of the eigenvalues' features and of B, which is `features.extra["spectral_bases"]`
        [pairs, dim].
      num_heads: H, also the heads of the attention between eigenvalues.
      dropout_rate: of the two results, and of the attention's weights.
      bases_dropout_rate: of B.
      bases_norm: factory of norms of both maps of B, before each gelu, None for none; the authors
        have some for OGB's molecules, as they have:
      bases_softmax: B is a softmax over j in the end, for each i and column.
      encode: whether there is B; else the bases are [I, S_1, ..., S_H].
    """

    embed: ModuleFactory
    column: str
    dim: int
    num_heads: int = 8
    dropout_rate: float = 0.0
    bases_dropout_rate: float = 0.0
    bases_norm: ModuleFactory | None = None
    bases_softmax: bool = False
    encode: bool = True
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32

    @staticmethod
    def needs_layout(settings: Mapping[str, Any]) -> bool:
        """Whether batches need a layout: filters are matrices over all pairs."""
        return True

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Features:
        features = make(self.embed, "embed", name="columns")(batch, train=train)
        spectrum = read_spectrum(batch, self.column, self.param_dtype)
        layout = require_layout(batch)
        filters = self._filters(spectrum, batch, train)
        parts = []
        vectors = split_slots(to_slots(spectrum.vectors, layout), layout.tiers)
        firsts = first_graphs(layout.tiers)
        for part, tier, first in zip(vectors, layout.tiers, firsts, strict=True):
            own = filters[first : first + tier.num_graphs].astype(part.dtype)
            full = jax.lax.Precision.HIGHEST
            found = jnp.einsum("gsk,gkh,gtk->gsth", part, own, part, precision=full)
            identity = jnp.eye(tier.size, dtype=part.dtype)[None, :, :, None]
            identity = jnp.broadcast_to(identity, (*found.shape[:3], 1))
            both = jnp.concatenate([identity, found], axis=-1)
            parts.append(both.reshape(-1, 1 + self.num_heads))
        bases = jnp.concatenate(parts)
        if self.encode:
            types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
            bases = encode_bases(
                bases,
                batch,
                self.dim,
                train=train,
                norm=self.bases_norm,
                dropout_rate=self.bases_dropout_rate,
                softmax=self.bases_softmax,
                **types,
            )
        return features.replace(extra={**features.extra, BASES: clean(bases, batch.pair_mask)})

    def _linear(self, width: int, name: str) -> Linear:
        return Linear(width, dtype=self.dtype, param_dtype=self.param_dtype, name=name)

    def _filters(self, spectrum: Spectrum, batch: Batch, train: bool) -> Array:
        """What the filters make of each eigenvalue, [graphs, k, heads]; 0 where there is none."""
        types: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        graphs, count = spectrum.values.shape
        tokens = _tokens(batch, spectrum.graph_mask)
        rate = math.log(10000) / self.dim
        waves = jnp.exp(-rate * jnp.arange(0, self.dim, 2)).astype(spectrum.values.dtype)
        angle = 100 * spectrum.values[..., None] * waves
        angles = jnp.concatenate([jnp.sin(angle), jnp.cos(angle)], axis=-1)[..., : self.dim]
        z = jnp.concatenate([spectrum.values[..., None], angles], axis=-1)
        z = self._linear(self.dim, "eigenvalues")(z).reshape(graphs * count, self.dim)

        def add(z, layer, name):
            norm = LayerNorm(**types, name=f"norm_{name}")(z, tokens.node_mask, train=train)
            out = layer(Features(nodes=norm), tokens, train=train).nodes
            drop = Dropout(self.dropout_rate, name=f"dropout_{name}")
            return z + drop(out, tokens.node_ids, train=train)

        attention = MultiHeadAttention(
            self.dim, self.num_heads, self.dropout_rate, **types, name="attention"
        )
        z = add(z, attention, "attention")
        hidden = FeedForward(self.dim, self.dim, gelu_exact, **types, name="feed_forward")
        z = add(z, hidden, "feed_forward")
        found = self._linear(self.num_heads, "filters")(z)
        return clean(found, tokens.node_mask).reshape(graphs, count, self.num_heads)


def _tokens(batch: Batch, mask: Array) -> Batch:
    """A batch in which the nodes of each graph are its eigenvalues, for attention over pairs."""
    graphs, count = mask.shape
    mask = mask.reshape(-1)
    place = jnp.where(mask, jnp.arange(len(mask), dtype=jnp.int32), len(mask))
    numbers = jnp.arange(count, dtype=jnp.uint32)
    return batch.replace(
        layout=Layout(slots=place, node_slots=place, tiers=(Tier(graphs, count),)),
        node_ids=noise.node_ids(batch.graph_ids[:, None], numbers).reshape(-1),
        node_mask=mask,
    )
