"""Reads eigenvectors for encoders, and draws their signs and bases at random.

Encoders of eigenvectors read the columns of `gtx.encodings.LaplacianEigenvectors`: a node column
`<column>_vectors` [nodes, k], and graph columns `<column>_values` and `<column>_mask` [graphs, k],
where `column` is the name of the encoding. A frequency f is an eigenvalue lambda_f with its vector
v_f. Frequencies that a graph does not have are ignored.

An eigenvector is determined only up to its sign, and those of a repeated eigenvalue only up to
their basis. The solver chooses both. `LaplacianEncoder`, `LaplacianLinearEncoder` and
`LaplacianTransformerEncoder` depend on this choice. Therefore both can be drawn at random for every
graph at every step of training. `SignNetEncoder` does not depend on signs, and `SPEEncoder` depends
on neither.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Shaped

from gtx.batch import Batch, require_layout
from gtx.nn.parts.columns import read_column
from gtx.ops import Layout, noise, split_slots, to_nodes, to_slots
from gtx.ops.layout import first_graphs
from gtx.ops.masks import clean
from gtx.typing import Dtype

# Eigenvalues a <= b count as equal if b - a is at most this times max(1, b). The columns are
# float32, and this is eight times its resolution.
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
    """The columns of `LaplacianEigenvectors`, with 0 in padding."""
    vectors, node_mask = read_column(batch, "node", f"{column}_vectors")
    values, graph_mask = read_column(batch, "graph", f"{column}_values")
    exists, _ = read_column(batch, "graph", f"{column}_mask")
    exists = clean(exists != 0, graph_mask)
    mask = exists[batch.node_graph] & node_mask[:, None]
    return Spectrum(
        vectors=clean(vectors, mask).astype(dtype),
        values=clean(values, exists).astype(dtype),
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

    The matrix has Haar's distribution on O(m), where m is the multiplicity, and is drawn for each
    graph and eigenvalue. It is the Q of a matrix of normal numbers (Stewart, 1980). The vectors of
    simple eigenvalues do not change. `eigenspaces` tells which eigenvalues count as equal. If only
    a part of an eigenspace is among the vectors, this part is rotated within itself.
    """
    same = eigenspaces(spectrum)
    count = same.shape[-1]
    ids = batch.graph_ids[:, None, None]
    place = jnp.arange(count, dtype=jnp.uint32)
    drawn = noise.normal(noise.key_bits(key), ids, place[:, None], place)
    simple = same.sum(-1, keepdims=True) == 1
    blocks = jnp.where(same, jnp.where(simple, 1, drawn), 0)
    # One QR per graph of a matrix with all blocks. Signs are chosen so that the diagonal of R is
    # positive: without this step the distribution of Q would not be Haar's.
    basis, triangle = jnp.linalg.qr(blocks)
    positive = jnp.diagonal(triangle, axis1=1, axis2=2)[:, None, :] >= 0
    basis = jnp.where(same, jnp.where(positive, basis, -basis), 0)
    vectors = multiply(
        spectrum.vectors, basis.astype(spectrum.vectors.dtype), require_layout(batch)
    )
    return spectrum._replace(vectors=vectors)


def eigenspaces(spectrum: Spectrum) -> Bool[Array, "graphs k k"]:
    """True for two frequencies with equal eigenvalues, and for each with itself.

    Eigenvalues ascend. Neighbours a and b count as equal if they differ by at most 1e-6 max(1, b),
    and so do two eigenvalues with only equal neighbours between them. In very long graphs this
    merges different eigenvalues: the first ones of the normalised Laplacian of a path of 10,000
    nodes are closer than this.
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
    """The row of each node times its graph's matrix, in the full precision of the dtype."""
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


def drawn_spectrum(module: Any, batch: Batch, train: bool) -> Spectrum:
    if module.level != "node":
        raise ValueError(f"{type(module).__name__} encodes nodes.")
    spectrum = read_spectrum(batch, module.column, module.param_dtype)
    if train and module.random_signs:
        spectrum = random_signs(spectrum, batch, module.make_rng("dropout"))
    if train and module.random_bases:
        spectrum = random_bases(spectrum, batch, module.make_rng("dropout"))
    return spectrum


def vectors_and_values(spectrum: Spectrum, batch: Batch) -> Array:
    """[v_f(i), lambda_f] for each node and frequency, [nodes, k, 2]."""
    return jnp.stack([spectrum.vectors, spectrum.values[batch.node_graph]], axis=-1)
