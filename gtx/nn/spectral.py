"""Encoders of eigenvectors, which are given up to signs and bases.

They read the columns of `gtx.encodings.LaplacianEigenvectors`: the encoder's `column` is the
encoding's name; node column `<column>_vectors` [nodes, k], graph columns `<column>_values` and
`<column>_mask` [graphs, k]. A frequency f is an eigenvalue lambda_f with its vector v_f; those
that a graph does not have take no part.

The encoders of this file depend on the signs of the vectors, and on the basis that the solver
chose for a repeated eigenvalue; while training, both can be drawn anew for every graph at
every step. Those of `gtx.nn.invariant` depend on neither.
"""

import functools
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Shaped

from gtx.batch import Batch, Features
from gtx.nn.attention import MultiHeadAttention
from gtx.nn.blocks import TransformerBlock
from gtx.nn.embeddings import read_column
from gtx.nn.feed_forward import FeedForward
from gtx.nn.initializers import fan_in_uniform
from gtx.nn.linear import Linear
from gtx.ops import Layout, Tier, noise, split_slots, to_nodes, to_slots
from gtx.ops.layout import first_graphs
from gtx.typing import Dtype, Initializer, Level

# Eigenvalues a <= b count as one if b - a is at most this times max(1, b). Columns are float32,
# of which this is eight steps.
SAME_EIGENVALUE = 1e-6


class Spectrum(NamedTuple):
    """The frequencies of the graphs of a batch, 0 where there is none.

    Attributes:
      vectors: [nodes, k].
      values: [graphs, k].
      graph_mask: bool [graphs, k], the frequencies that each graph has.
      mask: bool [nodes, k], the same for its nodes.
    """

    vectors: Any
    values: Any
    graph_mask: Any
    mask: Any


def read_spectrum(batch: Batch, column: str, dtype: Dtype) -> Spectrum:
    """The columns of `LaplacianEigenvectors`, clean of padding."""
    vectors, node_mask = read_column(batch, "node", f"{column}_vectors")
    values, graph_mask = read_column(batch, "graph", f"{column}_values")
    exists, _ = read_column(batch, "graph", f"{column}_mask")
    exists = jnp.where(graph_mask[:, None], exists != 0, False)
    mask = exists[batch.node_graph] & node_mask[:, None]
    return Spectrum(
        vectors=jnp.where(mask, vectors, 0).astype(dtype),
        values=jnp.where(exists, values, 0).astype(dtype),
        graph_mask=exists,
        mask=mask,
    )


def random_signs(spectrum: Spectrum, batch: Batch, key: Shaped[Array, "..."]) -> Spectrum:
    """Multiply each vector by 1 or -1, drawn for each graph and frequency."""
    ids = batch.graph_ids[:, None]
    frequencies = jnp.arange(spectrum.vectors.shape[1], dtype=jnp.uint32)
    flip = noise.keep_mask(noise.key_bits(key), 0.5, ids, frequencies)[batch.node_graph]
    vectors = spectrum.vectors
    return spectrum._replace(vectors=jnp.where(flip, -vectors, vectors))


def random_bases(spectrum: Spectrum, batch: Batch, key: Shaped[Array, "..."]) -> Spectrum:
    """Multiply the vectors of each repeated eigenvalue by a random orthogonal matrix.

    The matrix has Haar's distribution on O(m), m the multiplicity, and is drawn for each graph
    and eigenvalue; it is the Q of a matrix of normal numbers (Stewart, 1980). The vectors of
    simple eigenvalues stay as they are. See `eigenspaces` for which eigenvalues count as one.
    An eigenspace that the number of vectors cuts through is rotated within what is there.
    """
    same = eigenspaces(spectrum)
    count = same.shape[-1]
    ids = batch.graph_ids[:, None, None]
    place = jnp.arange(count, dtype=jnp.uint32)
    drawn = noise.normal(noise.key_bits(key), ids, place[:, None], place)
    simple = same.sum(-1, keepdims=True) == 1
    blocks = jnp.where(same, jnp.where(simple, 1, drawn), 0)
    basis, triangle = jnp.linalg.qr(blocks)
    positive = jnp.diagonal(triangle, axis1=1, axis2=2)[:, None, :] >= 0
    basis = jnp.where(same, jnp.where(positive, basis, -basis), 0)
    vectors = multiply(spectrum.vectors, basis.astype(spectrum.vectors.dtype), batch.layout)
    return spectrum._replace(vectors=vectors)


def eigenspaces(spectrum: Spectrum) -> Bool[Array, "graphs k k"]:
    """True for two frequencies of one eigenvalue, and for each with itself.

    Eigenvalues ascend. Neighbours a and b are equal if they differ by at most
    1e-6 max(1, b), and so are those between which there are only equal ones. On a path of
    10,000 nodes or a graph like it, where the first eigenvalues of the normalised Laplacian are
    closer than that, vectors of different eigenvalues are taken for those of one.
    """
    values = jnp.where(spectrum.graph_mask, spectrum.values, -1)
    lower, upper = values[:, :-1], values[:, 1:]
    differ = jnp.abs(upper - lower) > SAME_EIGENVALUE * jnp.maximum(1, upper)
    number = jnp.pad(jnp.cumsum(differ, axis=1), ((0, 0), (1, 0)))
    both = spectrum.graph_mask[:, :, None] & spectrum.graph_mask[:, None, :]
    same = (number[:, :, None] == number[:, None, :]) & both
    return same | jnp.eye(values.shape[1], dtype=bool)


def multiply(
    rows: Float[Array, "nodes feat"], matrices: Float[Array, "graphs feat out"], layout: Layout
) -> Float[Array, "nodes out"]:
    """The row of each node times its graph's matrix, to the full precision of the dtype."""
    parts = split_slots(to_slots(rows, layout), layout.tiers)
    products = [
        jnp.einsum(
            "gsi,gio->gso",
            part,
            matrices[first : first + tier.num_graphs],
            precision=jax.lax.Precision.HIGHEST,
        ).reshape(-1, matrices.shape[2])
        for part, tier, first in zip(parts, layout.tiers, first_graphs(layout.tiers), strict=True)
    ]
    return to_nodes(jnp.concatenate(products), layout)


class LaplacianLinearEncoder(nn.Module):
    """p_i = W [v_1(i), ..., v_k(i)] + b: Dwivedi and Bresson (2020), section 3.1.

    The eigenvalues are not read. Signs are drawn per graph; the authors' code draws them per
    batch.

    Attributes:
      column: the encoding's name.
      dim: width of the result.
      level: "node".
      random_signs: draw signs while training (rng stream "dropout").
      random_bases: draw bases for repeated eigenvalues while training, likewise.
      dtype: computation dtype.
      param_dtype: storage dtype.
      kernel_init: of W.
      bias_init: of b; None is PyTorch's.
    """

    column: str
    dim: int
    level: Level = "node"
    random_signs: bool = True
    random_bases: bool = False
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "nodes dim"]:
        spectrum = _drawn_spectrum(self, batch, train)
        linear = Linear(
            self.dim,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
            name="linear",
        )
        return jnp.where(batch.node_mask[:, None], linear(spectrum.vectors), 0)


class LaplacianEncoder(nn.Module):
    """A DeepSet over the frequencies of a graph: GraphGPS's LapPE.

    p_i = sum_f MLP([v_f(i), lambda_f]) over the frequencies f that the graph has, with a ReLU
    after every linear map. While training, each eigenvector gets a random sign, drawn per
    graph and frequency.

    Where it differs from GraphGPS: that draws one sign per frequency for the whole batch, and
    has two options that are off by default and left out here: `raw_norm_type`, a BatchNorm of
    the pairs [v_f, lambda_f] with one mean and variance over both for each frequency, in which
    those that a graph does not have count as zeros; and `post_layers`, an MLP of the sum.

    Attributes:
      column: the encoding's name.
      dim: width of the result.
      num_layers: linear maps; the inner ones have width `2 * dim`.
      level: "node".
      random_signs: draw signs while training (rng stream "dropout").
      random_bases: draw bases for repeated eigenvalues while training, likewise.
      dtype: computation dtype.
      param_dtype: storage dtype.
      kernel_init: of every kernel.
      bias_init: of every bias; None is PyTorch's.
    """

    column: str
    dim: int
    num_layers: int = 2
    level: Level = "node"
    random_signs: bool = True
    random_bases: bool = False
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "nodes dim"]:
        spectrum = _drawn_spectrum(self, batch, train)
        x = _pairs(spectrum, batch)
        for layer in range(self.num_layers):
            last = layer == self.num_layers - 1
            x = Linear(
                self.dim if last else 2 * self.dim,
                dtype=self.dtype,
                param_dtype=self.param_dtype,
                kernel_init=self.kernel_init,
                bias_init=self.bias_init,
                name=f"linear_{layer}",
            )(x)
            x = jax.nn.relu(x)
        return jnp.where(spectrum.mask[..., None], x, 0).sum(1)


class LaplacianTransformerEncoder(nn.Module):
    """A Transformer over the frequencies of each node: GraphGPS's LapPE with model Transformer.

    p_i = sum_f y_f, where y is what `num_layers` Transformer blocks ("post_ln" form, ReLU) make
    of the tokens W [v_f(i), lambda_f] + b, each attending to all frequencies that the graph
    has. Attention among the frequencies goes back to SAN (Kreuzer et al., 2021).

    Where it differs from GraphGPS: signs are drawn per graph; its options `raw_norm_type` and
    `post_layers` (see `LaplacianEncoder`) are left out; the feed-forward layers have
    width `2 * dim` unless told otherwise, PyTorch's 2048 there; a graph without frequencies
    gets 0, NaN there.

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
      dtype: computation dtype.
      param_dtype: storage dtype.
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

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "nodes dim"]:
        spectrum = _drawn_spectrum(self, batch, train)
        mask, options = spectrum.mask, dict(dtype=self.dtype, param_dtype=self.param_dtype)
        x = Linear(self.dim, **options, name="linear")(_pairs(spectrum, batch))
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
        return jnp.where(mask[..., None], x, 0).sum(1)


def _drawn_spectrum(module: Any, batch: Batch, train: bool) -> Spectrum:
    if module.level != "node":
        raise ValueError(f"{type(module).__name__} encodes nodes.")
    spectrum = read_spectrum(batch, module.column, module.param_dtype)
    if train and module.random_signs:
        spectrum = random_signs(spectrum, batch, module.make_rng("dropout"))
    if train and module.random_bases:
        spectrum = random_bases(spectrum, batch, module.make_rng("dropout"))
    return spectrum


def _pairs(spectrum: Spectrum, batch: Batch) -> Array:
    """[v_f(i), lambda_f] for each node and frequency, [nodes, k, 2]."""
    return jnp.stack([spectrum.vectors, spectrum.values[batch.node_graph]], axis=-1)


def _tokens(batch: Batch, mask: Array) -> Batch:
    """A batch for attention over all pairs, in which each node is a graph of k frequencies."""
    nodes, count = mask.shape
    mask = mask.reshape(-1)
    place = jnp.where(mask, jnp.arange(len(mask), dtype=jnp.int32), len(mask))
    frequencies = jnp.arange(count, dtype=jnp.uint32)
    return batch.replace(
        layout=Layout(slots=place, node_slots=place, tiers=(Tier(nodes, count),)),
        node_ids=noise.node_ids(batch.node_ids[:, None], frequencies).reshape(-1),
        node_mask=mask,
    )
