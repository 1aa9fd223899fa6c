"""Positive random features, whose products stand for the weights of a softmax (FAVOR+).

Choromanski et al. (2021): exp(q . k) is the mean of exp(w . q - |q|^2 / 2) exp(w . k - |k|^2 / 2)
over w from N(0, I), so that `linear_attention` over such features is softmax attention, but for the
noise of a finite number of w.
"""

from typing import Literal, get_args

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Integer, Shaped

from gtx.ops.arguments import check_choice, check_count, check_floats
from gtx.ops.masks import clean
from gtx.ops.segment import gather, segment_max

Norms = Literal["gaussian", "unit"]


def orthogonal_projection(
    key: Shaped[Array, "..."], num_features: int, dim: int, *, norms: Norms = "gaussian"
) -> Float[Array, "num_features dim"]:
    """Random directions w, orthogonal to each other `dim` at a time, in float32.

    Choromanski et al. (2021), section 3.2: orthogonal directions have less variance than
    independent ones. A block of `dim` rows is the transposed Q of a matrix of normal numbers.

    Args:
      key: a jax PRNG key.
      num_features: rows.
      dim: columns, the width of queries and keys.
      norms: of the rows. "gaussian" draws them as those of rows from N(0, I), without which the
        features are not those of a softmax; "unit" leaves them at 1, as PyTorch Geometric does
        for its generalised kernels.
    """
    check_count(num_features, "num_features")
    check_count(dim, "dim")
    check_choice(norms, get_args(Norms), "norms")
    of_blocks, of_norms = jax.random.split(key)
    blocks = -(-num_features // dim)
    basis, _ = jnp.linalg.qr(jax.random.normal(of_blocks, (blocks, dim, dim)))
    rows = jnp.swapaxes(basis, 1, 2).reshape(blocks * dim, dim)[:num_features]
    if norms == "unit":
        return rows
    lengths = jnp.linalg.norm(jax.random.normal(of_norms, (num_features, dim)), axis=1)
    return lengths[:, None] * rows


def softmax_features(
    values: Float[Array, "nodes heads head_dim"],
    projection: Float[Array, "num_features head_dim"],
    *,
    scale: float = 1.0,
    epsilon: float = 1e-6,
    graphs: tuple[Integer[Array, " nodes"], int] | None = None,
    where: Bool[Array, " nodes"] | None = None,
) -> Float[Array, "nodes heads num_features"]:
    """(exp(w . x - |x|^2 / 2 - c) + epsilon) / sqrt(num_features) with x = sqrt(scale) values.

    The constant c keeps the numbers small, and cancels in `linear_attention`, but for `epsilon`.
    For a query it is the largest w . x of the row. For keys it must be the same for all nodes of a
    graph: the largest there. (In the authors' code it is the largest of the batch, so that the
    graphs of a batch would change each other's features.)

    Args:
      values: queries or keys.
      projection: w, see `orthogonal_projection`.
      scale: of the dot product q . k, such as 1/sqrt(head_dim).
      epsilon: added to each feature, so that no weight is 0.
      graphs: for keys, the graph of each node and the number of graphs; None for queries.
      where: True for real nodes. The others have no say in c.
    """
    check_floats(values, "values", "[nodes, heads, head_dim]")
    check_floats(projection, "projection", "[num_features, head_dim]")
    if projection.shape[1] != values.shape[2]:
        raise ValueError(
            f"projection must have {values.shape[2]} columns, as many as a head has features, got "
            f"{list(projection.shape)}."
        )
    wide = jnp.promote_types(values.dtype, jnp.float32)
    x = clean(values, where, wide) * jnp.sqrt(jnp.asarray(scale, wide))
    products = jnp.einsum("nhd,fd->nhf", x, projection.astype(wide))
    peak = jax.lax.stop_gradient(products).max(axis=-1, keepdims=True)
    if graphs is not None:
        node_graph, num_graphs = graphs
        largest = segment_max(peak, node_graph, num_graphs, where=where, indices_are_sorted=True)
        peak = gather(largest, node_graph, indices_are_sorted=True)
    square = jnp.sum(x**2, axis=-1, keepdims=True)
    features = (jnp.exp(products - square / 2 - peak) + epsilon) / jnp.sqrt(
        jnp.asarray(len(projection), wide)
    )
    return clean(features, where)


def relu_features(
    values: Float[Array, "nodes heads head_dim"],
    projection: Float[Array, "num_features head_dim"],
    *,
    epsilon: float = 1e-3,
) -> Float[Array, "nodes heads num_features"]:
    """relu(w . x) + epsilon: the generalised kernel of Choromanski et al. (2021), section 2.2."""
    check_floats(values, "values", "[nodes, heads, head_dim]")
    check_floats(projection, "projection", "[num_features, head_dim]")
    wide = jnp.promote_types(values.dtype, jnp.float32)
    products = jnp.einsum("nhd,fd->nhf", values.astype(wide), projection.astype(wide))
    return jax.nn.relu(products) + epsilon
