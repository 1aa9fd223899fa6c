"""The products of attention, in the forms that XLA's CPU runs fast.

Over pairs they are two matrix products, of arrays [graphs, heads, ...]: i receivers, j senders,
d features. Automatic differentiation contracts the rows of the wide weights with them on the
left, [i, j]^T [i, d]: 44 ms where [i, d]^T [i, j], transposed back, takes 6 (16 blocks of
256 x 1,024, 4 heads of 16, one core). On a GPU both are one call of the same library.

Along edges they are sums and multiples of rows by head. Written over a last axis of 16 numbers
they take three times as long as over all heads at once, with a matrix of ones and zeros that
knows which feature is whose: 145 against 44 ms for a million logits, gathers included, and 179
against 56 ms for a million weighted rows (4 heads of 16, one core).
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from gtx.ops.attention.scores import Dot


@jax.custom_vjp
def query_key(query: Array, key: Array) -> Array:
    """Dot products [.., i, j] of query [.., i, d] and key [.., j, d]."""
    return jnp.einsum("ghid,ghjd->ghij", query, key)


@jax.custom_vjp
def weights_value(weights: Array, value: Array) -> Array:
    """Sums [.., i, d] of value [.., j, d], weighted by weights [.., i, j]."""
    return jnp.einsum("ghij,ghjd->ghid", weights, value)


def _over_rows(wide: Array, narrow: Array) -> Array:
    """Sum over i of wide [.., i, j] and narrow [.., i, d]: [.., j, d]."""
    return jnp.swapaxes(jnp.einsum("ghid,ghij->ghdj", narrow, wide), 2, 3)


def _query_key_backward(saved, cotangent):
    query, key = saved
    return weights_value(cotangent, key), _over_rows(cotangent, query)


def _weights_value_backward(saved, cotangent):
    weights, value = saved
    return query_key(cotangent, value), _over_rows(weights, cotangent)


query_key.defvjp(lambda query, key: (query_key(query, key), (query, key)), _query_key_backward)
weights_value.defvjp(
    lambda weights, value: (weights_value(weights, value), (weights, value)),
    _weights_value_backward,
)


def sum_by_head(rows: Array, num_heads: int) -> Array:
    """Sums [.., heads] of rows [.., heads * width] over each head's features."""
    ones = _membership(num_heads, rows.shape[-1] // num_heads, rows.dtype)
    return jnp.matmul(rows, ones, precision="highest")


def times_by_head(weights: Array, rows: Array) -> Array:
    """Rows [.., heads * width], each head's features times its weight of weights [.., heads]."""
    num_heads = weights.shape[-1]
    ones = _membership(num_heads, rows.shape[-1] // num_heads, rows.dtype)
    return jnp.matmul(weights.astype(rows.dtype), ones.T, precision="highest") * rows


def flat(values: Any) -> Any:
    """[rows, heads, width] -> [rows, heads * width]; None stays None."""
    if values is None:
        return None
    rows, heads, width = values.shape
    return values.reshape(rows, heads * width)


def score_rows(score: Any, query: Array, key: Array, scale: Any, num_heads: int) -> Array:
    """Logits [edges, heads] of rows [edges, heads * head_dim]."""
    if isinstance(score, Dot):
        return score.from_products(sum_by_head(query * key, num_heads), scale)
    shape = (len(query), num_heads, -1)
    return score(query.reshape(shape), key.reshape(shape), scale)


def _membership(num_heads: int, width: int, dtype: jnp.dtype) -> Array:
    """[heads * width, heads], 1 where the feature is the head's."""
    return jnp.asarray(np.repeat(np.eye(num_heads), width, axis=0), dtype)
